"""Jobs of every kind as the service describes them: created, run, ended, remembered."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker_local import processing, training, transform, tuning
from sagemaker_local.bucket import Bucket
from sagemaker_local.errors import LocalError
from sagemaker_local.job import JobFolder, JobKind, Launch, Place
from sagemaker_local.launch import Stopped, TimedOut
from sagemaker_local.names import Arns, last_part
from sagemaker_local.store import Document, Store, now

_MAX_REASON = 1024


# By step type; the Create request of a job is what a step of that type has as its arguments.
KINDS = {
    "Processing": processing.KIND,
    "Training": training.KIND,
    "Tuning": tuning.KIND,
    "Transform": transform.KIND,
}


@dataclass(frozen=True)
class Jobs:
    """Runs jobs and keeps their Describe responses in the store."""

    store: Store
    bucket: Bucket
    arns: Arns
    folder: Path

    def run(self, kind: JobKind, name: str, request: Document, launch: Launch) -> Document:
        """Run a job to its end.

        Args:
            kind: of job.
            name: the job's name.
            request: the Create request, resolved.
            launch: starts a command and waits for it.

        Returns:
            The Describe response of the completed job.

        Raises:
            LocalError: it failed or was stopped; the stored response says so too.
        """
        return self.run_created(kind, self.create(kind, name, request), launch)

    def create(self, kind: JobKind, name: str, request: Document) -> Document:
        """Store a job that is about to run.

        Raises:
            LocalError: the name is taken.
        """
        started = now()
        job = {
            **kind.defaults,
            **{key: value for key, value in request.items() if key in kind.described},
            f"{kind.noun}Name": name,
            f"{kind.noun}Arn": self.arn(kind, name),
            "CreationTime": started,
        }
        job |= kind.starts_with(job)
        self._note(kind, job, "InProgress", "Start")
        with self.store.transaction("job created"):
            if not self.store.add_resource(kind.resource, name, job):
                raise LocalError(f"A {kind.resource} named {name!r} exists; choose another name.")
        return job

    def run_created(self, kind: JobKind, job: Document, launch: Launch) -> Document:
        """Run a stored job to its end; see ``run``."""
        folder = JobFolder(self.folder / kind.name_of(job))
        folder.path.mkdir(parents=True, exist_ok=True)
        try:
            job |= kind.run(job, Place(folder, self.bucket, launch, self))
        except Stopped:
            self._end(kind, job, "Stopped")
            raise
        except Exception as error:
            secondary = "MaxRuntimeExceeded" if isinstance(error, TimedOut) else ""
            self._end(kind, job, "Failed", str(error) or repr(error), secondary)
            raise
        self._end(kind, job, "Completed")
        return job

    def interrupt(self, metadata: Document, reason: str) -> None:
        """Mark a step's job as failed, if the process that ran it died before the job ended."""
        for kind in KINDS.values():
            name = last_part(metadata.get(kind.metadata, {}).get("Arn", ""))
            job = self.store.resource(kind.resource, name) if name else None
            if job is not None and job[f"{kind.noun}Status"] == "InProgress":
                self._end(kind, job, "Failed", reason)
                self._interrupt_children(job[f"{kind.noun}Arn"], reason)

    def _interrupt_children(self, arn: str, reason: str) -> None:
        """Mark the training jobs of a tuning job, too."""
        for job in self.store.resources(training.KIND.resource):
            if job.get("TuningJobArn") == arn and job["TrainingJobStatus"] == "InProgress":
                self._end(training.KIND, job, "Failed", reason)

    def arn(self, kind: JobKind, name: str) -> str:
        """The ARN of a job, which need not be there yet."""
        return self.arns.job(kind.resource, name)

    def _end(
        self, kind: JobKind, job: Document, status: str, reason: str = "", secondary: str = ""
    ) -> None:
        if reason:
            job["FailureReason"] = reason[:_MAX_REASON]
        self._note(kind, job, status, "End", secondary)
        with self.store.transaction("job ended"):
            self.store.update_resource(kind.resource, kind.name_of(job), job)

    def _note(
        self, kind: JobKind, job: Document, status: str, moment: str, secondary: str = ""
    ) -> None:
        """Write status and times into a job, as far as its kind has members for them."""
        stem, time = kind.noun.removesuffix("Job"), now()
        started: Any = job.get(f"{stem}StartTime", time)
        noted = {
            f"{kind.noun}Status": status,
            f"{stem}{moment}Time": time,
            f"{kind.noun}{moment}Time": time,
            "LastModifiedTime": time,
            "SecondaryStatus": secondary or ("Training" if status == "InProgress" else status),
        }
        if moment == "End":
            noted["TrainingTimeInSeconds"] = max(1, round((time - started).total_seconds()))
        job |= {key: value for key, value in noted.items() if key in kind.described}
