"""Fail steps: the execution ends here, with a message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition import shapes
from sagemaker_local.definition.document import Step
from sagemaker_local.definition.shapes import Known
from sagemaker_local.definition.support import Settings, table
from sagemaker_local.errors import StepFailure
from sagemaker_local.steps.step_type import StepContext, StepResult, StepState, StepType
from sagemaker_local.storage.store import Document

_MAX_MESSAGE = 3072


class FailStep(StepType):
    """Ends the execution as failed."""

    name = "Fail"
    metadata = "Fail"
    settings = Settings(table("ErrorMessage"))
    members = table("")
    ends_execution = True

    def shape_refusals(
        self, arguments: dict[str, Any], known: Known | None = None
    ) -> Iterator[str]:
        message = arguments.get("ErrorMessage", "")
        yield from shapes.text_refusals("ErrorMessage", message, known)

    def run(self, step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
        raise StepFailure(arguments.get("ErrorMessage", ""))

    def failure(self, message: str) -> Document:
        return {self.metadata: {"ErrorMessage": message[:_MAX_MESSAGE]}}

    def result(self, value: Any, state: StepState) -> StepResult | None:
        return None


STEP = FailStep()
