"""Training steps: a job; its final metrics are those that its arguments define."""

from __future__ import annotations

from collections.abc import Mapping

from sagemaker_local.jobs import training
from sagemaker_local.steps.job_step import JobStep


class TrainingStep(JobStep):
    """A job whose metrics have the names that its arguments give them."""

    made_of: Mapping[str, tuple[str, ...]] = {
        "FinalMetricDataList": ("AlgorithmSpecification", "MetricDefinitions")
    }


STEP = TrainingStep("Training", training.KIND)
