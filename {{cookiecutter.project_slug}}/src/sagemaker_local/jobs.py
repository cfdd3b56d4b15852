"""Processing and training jobs as the service describes them: created, run, ended, remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker_local import processing, training
from sagemaker_local.bucket import Bucket
from sagemaker_local.errors import LocalError
from sagemaker_local.job import JobFolder, Launch
from sagemaker_local.names import Arns
from sagemaker_local.store import Document, Store, now

PROCESSING = "processing-job"
TRAINING = "training-job"
_MAX_REASON = 1024


class Stopped(LocalError):
    """The job was ended because somebody stopped its execution."""


@dataclass(frozen=True)
class JobKind:
    """What differs between the kinds of job.

    Attributes:
        resource: the kind under which the store keeps it.
        noun: the prefix of its members, as in ``ProcessingJobName``.
        defaults: members that its Describe response must have.
        run: runs a request in a folder.
    """

    resource: str
    noun: str
    defaults: Document
    run: Callable[[Document, JobFolder, Bucket, Launch], None]


KINDS = {
    "Processing": JobKind(PROCESSING, "ProcessingJob", {}, processing.run),
    "Training": JobKind(
        TRAINING,
        "TrainingJob",
        {"StoppingCondition": {"MaxRuntimeInSeconds": 86400}},
        training.run,
    ),
}


@dataclass(frozen=True)
class Jobs:
    """Runs jobs and keeps their Describe responses in the store."""

    store: Store
    bucket: Bucket
    arns: Arns
    folder: Path

    def run(self, kind_name: str, name: str, request: Document, launch: Launch) -> Document:
        """Run a job to its end.

        Args:
            kind_name: ``Processing`` or ``Training``.
            name: the job's name.
            request: the Create request, resolved.
            launch: starts a command and waits for it.

        Returns:
            The Describe response of the completed job.

        Raises:
            LocalError: it failed or was stopped; the stored response says so too.
        """
        kind = KINDS[kind_name]
        folder = JobFolder(self.folder / name)
        folder.path.mkdir(parents=True)
        job = self._created(kind, name, request)
        self.store.add_resource(kind.resource, name, job)
        try:
            kind.run(job, folder, self.bucket, launch)
        except Stopped:
            self._end(kind, job, "Stopped")
            raise
        except Exception as error:
            self._end(kind, job, "Failed", reason=str(error) or repr(error))
            raise
        if kind.resource == TRAINING:
            metrics = training.final_metrics(request, folder)
            job |= {"FinalMetricDataList": metrics} if metrics else {}
        self._end(kind, job, "Completed")
        return job

    def arn(self, kind_name: str, name: str) -> str:
        """The ARN of a job, which need not be there yet."""
        make = {"Processing": self.arns.processing_job, "Training": self.arns.training_job}
        return make[kind_name](name)

    def _created(self, kind: JobKind, name: str, request: Document) -> Document:
        started = now()
        job = {
            **kind.defaults,
            **{key: value for key, value in request.items() if key not in {"Tags"}},
            f"{kind.noun}Name": name,
            f"{kind.noun}Arn": self.arn(kind.noun.removesuffix("Job"), name),
            f"{kind.noun}Status": "InProgress",
            "CreationTime": started,
            "LastModifiedTime": started,
            f"{kind.noun.removesuffix('Job')}StartTime": started,
        }
        if kind.resource == TRAINING:
            job["SecondaryStatus"] = "Training"
            job["ModelArtifacts"] = {"S3ModelArtifacts": training.artifact_uri(request, name)}
        return job

    def _end(self, kind: JobKind, job: Document, status: str, reason: str = "") -> None:
        ended = now()
        job[f"{kind.noun}Status"] = status
        job["LastModifiedTime"] = ended
        job[f"{kind.noun.removesuffix('Job')}EndTime"] = ended
        if reason:
            job["FailureReason"] = reason[:_MAX_REASON]
        if kind.resource == TRAINING:
            job["SecondaryStatus"] = status
            started: Any = job["TrainingStartTime"]
            job["TrainingTimeInSeconds"] = max(1, round((ended - started).total_seconds()))
        self.store.update_resource(kind.resource, job[f"{kind.noun}Name"], job)
