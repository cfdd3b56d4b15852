"""Processing steps: a job, and property files in its outputs that later steps read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from sagemaker_local.definition.document import PropertyFile, Step
from sagemaker_local.definition.expressions import follow
from sagemaker_local.definition.support import table
from sagemaker_local.errors import LocalError
from sagemaker_local.jobs import processing
from sagemaker_local.notice import logger
from sagemaker_local.steps.job_step import JobStep
from sagemaker_local.steps.step_type import StepContext, StepResult
from sagemaker_local.storage.store import Document


class ProcessingStep(JobStep):
    """A job whose outputs may hold property files."""

    members = table("PropertyFiles CacheConfig RetryPolicies")

    def refusals(self, step: Step) -> Iterator[str]:
        yield from self._property_file_refusals(step)
        yield from super().refusals(step)

    def run(self, step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
        result = super().run(step, arguments, context)
        for file in step.property_files:
            if not _is_there(property_file_uri(result.described, step.name, file), context):
                logger.info(
                    f"local session: step {step.name!r}: its job wrote no {file.path} to its "
                    f"output {file.output_name!r}, for the property file {file.name!r}"
                )
        return result

    def _property_file_refusals(self, step: Step) -> Iterator[str]:
        outputs = step.arguments.get("ProcessingOutputConfig", {}).get("Outputs", [])
        names = [output["OutputName"] for output in outputs]
        for file in step.property_files:
            if file.output_name not in names:
                yield (
                    f"the property file {file.name!r} is in {file.output_name!r}, which is no "
                    "output"
                )


def _is_there(uri: str, context: StepContext) -> bool:
    with suppress(LocalError):  # it leads out of its bucket
        return context.state.jobs.bucket.path(uri).is_file()
    return False


def property_file_uri(described: Document, step: str, file: PropertyFile) -> str:
    """Where a finished step's property file is."""
    outputs = ("ProcessingOutputConfig", "Outputs", file.output_name, "S3Output", "S3Uri")
    uri = follow(described, outputs, f"output {file.output_name} of {step}")
    return f"{uri}/{file.path}"


STEP = ProcessingStep("Processing", processing.KIND)
