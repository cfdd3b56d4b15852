"""What each step type does, once its arguments are resolved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sagemaker_local.definition.conditions import holds
from sagemaker_local.definition.document import Step
from sagemaker_local.definition.expressions import as_text
from sagemaker_local.definition.shapes import refused_values
from sagemaker_local.errors import StepFailure
from sagemaker_local.jobs.jobs import KINDS, Jobs
from sagemaker_local.names import job_name
from sagemaker_local.processes.runner import Launch
from sagemaker_local.registry.models import create_model
from sagemaker_local.registry.packages import Registry
from sagemaker_local.steps import functions
from sagemaker_local.steps.results import StepResult
from sagemaker_local.storage.store import Document, Store

# Steps that start no program: what they make and their ending are one write to the state.
INSTANT = ("Condition", "Fail", "Model", "RegisterModel")


@dataclass(frozen=True)
class StepRunner:
    """Runs the steps of one execution.

    Attributes:
        created: told of a step's job before it runs.
        functions: what Lambda steps call.
    """

    jobs: Jobs
    registry: Registry
    store: Store
    execution_id: str
    launch: Launch
    created: Callable[[Step, Document], None]
    functions: functions.Functions = field(default_factory=dict)

    def run(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        """Run one step to its end.

        Raises:
            LocalError: it failed; the text says why.
        """
        handlers: dict[str, Callable[[Step, dict[str, Any]], StepResult]] = {
            **dict.fromkeys(KINDS, self._job),
            "Model": self._model,
            "RegisterModel": self._register,
            "Condition": self._condition,
            "Fail": self._fail,
            "Lambda": self._function,
        }
        problems = refused_values(step.type, arguments)
        if problems:
            raise StepFailure(f"The service would refuse it: {'; '.join(problems)}.")
        return handlers[step.type](step, arguments)

    def _job(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        kind = KINDS[step.type]
        name = kind.named(self.execution_id, step.name)
        metadata = {kind.metadata: {"Arn": self.jobs.arn(kind, name)}}
        self.created(step, metadata)
        job = self.jobs.run(kind, name, arguments, self.launch)
        return StepResult(job | kind.properties(job, self.store), metadata)

    def _model(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        name = job_name(self.execution_id, step.name)
        request = {"ModelName": name, **arguments}
        document = create_model(self.store, self.jobs.bucket, self.jobs.arns, request)
        return StepResult(document, {"Model": {"Arn": document["ModelArn"]}})

    def _register(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        package = self.registry.register(arguments)
        return StepResult(package, {"RegisterModel": {"Arn": package["ModelPackageArn"]}})

    def _condition(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        outcome = all(holds(condition) for condition in arguments["Conditions"])
        return StepResult({"Outcome": outcome}, {"Condition": {"Outcome": str(outcome)}}, outcome)

    def _fail(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        raise StepFailure(str(arguments.get("ErrorMessage", "")))

    def _function(self, step: Step, arguments: dict[str, Any]) -> StepResult:
        assert step.function is not None, "checked when the definition was parsed"
        handler = functions.handler_for(self.functions, step.function)
        outputs = functions.call(handler, arguments, step.function_outputs, step.function)
        listed = [{"Name": name, "Value": as_text(value)} for name, value in outputs.items()]
        metadata = {
            "Lambda": {"Arn": self.jobs.arns.function(step.function), "OutputParameters": listed}
        }
        return StepResult({"OutputParameters": outputs}, metadata)
