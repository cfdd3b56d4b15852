"""What a kind of job is, and what a running job has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sagemaker_local.cache.signature import Signing
from sagemaker_local.definition.support import Settings
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.inputs import Inputs
from sagemaker_local.names import job_name
from sagemaker_local.processes.runner import Launch
from sagemaker_local.service_model import members
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.store import Document, Store


@dataclass(frozen=True)
class JobContext:
    """What a running job has.

    Attributes:
        folder: its files and log.
        bucket: the objects that it reads and writes.
        launch: starts a program and waits for it.
        store: the state; a transform job finds its model there.
        run_job: runs another job to its end; a tuning job trains.
        inputs: puts objects into the folder, such that the job cannot change the bucket's.
    """

    folder: JobFolder
    bucket: Bucket
    launch: Launch
    store: Store
    run_job: Callable[[JobKind, str, Document, Launch], Document]
    inputs: Inputs


@dataclass(frozen=True)
class JobKind:
    """What differs between the kinds of job.

    Attributes:
        resource: the kind under which the store keeps it, and the noun of its ARN.
        noun: the prefix of its members, as in ``ProcessingJobName``.
        settings: the members of its Create request, and what of them is run.
        refusals: sentences, each a reason why a request cannot run; its shape is right already.
            Values that are expressions are left out.
        run: runs a described job in its context; gives members to add to its Describe response.
        outputs: URIs of the objects that a completed job wrote, each with the file in its folder
            that the object is a copy of (None: it has none); a step is reused from the cache only
            while they are what they were.
        sign: adds what makes its result to a signature.
        defaults: members that its Describe response must have.
        starts_with: members that its Describe response has from the start on.
        ends_with: members that its Describe response has once it has ended, in whatever way; made
            of what is in its folder.
        named: its name, made of those of an execution and a step.
        hosts: how many hosts a resolved request asks for.
        properties: what ``Steps.<name>.<path>`` finds of an ended job beside its Describe response;
            made of what is stored, so that a later process finds the same.
    """

    resource: str
    noun: str
    settings: Settings
    refusals: Callable[[Document], Iterator[str]]
    run: Callable[[Document, JobContext], Document]
    outputs: Callable[[Document, JobFolder], Mapping[str, Path | None]]
    sign: Callable[[Signing, Document], None]
    defaults: Document = field(default_factory=dict)
    starts_with: Callable[[Document], Document] = lambda job: {}
    ends_with: Callable[[JobFolder], Document] = lambda folder: {}
    named: Callable[[str, str], str] = job_name
    hosts: Callable[[Document], int] = lambda request: 1
    properties: Callable[[Document, Store], Document] = lambda job, store: {}

    @property
    def described(self) -> frozenset[str]:
        """Members of its Describe response."""
        return members(self.response)

    @property
    def request(self) -> str:
        """The shape of its Create request, in the service's model."""
        return f"Create{self.noun}Request"

    @property
    def response(self) -> str:
        """The shape of its Describe response."""
        return f"Describe{self.noun}Response"

    def name_of(self, job: Document) -> str:
        return str(job[f"{self.noun}Name"])
