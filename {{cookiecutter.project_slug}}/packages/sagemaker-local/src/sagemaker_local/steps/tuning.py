"""Tuning steps: a job; the training jobs that it ran are among its properties, the best first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker_local.jobs import tuning
from sagemaker_local.steps.job_step import JobStep, role_filled

_TRAINING = "TrainingJobDefinition"


class TuningStep(JobStep):
    """A job whose training jobs later steps may look at."""

    lists: Mapping[str, str] = {
        "TrainingJobSummaries": "ListTrainingJobsForHyperParameterTuningJobResponse"
    }

    def with_role(self, arguments: dict[str, Any], role: Any) -> dict[str, Any]:
        training = arguments.get(_TRAINING)
        if not isinstance(training, dict):
            return arguments
        return {**arguments, _TRAINING: role_filled(training, role)}


STEP = TuningStep("Tuning", tuning.KIND, metadata="TuningJob")
