"""Training steps: a job; its final metrics are those that its arguments, or its image, define."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sagemaker_local.definition.document import Step
from sagemaker_local.definition.expressions import Reference
from sagemaker_local.jobs import algorithm, training
from sagemaker_local.steps.job_step import JobStep


class TrainingStep(JobStep):
    """A job whose metrics have the names that its arguments give them."""

    made_of: Mapping[str, tuple[str, ...]] = {
        "FinalMetricDataList": ("AlgorithmSpecification", "MetricDefinitions")
    }

    def property_refusals(self, step: Step, reference: Reference) -> Iterator[str]:
        specification = step.arguments.get("AlgorithmSpecification")
        image = specification.get("TrainingImage") if isinstance(specification, dict) else None
        if algorithm.of(image):
            yield from _WITH_METRICS_OF_ITS_IMAGE.property_refusals(step, reference)
        else:
            yield from super().property_refusals(step, reference)


# No list of the arguments says which there are.
_WITH_METRICS_OF_ITS_IMAGE = JobStep("Training", training.KIND)


STEP = TrainingStep("Training", training.KIND)
