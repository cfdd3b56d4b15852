"""The client's methods for jobs, and for tags."""

from __future__ import annotations

from collections.abc import Callable

from sagemaker_local.client.operations import Listing, listed, operation, page
from sagemaker_local.engine import Engine
from sagemaker_local.errors import not_found
from sagemaker_local.jobs import processing, training, transform, tuning, tuning_trials
from sagemaker_local.jobs.kind import JobKind
from sagemaker_local.registry import tags
from sagemaker_local.storage.store import Document, members_of

# Where the service's reference gives another order than by time of creation, oldest first.
_ORDERS = {
    "TransformJob": ("CreationTime", "Descending"),
    "HyperParameterTuningJob": ("Name", "Ascending"),
}


class JobOperations:
    """Processing, training, tuning and transform jobs, and tags of any resource."""

    engine: Engine

    @operation
    def describe_processing_job(self, request: Document) -> Document:
        return self._job(processing.KIND, request["ProcessingJobName"], "DescribeProcessingJob")

    @operation
    def describe_training_job(self, request: Document) -> Document:
        return self._job(training.KIND, request["TrainingJobName"], "DescribeTrainingJob")

    @operation
    def describe_transform_job(self, request: Document) -> Document:
        return self._job(transform.KIND, request["TransformJobName"], "DescribeTransformJob")

    @operation
    def list_processing_jobs(self, request: Document) -> Document:
        return self._list(processing.KIND, request)

    @operation
    def list_training_jobs(self, request: Document) -> Document:
        return self._list(training.KIND, request)

    @operation
    def describe_hyper_parameter_tuning_job(self, request: Document) -> Document:
        name = request["HyperParameterTuningJobName"]
        return self._job(tuning.KIND, name, "DescribeHyperParameterTuningJob")

    @operation
    def list_hyper_parameter_tuning_jobs(self, request: Document) -> Document:
        return self._list(tuning.KIND, request, tuning.list_summary)

    @operation
    def list_training_jobs_for_hyper_parameter_tuning_job(self, request: Document) -> Document:
        name = request["HyperParameterTuningJobName"]
        job = self._job(tuning.KIND, name, "ListTrainingJobsForHyperParameterTuningJob")
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

    @operation
    def add_tags(self, request: Document) -> Document:
        tags.add_tags(self.engine.store, request["ResourceArn"], request)
        return {"Tags": tags.as_list(tags.tags_of(self.engine.store, request["ResourceArn"]))}

    @operation
    def list_tags(self, request: Document) -> Document:
        found = tags.tags_of(self.engine.store, request["ResourceArn"])
        return page(tags.as_list(found), request, "Tags")

    @operation
    def delete_tags(self, request: Document) -> Document:
        arn, gone = request["ResourceArn"], set(request["TagKeys"])
        with self.engine.store.transaction():
            found = tags.tags_of(self.engine.store, arn).items()
            tags.set_tags(self.engine.store, arn, {k: v for k, v in found if k not in gone})
        return {}

    def _job(self, kind: JobKind, name: str, operation_name: str) -> Document:
        job = self.engine.jobs.find(kind, name)
        if job is None:
            raise not_found(f"Could not find the job {name!r}.", operation_name)
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
