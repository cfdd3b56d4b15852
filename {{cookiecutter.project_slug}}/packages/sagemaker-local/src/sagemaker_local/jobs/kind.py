"""What every job has: a folder laid out like ``/opt/ml``, a log, a program, and an ending."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagemaker_local.errors import DiskFull, JobKilled, StepFailure
from sagemaker_local.names import job_name
from sagemaker_local.processes.runner import Command
from sagemaker_local.service_model import members
from sagemaker_local.storage import disk
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.store import Document

if TYPE_CHECKING:
    from sagemaker_local.jobs.inputs import Inputs
    from sagemaker_local.jobs.jobs import Jobs

_CONTAINER_ROOT = re.compile(r"(?<![\w.-])/opt/ml(?![\w.-])")
_REASON_LENGTH = 900
_TAIL_BYTES = 8192
_TAIL_LINES = 100

# Starts a command, waits, and gives its exit code; the execution can stop what it started.
Launch = Callable[[Command], int]


@dataclass(frozen=True)
class JobFolder:
    """``<path>/ml`` stands for ``/opt/ml``; ``<path>/job.log`` has all output."""

    path: Path

    @property
    def ml(self) -> Path:
        return self.path / "ml"

    @property
    def log(self) -> Path:
        return self.path / "job.log"

    def here(self, container_path: str) -> Path:
        """Where a path below ``/opt/ml`` is on this machine."""
        return Path(self.rewrite(container_path))

    def rewrite(self, text: str) -> str:
        """``text`` with every ``/opt/ml`` replaced: it does not exist on a laptop."""
        return _CONTAINER_ROOT.sub(lambda _: str(self.ml), text)

    def make(self, *names: str) -> Path:
        """Create, and give, a folder below ``/opt/ml``."""
        folder = self.ml.joinpath(*names)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write_json(self, name: str, document: Any) -> None:
        """Write a configuration file of the service, such as ``input/config/...json``."""
        file = self.ml / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, indent=1, default=str), encoding="utf-8")

    def note(self, text: str) -> None:
        """Add a line of the engine's own to the log."""
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(f"[local session] {text}\n")

    def last_line(self) -> str:
        """The last line of the log that says something; of a traceback, that is the error."""
        lines = reversed(self.lines(tail=_TAIL_LINES))
        return next((line.strip() for line in lines if line.strip()), "")

    def lines(self, tail: int = 0) -> list[str]:
        """The log as far as it is written; with ``tail``, its last so many lines of 8 KB."""
        if not self.log.is_file():
            return []
        with self.log.open("rb") as stream:
            if tail:
                stream.seek(max(0, self.log.stat().st_size - _TAIL_BYTES))
            return stream.read().decode("utf-8", "replace").splitlines()[-tail:]


@dataclass(frozen=True)
class Place:
    """What a running job has.

    Attributes:
        folder: its files and log.
        bucket: the objects that it reads and writes.
        launch: starts a program and waits for it.
        jobs: the other jobs, and the store; a tuning job trains, a transform job needs a model.
        inputs: puts objects into the folder, such that the job cannot change the bucket's.
    """

    folder: JobFolder
    bucket: Bucket
    launch: Launch
    jobs: Jobs
    inputs: Inputs


@dataclass(frozen=True)
class JobKind:
    """What differs between the kinds of job.

    Attributes:
        resource: the kind under which the store keeps it, and the noun of its ARN.
        noun: the prefix of its members, as in ``ProcessingJobName``.
        metadata: the member that names it in a list of steps.
        run: runs a described job at its place; gives members to add to its Describe response.
        outputs: URIs of the objects that a completed job wrote, each with the file in its folder
            that the object is a copy of (None: it has none); a step is reused from the cache only
            while they are what they were.
        defaults: members that its Describe response must have.
        starts_with: members that its Describe response has from the start on.
        named: its name, made of those of an execution and a step.
        properties: what ``Steps.<name>.<path>`` finds of an ended job beside its Describe response;
            made of what is stored, so that a later process finds the same.
    """

    resource: str
    noun: str
    metadata: str
    run: Callable[[Document, Place], Document]
    outputs: Callable[[Document, JobFolder], Mapping[str, Path | None]]
    defaults: Document = field(default_factory=dict)
    starts_with: Callable[[Document], Document] = lambda job: {}
    named: Callable[[str, str], str] = job_name
    properties: Callable[[Document, Jobs], Document] = lambda job, jobs: {}

    @property
    def described(self) -> frozenset[str]:
        """Members of its Describe response."""
        return members(f"Describe{self.noun}Response")

    def name_of(self, job: Document) -> str:
        return str(job[f"{self.noun}Name"])


def time_limit(job: dict[str, Any]) -> float | None:
    """Seconds that a job's stopping condition gives it; None: no limit."""
    seconds = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    return float(seconds) if seconds else None


def run_to_success(command: Command, folder: JobFolder, launch: Launch, message: Path) -> None:
    """Run a job's program.

    Args:
        command: the program.
        folder: the job's folder.
        launch: runs it.
        message: the file in which the program may have left its own words about a failure.

    Raises:
        StepFailure: it ended with another code than 0; names script, reason and log.
    """
    code = launch(command)
    if code == 0:
        return
    reason = folder.last_line()
    if message.is_file():
        reason = message.read_text(encoding="utf-8", errors="replace").strip() or reason
    ended = f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
    said = f": {reason[: _REASON_LENGTH - 250]}" if reason else ""
    told = f"{command.name} {ended}{said} (log: {folder.log})"
    if disk.has_no_room(folder.path):
        raise DiskFull(f"{told}. {disk.full(folder.path)}")
    raise (JobKilled if code < 0 else StepFailure)(told)


def string_environment(environment: dict[str, Any] | None, folder: JobFolder) -> dict[str, str]:
    """A request's ``Environment`` for a process on this machine."""
    return {name: folder.rewrite(str(value)) for name, value in (environment or {}).items()}


def resource_config(instance_type: str) -> dict[str, Any]:
    """``resourceconfig.json`` of a job on a single host."""
    return {
        "current_host": "algo-1",
        "current_instance_type": instance_type,
        "current_group_name": "homogeneousCluster",
        "hosts": ["algo-1"],
        "network_interface_name": "lo",
    }
