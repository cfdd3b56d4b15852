"""Jobs of every kind as the service describes them: created, run, ended, remembered."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sagemaker_local.errors import LocalError, StepFailure
from sagemaker_local.jobs import transitions
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.inputs import Inputs
from sagemaker_local.jobs.kind import JobContext, JobKind
from sagemaker_local.names import Arns
from sagemaker_local.processes.launcher import Stopped, TimedOut
from sagemaker_local.processes.owner import alive, this_process
from sagemaker_local.processes.runner import Launch
from sagemaker_local.storage import disk
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import Digests
from sagemaker_local.storage.store import Document, Store, now

_MAX_REASON = 1024
_RUNNING = ("InProgress", "Stopping")
_INTERRUPTED = "The process that ran this job ended before the job did; start it again."
# Of a running job's stored document only; no response of the service has it.
_OWNER = "Owner"
_TRANSITIONS = "SecondaryStatusTransitions"


class NameTakenError(LocalError):
    """A job of this kind and name exists."""


class StillRunning(LocalError):
    """A job that has not ended yet."""


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
            NameTakenError: the name is taken.
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
            if not self.store.add_resource(kind.resource, name, job | {_OWNER: this_process()}):
                raise NameTakenError(_taken(kind, self.arn(kind, name)))
        return job

    def find(self, kind: JobKind, name: str) -> Document | None:
        """A stored job; one whose process is gone is marked as failed first."""
        job = self.store.resource(kind.resource, name)
        return None if job is None else self._looked_at(kind, job)

    def all(self, kind: JobKind) -> list[Document]:
        """Every stored job of a kind, newest first; see ``find``."""
        return [self._looked_at(kind, job) for job in self.store.resources(kind.resource)]

    def stopping(self, kind: JobKind, name: str) -> None:
        """Note that a running job is about to be stopped.

        Raises:
            LocalError: it has ended, or was never there.
        """
        with self.store.transaction():
            job = self.find(kind, name) or {}
            status = job.get(f"{kind.noun}Status", "not there")
            if status not in _RUNNING:
                raise LocalError(
                    f"The request was rejected because the {_words(kind)} is in status {status}."
                )
            self._note(kind, job, "Stopping", "")
            self.store.update_resource(kind.resource, name, job | {_OWNER: this_process()})

    def delete(self, kind: JobKind, name: str) -> None:
        """Forget an ended job, with its files here; the objects that it wrote stay.

        Raises:
            StillRunning: it has not ended.
        """
        with self.store.transaction():
            job = self.find(kind, name) or {}
            status = job.get(f"{kind.noun}Status")
            if status in _RUNNING:
                raise StillRunning(
                    f"The request was rejected because the {_words(kind)} is in status {status}."
                )
            self.store.delete_resource(kind.resource, name)
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def run_created(self, kind: JobKind, job: Document, launch: Launch) -> Document:
        """Run a stored job to its end; see ``run``."""
        folder = JobFolder(self.folder / kind.name_of(job))
        inputs = self._inputs(folder)
        context = JobContext(
            folder, self.bucket, inputs.guarded(launch), self.store, self.run, inputs
        )
        try:
            with disk.explained(folder.path):
                folder.path.mkdir(parents=True, exist_ok=True)
                job |= kind.run(job, context)
        except Stopped:
            self._end(kind, job, "Stopped")
            raise
        except BaseException as error:  # a person's interrupt, too, ends a job in this thread
            secondary = "MaxRuntimeExceeded" if isinstance(error, TimedOut) else ""
            self._end(kind, job, "Failed", str(error) or repr(error), secondary)
            raise
        self._end(kind, job, "Completed")
        return job

    def arn(self, kind: JobKind, name: str) -> str:
        """The ARN of a job, which need not be there yet."""
        return self.arns.job(kind.resource, name)

    def _looked_at(self, kind: JobKind, job: Document) -> Document:
        owner = job.pop(_OWNER, "")
        if job[f"{kind.noun}Status"] not in _RUNNING or alive(owner) is not False:
            return job
        with self.store.transaction():
            # Its last write may have come between the look at it and the look at its process.
            current = self.store.resource(kind.resource, kind.name_of(job)) or job
            if current.pop(_OWNER, "") == owner:
                self.bucket.sweep()
                reason = f"{_INTERRUPTED}{self._damage(kind.name_of(job))}"
                self._end(kind, current, "Failed", reason)
        return current

    def _damage(self, name: str) -> str:
        """What an interrupted job did to its inputs, for its reason of failure."""
        try:
            self._inputs(JobFolder(self.folder / name)).verify("the job")
        except StepFailure as failure:
            return f" {failure}"
        return ""

    def _inputs(self, folder: JobFolder) -> Inputs:
        return Inputs(folder, self.bucket, Digests(self.store))

    def _end(
        self, kind: JobKind, job: Document, status: str, reason: str = "", secondary: str = ""
    ) -> None:
        if reason:
            job["FailureReason"] = reason[:_MAX_REASON]
        job |= kind.ends_with(JobFolder(self.folder / kind.name_of(job)))
        self._note(kind, job, status, "End", secondary)
        with self.store.transaction("job ended"):
            self.store.update_resource(kind.resource, kind.name_of(job), job)

    def _note(
        self, kind: JobKind, job: Document, status: str, moment: str, secondary: str = ""
    ) -> None:
        """Write status and times into a job, as far as its kind has members for them."""
        stem, time = kind.noun.removesuffix("Job"), now()
        started: Any = job.get(f"{stem}StartTime", time)
        secondary = secondary or ("Training" if status == "InProgress" else status)
        gone = job.get(_TRANSITIONS, [])
        noted = {
            f"{kind.noun}Status": status,
            f"{stem}{moment}Time": time,
            f"{kind.noun}{moment}Time": time,
            "LastModifiedTime": time,
            "SecondaryStatus": secondary,
            _TRANSITIONS: transitions.gone_on(gone, secondary, time, moment == "End"),
        }
        if moment == "End":
            seconds = max(1, round((time - started).total_seconds()))
            noted |= dict.fromkeys(("TrainingTimeInSeconds", "BillableTimeInSeconds"), seconds)
        job |= {key: value for key, value in noted.items() if key in kind.described}


def _words(kind: JobKind) -> str:
    return kind.resource.replace("-", " ")


def _taken(kind: JobKind, arn: str) -> str:
    """The service's words: sagemaker-python-sdk#742 for training jobs, and of others, too."""
    names, job = ("Training job names", "training job")
    if kind.noun != "TrainingJob":
        names, job = ("Job name", "job")
    return (
        f"{names} must be unique within an AWS account and region, and a {job} with this name "
        f"already exists ({arn}); choose another name (one that the SDK makes is another in the "
        "next second)."
    )
