"""The client's methods that start and stop single jobs, whatever their kind."""

from __future__ import annotations

from sagemaker_local.client.operations import operation
from sagemaker_local.engine import Engine
from sagemaker_local.errors import LocalError, client_error, invalid, not_found, refused
from sagemaker_local.jobs.jobs import NameTakenError
from sagemaker_local.jobs.kind import JobKind
from sagemaker_local.jobs.single_jobs import SingleJobs
from sagemaker_local.registry.tags import add_tags
from sagemaker_local.steps.job_step import JobStep
from sagemaker_local.steps.step_types import NOT_RUN, STEP_TYPES
from sagemaker_local.storage.store import Document


class SingleJobOperations:
    """Create and stop processing, training, transform and tuning jobs."""

    engine: Engine
    single_jobs: SingleJobs

    @operation
    def create_processing_job(self, request: Document) -> Document:
        return self._create("Processing", request, "CreateProcessingJob")

    @operation
    def create_training_job(self, request: Document) -> Document:
        return self._create("Training", request, "CreateTrainingJob")

    @operation
    def create_transform_job(self, request: Document) -> Document:
        return self._create("Transform", request, "CreateTransformJob")

    @operation
    def create_hyper_parameter_tuning_job(self, request: Document) -> Document:
        return self._create("Tuning", request, "CreateHyperParameterTuningJob")

    @operation
    def stop_processing_job(self, request: Document) -> Document:
        return self._stop("Processing", request, "StopProcessingJob")

    @operation
    def stop_training_job(self, request: Document) -> Document:
        return self._stop("Training", request, "StopTrainingJob")

    @operation
    def stop_transform_job(self, request: Document) -> Document:
        return self._stop("Transform", request, "StopTransformJob")

    @operation
    def stop_hyper_parameter_tuning_job(self, request: Document) -> Document:
        return self._stop("Tuning", request, "StopHyperParameterTuningJob")

    def _create(self, step_type: str, request: Document, operation_name: str) -> Document:
        kind = _kind(step_type)
        refusals = [*kind.settings.refusals(request), *kind.refusals(request)]
        if refusals:
            raise invalid(refused(f"The {kind.resource}", refusals), operation_name)
        try:
            arn = self.single_jobs.start(kind, kind.name_of(request), request)
        except NameTakenError as error:
            raise client_error("ResourceInUse", str(error), operation_name) from error
        add_tags(self.engine.store, arn, request)
        return {f"{kind.noun}Arn": arn}

    def _stop(self, step_type: str, request: Document, operation_name: str) -> Document:
        kind = _kind(step_type)
        name = kind.name_of(request)
        if self.engine.jobs.find(kind, name) is None:
            raise not_found(f"Could not find the job {name!r}.", operation_name)
        self.single_jobs.stop(kind, name)
        return {}


def _kind(step_type: str) -> JobKind:
    found = STEP_TYPES.get(step_type)
    if not isinstance(found, JobStep):
        raise LocalError(f"{step_type}: {NOT_RUN[step_type]}.")
    return found.kind
