"""The client's methods for jobs: single ones are created and stopped, all are described."""

from __future__ import annotations

from collections.abc import Callable

from sagemaker_local.client.operations import Listing, asking, listed, operation, page
from sagemaker_local.engine import Engine
from sagemaker_local.errors import LocalError, NotFoundError, client_error, refused
from sagemaker_local.jobs import processing, training, transform, tuning, tuning_trials
from sagemaker_local.jobs.jobs import NameTakenError, StillRunning
from sagemaker_local.jobs.kind import JobKind
from sagemaker_local.jobs.single_jobs import SingleJobs
from sagemaker_local.planning import absent, notices
from sagemaker_local.planning.rules import table
from sagemaker_local.planning.shards import few_objects_of
from sagemaker_local.registry.tags import add_tags, forget
from sagemaker_local.steps.job_step import JobStep
from sagemaker_local.steps.step_types import NOT_RUN, STEP_TYPES
from sagemaker_local.storage.store import Document, members_of

# Where the service's reference gives another order than by time of creation, oldest first.
_ORDERS = {
    "TransformJob": ("CreationTime", "Descending"),
    "HyperParameterTuningJob": ("Name", "Ascending"),
}


# How the service says that a job is not there, a ValidationException for most: botocore's waiters,
# and aws/amazon-sagemaker-operator-for-k8s, clientwrapper.
_MISSING: dict[str, Callable[[str], LocalError]] = {
    "ProcessingJob": lambda name: LocalError(f"Could not find requested job with name: {name}"),
    "TransformJob": lambda name: LocalError(f"Could not find requested job with name: {name}"),
    "TrainingJob": lambda name: LocalError("Requested resource not found."),
    "HyperParameterTuningJob": lambda name: NotFoundError(
        f"Amazon SageMaker can't find a tuning job with the name {name}. "
        "Review the name and try your request again."
    ),
}


