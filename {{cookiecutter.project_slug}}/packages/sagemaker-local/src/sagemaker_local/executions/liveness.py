"""Executions that the state says run: does somebody still run them? If not, they are interrupted.

The process that runs an execution is its owner. When it dies, whoever looks next at the execution
writes down that it was interrupted, so that it can be retried.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

from sagemaker_local.errors import NotFoundError
from sagemaker_local.executions.records import RUNNING, ExecutionRecords, StoredExecution
from sagemaker_local.processes import owner
from sagemaker_local.steps.results import Results
from sagemaker_local.storage.store import Document, now

_INTERRUPTED = (
    "The process that ran this execution ended before the execution did; "
    "retry_pipeline_execution goes on from what had succeeded."
)


class Running(Protocol):
    """An execution that this process has started."""

    @property
    def alive(self) -> bool:
        """Whether its end is still to be stored by this process."""
        ...

    def stop(self) -> None: ...


# Of this process, by ARN: several sessions of it may look at one execution. One whose end is stored
# is forgotten: it would keep its state's file open, and all its documents, as long as the process.
here: dict[str, Running] = {}
_forgetting = threading.Lock()
# Stored as this process's, and not begun yet.
_starting: list[str] = []  # twice, if two threads try to resume one


@contextmanager
def starting(arn: str) -> Iterator[None]:
    """While the block runs, this process is about to run an execution.

    Whatever ends the block before the execution has begun, a person's interrupt too: the next look
    finds an execution that nobody runs.
    """
    _starting.append(arn)
    try:
        yield
    finally:
        _starting.remove(arn)


def forget(arn: str, execution: Running | None = None) -> None:
    """Forget who runs an execution; if it is said who, only that one: another may have begun."""
    with _forgetting:
        if execution is None or here.get(arn) is execution:
            here.pop(arn, None)


@dataclass(frozen=True)
class LiveExecutions:
    """The stored executions, each looked at before it is given: see the module.

    Attributes:
        records: the executions.
        results: tells whether a step's job ended just before its owner did.
    """

    records: ExecutionRecords
    results: Results

    def get(self, arn: str) -> StoredExecution:
        """An execution.

        Raises:
            NotFoundError: there is none of this ARN.
        """
        stored = self.records.find(arn)
        if stored is None:
            raise NotFoundError(f"Pipeline execution '{arn}' does not exist.")
        return self._looked_at(stored)

    def of_pipeline(self, name: str) -> list[StoredExecution]:
        """Newest first."""
        return [self._looked_at(stored) for stored in self.records.of_pipeline(name)]

    def _looked_at(self, stored: StoredExecution) -> StoredExecution:
        return self._interrupt(stored) if _is_abandoned(stored) else stored

    def _interrupt(self, stored: StoredExecution) -> StoredExecution:
        with self.records.store.transaction("execution interrupted"):
            current = self.records.find(stored.arn)
            if current is None or not _is_abandoned(current):
                return current or stored
            document = current.document | {
                "FailureReason": _INTERRUPTED,
                "LastModifiedTime": now(),
            }
            self.records.update(current.arn, "Failed", document)
            for step in self.records.steps(current.arn):
                if step["StepStatus"] == "Executing":
                    self.records.put_step(current.arn, step["StepName"], self._ending(step))
        return replace(current, status="Failed", document=document)

    def _ending(self, step: Document) -> Document:
        """A step that ran when its owner died; its job may have ended just before."""
        metadata = step.get("Metadata", {})
        ended = step | {"EndTime": now()}
        if metadata and self.results.succeeded(metadata) is not None:
            return ended | {"StepStatus": "Succeeded"}
        return ended | {"StepStatus": "Failed", "FailureReason": f"ClientError: {_INTERRUPTED}"}


def _is_abandoned(stored: StoredExecution) -> bool:
    """Does the state say that it runs, while nobody runs it?"""
    if stored.status not in RUNNING:
        return False
    own = here.get(stored.arn)
    if own is not None:
        return not own.alive
    if stored.owner == owner.this_process():
        return stored.arn not in _starting
    lives = owner.alive(stored.owner) if stored.owner else None
    if lives is None:
        return stored.lease < time.time()
    return not lives
