"""The client's methods for jobs, and for tags."""

from __future__ import annotations

from collections.abc import Callable

from sagemaker_local import processing, tags, training, transform, tries, tuning
from sagemaker_local.errors import not_found
from sagemaker_local.job import JobKind
from sagemaker_local.operations import in_order, operation, page, select
from sagemaker_local.store import Document, Store


class JobOperations:
    """Processing, training, tuning and transform jobs, and tags of any resource."""

    store: Store

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
        children = tries.in_order(job, tries.training_jobs(job, self.store), request)
        status = request.get("StatusEquals")
        found = [
            tries.summary(job, child)
            for child in children
            if status in (None, child["TrainingJobStatus"])
        ]
        return page(found, request, "TrainingJobSummaries")

    @operation
    def list_transform_jobs(self, request: Document) -> Document:
        return self._list(transform.KIND, request)

    @operation
    def add_tags(self, request: Document) -> Document:
        tags.add_tags(self.store, request["ResourceArn"], request)
        return {"Tags": tags.as_list(tags.tags_of(self.store, request["ResourceArn"]))}

    @operation
    def list_tags(self, request: Document) -> Document:
        found = tags.tags_of(self.store, request["ResourceArn"])
        return page(tags.as_list(found), request, "Tags")

    @operation
    def delete_tags(self, request: Document) -> Document:
        arn, gone = request["ResourceArn"], set(request["TagKeys"])
        with self.store.transaction():
            found = tags.tags_of(self.store, arn).items()
            tags.set_tags(self.store, arn, {k: v for k, v in found if k not in gone})
        return {}

    def _job(self, kind: JobKind, name: str, operation_name: str) -> Document:
        job = self.store.resource(kind.resource, name)
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
        members = (
            f"{noun}Name",
            f"{noun}Arn",
            "CreationTime",
            f"{noun.removesuffix('Job')}EndTime",
            "LastModifiedTime",
            f"{noun}Status",
        )
        wanted, status = request.get("NameContains", ""), request.get("StatusEquals")
        found = [
            select(job, members) | more(job)
            for job in in_order(self.store.resources(kind.resource), request)
            if wanted in job[f"{noun}Name"] and status in (None, job[f"{noun}Status"])
        ]
        return page(found, request, f"{noun}Summaries")
