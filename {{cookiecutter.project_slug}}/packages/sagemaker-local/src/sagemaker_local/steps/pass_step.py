"""Pass steps: nothing but an order among other steps.

AWS's own controller gives the service one, in its test against it (aws-controllers-k8s,
sagemaker-controller, test_pipeline.py); no document of the service tells of it.
"""

from __future__ import annotations

from typing import Any

from sagemaker_local.definition.document import Step
from sagemaker_local.definition.support import Settings, table
from sagemaker_local.steps.step_type import StepContext, StepResult, StepState, StepType


class PassStep(StepType):
    """Succeeds at once; the list of steps tells nothing of it but its ending."""

    name = "Pass"
    metadata = ""
    settings = Settings({})
    members = table("")

    def run(self, step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
        return StepResult({}, {})

    def result(self, value: Any, state: StepState) -> StepResult:
        return StepResult({}, {})


STEP = PassStep()
