"""A step that is a job: what it runs, refuses, leaves and depends on, the job's kind knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sagemaker_local.cache.signature import Signing
from sagemaker_local.definition.document import Step
from sagemaker_local.definition.support import table
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.kind import JobKind
from sagemaker_local.names import THIS_JOB, last_part
from sagemaker_local.steps.step_type import StepContext, StepResult, StepState, StepType

ROLE = "RoleArn"


class JobStep(StepType):
    """A step whose arguments are the Create request of a job.

    Args:
        name: its ``Type``.
        kind: of its job.
        metadata: the member that tells of it in a list of steps; the job's noun if empty.
    """

    members = table("CacheConfig RetryPolicies")
    instant = False

    def __init__(self, name: str, kind: JobKind, metadata: str = "") -> None:
        self.name = name
        self.kind = kind
        self.metadata = metadata or kind.noun
        self.settings = kind.settings
        self.request = kind.request
        self.response = kind.response
        self.name_variable = f"{kind.noun}Name"
        self.given = (self.name_variable,)

    def with_role(self, arguments: dict[str, Any], role: Any) -> dict[str, Any]:
        return role_filled(arguments, role) if ROLE in self.argument_names else arguments

    def refusals(self, step: Step) -> Iterator[str]:
        yield from self.kind.refusals(step.arguments)

    def run(self, step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
        jobs = context.state.jobs
        name = self.kind.named(context.execution_id, step.name)
        metadata = {self.metadata: {"Arn": jobs.arn(self.kind, name)}}
        context.created(metadata)
        job = jobs.run(self.kind, name, _named(arguments, name), context.launch)
        return StepResult(job | self.kind.properties(job, context.state.store), metadata)

    def result(self, value: Any, state: StepState) -> StepResult | None:
        job = state.jobs.find(self.kind, last_part(value.get("Arn", "")))
        if job is None or job[f"{self.kind.noun}Status"] != "Completed":
            return None
        described = job | self.kind.properties(job, state.store)
        return StepResult(described, {self.metadata: value})

    def sign(self, signing: Signing, arguments: dict[str, Any]) -> None:
        self.kind.sign(signing, arguments)

    def written(self, result: StepResult, state: StepState) -> Mapping[str, Path | None]:
        (value,) = result.metadata.values()
        folder = JobFolder(state.jobs.folder / last_part(value["Arn"]))
        return self.kind.outputs(result.described, folder)


def role_filled(request: dict[str, Any], role: Any) -> dict[str, Any]:
    """A request that has a role: this one, if it names none."""
    return request if ROLE in request else {**request, ROLE: role}


def _named(value: Any, name: str) -> Any:
    """``value`` with the job's name, wherever an execution variable stood for it."""
    if isinstance(value, str):
        return value.replace(THIS_JOB, name)
    if isinstance(value, dict):
        return {key: _named(item, name) for key, item in value.items()}
    return [_named(item, name) for item in value] if isinstance(value, list) else value