class JobOperations:
    """Processing, training, tuning and transform jobs."""

    engine: Engine
    single_jobs: SingleJobs

    @operation
    def describe_processing_job(self, request: Document) -> Document:
        return self._job(processing.KIND, request["ProcessingJobName"])

    @operation
    def describe_training_job(self, request: Document) -> Document:
        return self._job(training.KIND, request["TrainingJobName"])

    @operation
    def describe_transform_job(self, request: Document) -> Document:
        return self._job(transform.KIND, request["TransformJobName"])

    @operation
    def list_processing_jobs(self, request: Document) -> Document:
        return self._list(processing.KIND, request)

    @operation
    def list_training_jobs(self, request: Document) -> Document:
        return self._list(training.KIND, request)

    @operation
    def describe_hyper_parameter_tuning_job(self, request: Document) -> Document:
        name = request["HyperParameterTuningJobName"]
        return self._job(tuning.KIND, name)

    @operation
    def list_hyper_parameter_tuning_jobs(self, request: Document) -> Document:
        return self._list(tuning.KIND, request, tuning.list_summary)

    @operation
    def list_training_jobs_for_hyper_parameter_tuning_job(self, request: Document) -> Document:
        name = request["HyperParameterTuningJobName"]
        job = self._job(tuning.KIND, name)
        children = tuning_trials.in_order(
            job, tuning_trials.training_jobs(job, self.engine.store), request
        )
        status = request.get("StatusEquals")
        found = [
            tuning_trials.summary(job, child)
            for child in children
            if status in (None, child["TrainingJobStatus"])
        ]
        return page(found, request, "TrainingJobSummaries")

    @operation
    def list_transform_jobs(self, request: Document) -> Document:
        return self._list(transform.KIND, request)

    @asking(lambda self, request: self._refuse("Processing", request))
    def create_processing_job(self, request: Document) -> Document:
        return self._create("Processing", request, "CreateProcessingJob")

    @asking(lambda self, request: self._refuse("Training", request))
    def create_training_job(self, request: Document) -> Document:
        return self._create("Training", request, "CreateTrainingJob")

    @asking(lambda self, request: self._refuse("Transform", request))
    def create_transform_job(self, request: Document) -> Document:
        return self._create("Transform", request, "CreateTransformJob")

    @asking(lambda self, request: self._refuse("Tuning", request))
    def create_hyper_parameter_tuning_job(self, request: Document) -> Document:
        return self._create("Tuning", request, "CreateHyperParameterTuningJob")

    @operation
    def stop_processing_job(self, request: Document) -> Document:
        return self._stop("Processing", request)

    @operation
    def stop_training_job(self, request: Document) -> Document:
        return self._stop("Training", request)

    @operation
    def stop_transform_job(self, request: Document) -> Document:
        return self._stop("Transform", request)

    @operation
    def stop_hyper_parameter_tuning_job(self, request: Document) -> Document:
        return self._stop("Tuning", request)

    @operation
    def delete_processing_job(self, request: Document) -> Document:
        return self._delete("Processing", request, "DeleteProcessingJob")

    @operation
    def delete_training_job(self, request: Document) -> Document:
        return self._delete("Training", request, "DeleteTrainingJob")

    @operation
    def delete_hyper_parameter_tuning_job(self, request: Document) -> Document:
        """The jobs that it trained stay, as on the service."""
        return self._delete("Tuning", request, "DeleteHyperParameterTuningJob")

    def _create(self, step_type: str, request: Document, operation_name: str) -> Document:
        kind = _kind(step_type)
        self._refuse(step_type, request)
        empty = [*absent.refusals(step_type, request, self.engine.bucket)]
        if empty:
            raise LocalError("\n".join(empty))
        notices.say(notices.stood_in(step_type, request))
        notices.say(notices.doubted(table.doubts_by(step_type, request)))
        notices.say(notices.few(few_objects_of(step_type, request, self.engine.bucket)))
        try:
            arn = self.single_jobs.start(kind, kind.name_of(request), request)
        except NameTakenError as error:
            raise client_error("ResourceInUse", str(error), operation_name) from error
        add_tags(self.engine.store, arn, request)
        return {f"{kind.noun}Arn": arn}

    def _refuse(self, step_type: str, request: Document) -> None:
        """Why a request cannot run here.

        Raises:
            LocalError: with every reason.
        """
        kind = _kind(step_type)
        refusals = [
            *kind.settings.refusals(request),
            *kind.refusals(request),
            *table.broken_by(step_type, request),
        ]
        if refusals:
            raise LocalError(refused(f"The {kind.resource}", refusals))

    def _stop(self, step_type: str, request: Document) -> Document:
        kind = _kind(step_type)
        name = kind.name_of(request)
        self._job(kind, name)
        self.single_jobs.stop(kind, name)
        return {}

    def _delete(self, step_type: str, request: Document, operation_name: str) -> Document:
        kind = _kind(step_type)
        name = kind.name_of(request)
        if self.engine.jobs.find(kind, name) is None:
            # The model of the service declares this code for it, and no report was found.
            raise NotFoundError(str(_MISSING[kind.noun](name)))
        try:
            self.engine.jobs.delete(kind, name)
        except StillRunning as error:
            raise client_error("ResourceInUse", str(error), operation_name) from error
        forget(self.engine.store, self.engine.jobs.arn(kind, name))
        return {}

    def _job(self, kind: JobKind, name: str) -> Document:
        job = self.engine.jobs.find(kind, name)
        if job is None:
            raise _MISSING[kind.noun](name)
        return job

    def _list(
        self,
        kind: JobKind,
        request: Document,
        more: Callable[[Document], Document] = lambda job: {},
    ) -> Document:
        """A page of jobs; ``more`` gives what a summary has beside name, times and status."""
        noun = kind.noun
        ended = f"{noun.removesuffix('Job')}EndTime"
        members = (
            *(f"{noun}Name", f"{noun}Arn", "CreationTime", ended),
            *("LastModifiedTime", f"{noun}Status"),
        )
        # Not every Describe response has the time of the last change, and every summary does.
        jobs = [
            {"LastModifiedTime": job.get(ended, job["CreationTime"]), **job}
            for job in self.engine.jobs.all(kind)
        ]
        listing = Listing(f"{noun}Name", f"{noun}Status", *_ORDERS.get(noun, ()))
        found = listed(jobs, request, listing)
        return page(
            [members_of(job, members) | more(job) for job in found], request, f"{noun}Summaries"
        )


def _kind(step_type: str) -> JobKind:
    found = STEP_TYPES.get(step_type)
    if not isinstance(found, JobStep):
        raise LocalError(f"{step_type}: {NOT_RUN[step_type]}.")
    return found.kind
