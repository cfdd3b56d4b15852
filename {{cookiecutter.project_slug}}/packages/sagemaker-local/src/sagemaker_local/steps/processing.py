"""Processing steps: a job, and property files in its outputs that later steps read."""

from __future__ import annotations

from collections.abc import Iterator

from sagemaker_local.definition.document import PropertyFile, Step
from sagemaker_local.definition.expressions import follow
from sagemaker_local.definition.support import table
from sagemaker_local.jobs import processing
from sagemaker_local.steps.job_step import JobStep
from sagemaker_local.storage.store import Document


class ProcessingStep(JobStep):
    """A job whose outputs may hold property files."""

    members = table("PropertyFiles CacheConfig RetryPolicies")

    def refusals(self, step: Step) -> Iterator[str]:
        yield from self._property_file_refusals(step)
        yield from super().refusals(step)

    def _property_file_refusals(self, step: Step) -> Iterator[str]:
        outputs = step.arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
        names = [output["OutputName"] for output in outputs]
        for file in step.property_files:
            if file.output_name not in names:
                yield (
                    f"the property file {file.name!r} is in {file.output_name!r}, which is no "
                    "output"
                )


def property_file_uri(described: Document, step: str, file: PropertyFile) -> str:
    """Where a finished step's property file is."""
    outputs = ("ProcessingOutputConfig", "Outputs", file.output_name, "S3Output", "S3Uri")
    uri = follow(described, outputs, f"output {file.output_name} of {step}")
    return f"{uri}/{file.path}"


STEP = ProcessingStep("Processing", processing.KIND)
