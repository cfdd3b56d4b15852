"""The client's methods for jobs that pipelines ran, and for tags."""

from __future__ import annotations

from sagemaker_local.errors import not_found
from sagemaker_local.jobs import PROCESSING, TRAINING
from sagemaker_local.operations import in_order, operation, page, select
from sagemaker_local.store import Document, Store, now

_TAGS = "tags"


class JobOperations:
    """Processing and training jobs, and tags of any resource."""

    store: Store

    @operation
    def describe_processing_job(self, request: Document) -> Document:
        return self._job(PROCESSING, request["ProcessingJobName"], "DescribeProcessingJob")

    @operation
    def describe_training_job(self, request: Document) -> Document:
        return self._job(TRAINING, request["TrainingJobName"], "DescribeTrainingJob")

    @operation
    def list_processing_jobs(self, request: Document) -> Document:
        return self._list(PROCESSING, "ProcessingJob", request)

    @operation
    def list_training_jobs(self, request: Document) -> Document:
        return self._list(TRAINING, "TrainingJob", request)

    @operation
    def add_tags(self, request: Document) -> Document:
        arn = request["ResourceArn"]
        with self.store.transaction():
            tags = {tag["Key"]: tag["Value"] for tag in self._tags(arn)}
            tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
            return self._set_tags(arn, tags)

    @operation
    def list_tags(self, request: Document) -> Document:
        return page(self._tags(request["ResourceArn"]), request, "Tags")

    @operation
    def delete_tags(self, request: Document) -> Document:
        arn = request["ResourceArn"]
        with self.store.transaction():
            gone = set(request["TagKeys"])
            kept = {t["Key"]: t["Value"] for t in self._tags(arn) if t["Key"] not in gone}
            self._set_tags(arn, kept)
        return {}

    def _job(self, kind: str, name: str, operation_name: str) -> Document:
        job = self.store.resource(kind, name)
        if job is None:
            raise not_found(f"Could not find the job {name!r}.", operation_name)
        return job

    def _list(self, kind: str, noun: str, request: Document) -> Document:
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
            select(job, members)
            for job in in_order(self.store.resources(kind), request)
            if wanted in job[f"{noun}Name"] and status in (None, job[f"{noun}Status"])
        ]
        return page(found, request, f"{noun}Summaries")

    def _tags(self, arn: str) -> list[dict[str, str]]:
        return (self.store.resource(_TAGS, arn) or {}).get("Tags", [])

    def _set_tags(self, arn: str, tags: dict[str, str]) -> Document:
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        document = {"Tags": listed, "CreationTime": now()}
        if not self.store.add_resource(_TAGS, arn, document):
            self.store.update_resource(_TAGS, arn, document)
        return {"Tags": listed}
