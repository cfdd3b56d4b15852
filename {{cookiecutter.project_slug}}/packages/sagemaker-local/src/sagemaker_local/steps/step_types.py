"""The step types that run here, one row each, and why others do not."""

from __future__ import annotations

from sagemaker_local.steps import (
    callback,
    condition,
    fail,
    functions,
    model,
    pass_step,
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
        pass_step.STEP,
        functions.STEP,
        callback.STEP,
    )
}

_CHECK = "which needs Docker; give a Processing step with a script of your own"
_SERVICE = "make it in a Lambda step, whose function the session gets"
NOT_RUN = {
    "QualityCheck": f"it runs the analyzer of Model Monitor, {_CHECK}",
    "ClarifyCheck": f"it runs Clarify, {_CHECK}",
    "EMR": "EMR clusters do not exist locally; give a Processing step with a script",
    "EMRServerless": "EMR applications do not exist locally; give a Processing step with a script",
    "AutoML": "Autopilot is a service of its own and does not run here; give a Tuning step",
    "ForEach": "ForEach is not run locally; give a step for each item",
    "Endpoint": f"endpoints are made by the session's client, not in a pipeline; {_SERVICE}",
    "EndpointConfig": f"endpoints are made by the session's client, not in a pipeline; {_SERVICE}",
}
