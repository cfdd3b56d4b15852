"""The step types that run here, one row each, and why others do not."""

from __future__ import annotations

from sagemaker_local.steps import (
    callback,
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
from sagemaker_local.steps.step_type import StepType

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
        callback.STEP,
    )
}

NOT_RUN = {
    "QualityCheck": "check steps need AWS's own analyzer image, which does not run here",
    "ClarifyCheck": "check steps need AWS's own analyzer image, which does not run here",
    "EMR": "EMR clusters do not exist locally",
    "EMRServerless": "EMR applications do not exist locally",
    "AutoML": "AutoML is a service of its own and does not run here",
    "ForEach": "ForEach is not run locally",
}
