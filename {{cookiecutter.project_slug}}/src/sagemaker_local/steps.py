"""What each step type does, once its arguments are resolved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sagemaker_local.conditions import holds
from sagemaker_local.definition import Step
from sagemaker_local.errors import LocalError, StepFailure
from sagemaker_local.job import Launch
from sagemaker_local.jobs import KINDS, Jobs
from sagemaker_local.names import job_name
from sagemaker_local.registry import Registry
from sagemaker_local.shapes import refused_values
from sagemaker_local.store import Document, Store, now

MODEL = "model"


@dataclass(frozen=True)
class StepResult:
    """A step that succeeded.

    Attributes:
        described: what ``Steps.<name>.<path>`` refers to.
        metadata: what the list of steps shows.
        outcome: a condition's; None for other steps.
    """

    described: Document
    metadata: Document
    outcome: bool | None = field(default=None)


@dataclass(frozen=True)
class StepRunner:
    """Runs the steps of one execution."""

    jobs: Jobs
    registry: Registry
    store: Store
    execution_id: str
    launch: Launch
    created: Callable[[Step, Document], None]  # told of a step's job before it runs

    def run(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        """Run one step to its end.

        Raises:
            LocalError: it failed; the text says why.
        """
        handlers: dict[str, Callable[[Step, dict[str, Any]], StepResult]] = {
            "Processing": self._job,
            "Training": self._job,
            "Model": self._model,
            "RegisterModel": self._register,
            "Condition": self._condition,
            "Fail": self._fail,
        }
        problems = refused_values(step.type, arguments)
        if problems:
            raise StepFailure(f"The service would refuse it: {'; '.join(problems)}.")
        return handlers[step.type](step, arguments)

    def _job(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        name = job_name(self.execution_id, step.name)
        kind = KINDS[step.type]
        metadata = {kind.metadata: {"Arn": self.jobs.arn(kind, name)}}
        self.created(step, metadata)
        return StepResult(self.jobs.run(kind, name, arguments, self.launch), metadata)

    def _model(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        name = job_name(self.execution_id, step.name)
        document = create_model(self.store, self.jobs, {"ModelName": name, **arguments})
        return StepResult(document, {"Model": {"Arn": document["ModelArn"]}})

    def _register(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        package = self.registry.register(arguments)
        return StepResult(package, {"RegisterModel": {"Arn": package["ModelPackageArn"]}})

    def _condition(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        outcome = all(holds(condition) for condition in arguments["Conditions"])
        return StepResult({"Outcome": outcome}, {"Condition": {"Outcome": str(outcome)}}, outcome)

    def _fail(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        raise StepFailure(str(arguments.get("ErrorMessage", "")))


def create_model(store: Store, jobs: Jobs, request: Document) -> Document:
    """Store a model; its artifacts must be there.

    Raises:
        LocalError: an artifact is missing, or the name is taken.
    """
    containers = [request.get("PrimaryContainer"), *request.get("Containers", [])]
    for container in filter(None, containers):
        if container.get("ModelDataUrl"):
            jobs.bucket.existing(container["ModelDataUrl"])
    name = request["ModelName"]
    document = {
        **{key: value for key, value in request.items() if key != "Tags"},
        "ModelArn": jobs.arns.model(name),
        "CreationTime": now(),
    }
    if not store.add_resource(MODEL, name, document):
        raise LocalError(f"Cannot create already existing model {name!r}.")
    return document
