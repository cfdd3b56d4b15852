"""The step types that run here, one row each, and why others do not."""

from __future__ import annotations

from typing import Any

from sagemaker_local.definition.document import Step
from sagemaker_local.errors import StepFailure
from sagemaker_local.steps import (
    condition,
    fail,
    functions,
    model,
    processing,
    register_model,
    training,
    transform,
    tuning,
)
from sagemaker_local.steps.step_type import StepContext, StepResult, StepType

STEP_TYPES: dict[str, StepType] = {
    step_type.name: step_type
    for step_type in (
        processing.STEP,
        training.STEP,
        tuning.STEP,
        transform.STEP,
        model.STEP,
        register_model.STEP,
        condition.STEP,
        fail.STEP,
        functions.STEP,
    )
}

NOT_RUN = {
    "QualityCheck": "check steps need AWS's own analyzer image, which does not run here",
    "ClarifyCheck": "check steps need AWS's own analyzer image, which does not run here",
    "Callback": "callbacks wait for an SQS queue, which a local session does not have",
    "EMR": "EMR clusters do not exist locally",
    "EMRServerless": "EMR applications do not exist locally",
    "AutoML": "AutoML is a service of its own and does not run here",
    "ForEach": "ForEach is not run locally",
}


def run_step(step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
    """Run a step, its arguments resolved, to its end.

    Raises:
        LocalError: it failed; the text says why.
    """
    step_type = STEP_TYPES[step.type]
    refusals = list(step_type.value_refusals(arguments))
    if refusals:
        raise StepFailure(f"The service would refuse it: {'; '.join(refusals)}.")
    return step_type.run(step, arguments, context)
