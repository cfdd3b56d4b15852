"""Tuning steps: a job; the training jobs that it ran are among its properties, the best first."""

from __future__ import annotations

from collections.abc import Mapping

from sagemaker_local.jobs import tuning
from sagemaker_local.steps.job_step import JobStep


class TuningStep(JobStep):
    """A job whose training jobs later steps may look at."""

    lists: Mapping[str, str] = {
        "TrainingJobSummaries": "ListTrainingJobsForHyperParameterTuningJobResponse"
    }


STEP = TuningStep("Tuning", tuning.KIND, metadata="TuningJob")
