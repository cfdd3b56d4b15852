"""What finished steps left behind: what ``Steps.<name>.<path>`` refers to, and their objects."""

from __future__ import annotations

from dataclasses import dataclass

from sagemaker_local.steps.step_type import StepResult, StepState, StepType
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.content import Digests
from sagemaker_local.storage.store import Document


@dataclass(frozen=True)
class Results:
    """Finds the results of finished steps in the stored state, in this process or a later one."""

    state: StepState

    def of(self, step: Document) -> StepResult | None:
        """The result of a step, as the list of steps shows it; None if it is not there."""
        if step["StepStatus"] != "Succeeded" or "Metadata" not in step:
            return None
        return self.succeeded(step["Metadata"])

    def succeeded(self, metadata: Document) -> StepResult | None:
        """The result of a step with this metadata; None if what it made is gone or unfinished."""
        ((member, value),) = metadata.items() or [("", {})]  # of a Pass step
        step_type = _step_type(member)
        return None if step_type is None else step_type.result(value, self.state)

    def written(self, result: StepResult, digests: Digests) -> dict[str, str]:
        """Digests of the objects that a step's job wrote, by URI; empty for other steps.

        They are those of the job's own files where it kept them: another execution may have
        written to the same URI meanwhile, and this one's result is then not what lies there.
        """
        (member,) = result.metadata
        step_type = _step_type(member)
        written = step_type.written(result, self.state) if step_type else {}
        bucket = self.state.jobs.bucket
        return {uri: digests.of_file(file or bucket.path(uri)) for uri, file in written.items()}


def _step_type(metadata: str) -> StepType | None:
    return next((found for found in STEP_TYPES.values() if found.metadata == metadata), None)
