"""Executions and their steps as the state keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sagemaker_local.storage.store import Document, Store, dump, load, members_of, now

RUNNING = ("Executing", "Stopping")
# Members of a stored execution that its Describe response does not have.
PRIVATE = ("Parameters", "RoleArn")
# What an execution may be called, which may change while it runs.
CALLED = ("PipelineExecutionDisplayName", "PipelineExecutionDescription")
_COLUMNS = "arn, pipeline, status, lease, document, owner"


@dataclass(frozen=True)
class StoredExecution:
    """An execution of a pipeline: what was asked for, and what became of it.

    Its definition, which can be large, is read by itself: see ``ExecutionRecords.definition``.

    Attributes:
        pipeline: the pipeline's name.
        lease: the time (epoch seconds) until which an owner on another host is taken to live.
        document: its Describe response, and what ``PRIVATE`` names.
        owner: the process that runs it; see ``processes.owner``.
    """

    arn: str
    pipeline: str
    status: str
    lease: float
    document: Document
    owner: str = ""


@dataclass(frozen=True)
class ExecutionRecords:
    """The executions of one state, with their steps."""

    store: Store

    def add(self, execution: StoredExecution, definition: str) -> None:
        self.store.write(
            "INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            execution.arn,
            execution.pipeline,
            execution.document["CreationTime"].timestamp(),
            execution.status,
            execution.lease,
            dump(execution.document),
            execution.owner,
            definition,
        )

    def definition(self, arn: str) -> str:
        """The text of the definition that an execution runs."""
        ((text,),) = self.store.rows("SELECT definition FROM executions WHERE arn = ?", arn)
        return str(text)

    def update(self, arn: str, status: str, document: Document) -> None:
        self.store.write(
            "UPDATE executions SET status = ?, document = ? WHERE arn = ?",
            status,
            dump(document),
            arn,
        )

    def call(self, arn: str, names: Document) -> None:
        """Give a stored execution other ones of ``CALLED``."""
        with self.store.transaction():
            ((status, text),) = self.store.rows(
                "SELECT status, document FROM executions WHERE arn = ?", arn
            )
            self.update(arn, status, {**load(text), **names, "LastModifiedTime": now()})

    def called(self, arn: str) -> Document:
        """What a stored execution is called."""
        found = self.find(arn)
        return members_of(found.document, CALLED) if found else {}

    def renew_lease(self, arn: str, until: float, owner: str) -> str:
        """Keep an execution as ``owner``'s; gives its status, which another process may change."""
        with self.store.transaction():
            self.store.write(
                "UPDATE executions SET lease = ?, owner = ? WHERE arn = ?", until, owner, arn
            )
            rows = self.store.rows("SELECT status FROM executions WHERE arn = ?", arn)
        return str(rows[0][0]) if rows else ""

    def find(self, arn: str) -> StoredExecution | None:
        rows = self.store.rows(f"SELECT {_COLUMNS} FROM executions WHERE arn = ?", arn)
        return _execution(rows[0]) if rows else None

    def of_pipeline(self, name: str, most: int = -1) -> list[StoredExecution]:
        """Newest first; not more than ``most``, if that is given."""
        rows = self.store.rows(
            f"SELECT {_COLUMNS} FROM executions "
            "WHERE pipeline = ? ORDER BY created DESC, rowid DESC LIMIT ?",
            name,
            most,
        )
        return [_execution(row) for row in rows]

    def delete_of(self, pipeline: str) -> None:
        """Delete a pipeline's executions, with their steps and what made the steps' results.

        A start with the token of one of them is a new start.
        """
        executions = "SELECT arn FROM executions WHERE pipeline = ?"
        with self.store.transaction():
            for table in ("steps", "signatures"):
                self.store.write(f"DELETE FROM {table} WHERE execution IN ({executions})", pipeline)
            self.store.write(f"DELETE FROM remembered WHERE value IN ({executions})", pipeline)
            self.store.write("DELETE FROM executions WHERE pipeline = ?", pipeline)

    def put_step(self, arn: str, name: str, document: Document) -> None:
        """Create or replace a step's state; ``steps`` gives them by their StartTime."""
        self.store.write(
            "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?)",
            arn,
            name,
            int(document["StartTime"].timestamp() * 1e6),
            dump(document),
        )

    def step(self, arn: str, name: str) -> Document | None:
        rows = self.store.rows(
            "SELECT document FROM steps WHERE execution = ? AND name = ?", arn, name
        )
        return load(rows[0][0]) if rows else None

    def steps(self, arn: str) -> list[Document]:
        """In the order in which they started."""
        rows = self.store.rows(
            "SELECT document FROM steps WHERE execution = ? ORDER BY position, rowid", arn
        )
        return [load(row[0]) for row in rows]

    def delete_step(self, arn: str, name: str) -> None:
        self.store.write("DELETE FROM steps WHERE execution = ? AND name = ?", arn, name)


def _execution(row: tuple[Any, ...]) -> StoredExecution:
    arn, pipeline, status, lease, document, owner = row
    return StoredExecution(arn, pipeline, status, lease, load(document), owner)
