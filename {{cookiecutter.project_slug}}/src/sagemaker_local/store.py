"""The state of a local session, in one SQLite file: what was created, and what became of it.

Each row is a document (the boto shape of its Describe response, or what that is made of) under the
columns that queries need. Writes are short immediate transactions in WAL mode, so that several
processes may share a root and a killed one loses nothing that it had written.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sagemaker_local.errors import LocalError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources (
    kind TEXT NOT NULL, name TEXT NOT NULL, created REAL NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (kind, name));
CREATE TABLE IF NOT EXISTS executions (
    arn TEXT PRIMARY KEY, pipeline TEXT NOT NULL, created REAL NOT NULL, status TEXT NOT NULL,
    lease REAL NOT NULL, document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS steps (
    execution TEXT NOT NULL, name TEXT NOT NULL, position INTEGER NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (execution, name));
CREATE TABLE IF NOT EXISTS model_packages (
    package_group TEXT NOT NULL, version INTEGER NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (package_group, version));
"""
_VERSION = 1
_BUSY_SECONDS = 60.0

Document = dict[str, Any]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Execution:
    """A stored execution. ``lease`` is the time (epoch seconds) until which its owner lives."""

    arn: str
    pipeline: str
    status: str
    lease: float
    document: Document


class Store:
    """One connection to the state file; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._create()

    def _create(self) -> None:
        """Create the tables once; every process that opens a new root may try."""
        if self._version() == _VERSION:
            return
        self._use_write_ahead_log()
        with self.transaction():
            if self._version() == 0:
                for statement in _SCHEMA.split(";"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {_VERSION}")
        if self._version() != _VERSION:
            raise LocalError(
                f"The local session's state has format {self._version()}, and this version reads "
                f"format {_VERSION}: move the folder away, or use the version that wrote it."
            )

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _use_write_ahead_log(self) -> None:
        """SQLite does not wait for a lock when it changes the journal, so this waits itself."""
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction inside another one is part of it."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _write(self, statement: str, *values: Any) -> int:
        with self.transaction():
            return self._connection.execute(statement, values).rowcount

    def add_resource(self, kind: str, name: str, document: Document) -> bool:
        """Store a new pipeline, job, model or group; False if the name is taken."""
        created = document["CreationTime"].timestamp()
        return bool(
            self._write(
                "INSERT OR IGNORE INTO resources VALUES (?, ?, ?, ?)",
                kind,
                name,
                created,
                _dump(document),
            )
        )

    def update_resource(self, kind: str, name: str, document: Document) -> None:
        self._write(
            "UPDATE resources SET document = ? WHERE kind = ? AND name = ?",
            _dump(document),
            kind,
            name,
        )

    def resource(self, kind: str, name: str) -> Document | None:
        rows = self._rows("SELECT document FROM resources WHERE kind = ? AND name = ?", kind, name)
        return _load(rows[0][0]) if rows else None

    def resources(self, kind: str) -> list[Document]:
        """Newest first."""
        rows = self._rows(
            "SELECT document FROM resources WHERE kind = ? ORDER BY created DESC, rowid DESC", kind
        )
        return [_load(row[0]) for row in rows]

    def delete_resource(self, kind: str, name: str) -> bool:
        return bool(self._write("DELETE FROM resources WHERE kind = ? AND name = ?", kind, name))

    def add_execution(self, execution: Execution) -> None:
        self._write(
            "INSERT INTO executions VALUES (?, ?, ?, ?, ?, ?)",
            execution.arn,
            execution.pipeline,
            execution.document["CreationTime"].timestamp(),
            execution.status,
            execution.lease,
            _dump(execution.document),
        )

    def update_execution(self, arn: str, status: str, document: Document) -> None:
        self._write(
            "UPDATE executions SET status = ?, document = ? WHERE arn = ?",
            status,
            _dump(document),
            arn,
        )

    def renew_lease(self, arn: str, until: float) -> None:
        self._write("UPDATE executions SET lease = ? WHERE arn = ?", until, arn)

    def execution(self, arn: str) -> Execution | None:
        rows = self._rows(
            "SELECT arn, pipeline, status, lease, document FROM executions WHERE arn = ?", arn
        )
        return _execution(rows[0]) if rows else None

    def executions(self, pipeline: str) -> list[Execution]:
        """Newest first."""
        rows = self._rows(
            "SELECT arn, pipeline, status, lease, document FROM executions "
            "WHERE pipeline = ? ORDER BY created DESC, rowid DESC",
            pipeline,
        )
        return [_execution(row) for row in rows]

    def put_step(self, execution: str, name: str, document: Document) -> None:
        """Create or replace a step's state; its position is that of its first appearance."""
        with self.transaction():
            ((position,),) = self._rows("SELECT COUNT(*) FROM steps WHERE execution = ?", execution)
            self._write(
                "INSERT INTO steps VALUES (?, ?, ?, ?) "
                "ON CONFLICT (execution, name) DO UPDATE SET document = excluded.document",
                execution,
                name,
                position,
                _dump(document),
            )

    def steps(self, execution: str) -> list[Document]:
        """In the order in which they started."""
        rows = self._rows(
            "SELECT document FROM steps WHERE execution = ? ORDER BY position", execution
        )
        return [_load(row[0]) for row in rows]

    def next_version(self, group: str) -> int:
        """The version that a new package of the group gets; use it inside a transaction.

        Versions of deleted packages are not given again: the group remembers the highest.
        """
        document = self.resource("model-package-group", group) or {}
        return int(document.get("LastVersion", 0)) + 1

    def put_model_package(self, group: str, version: int, document: Document) -> None:
        self._write(
            "INSERT OR REPLACE INTO model_packages VALUES (?, ?, ?)",
            group,
            version,
            _dump(document),
        )

    def model_package(self, group: str, version: int) -> Document | None:
        rows = self._rows(
            "SELECT document FROM model_packages WHERE package_group = ? AND version = ?",
            group,
            version,
        )
        return _load(rows[0][0]) if rows else None

    def model_packages(self, group: str) -> list[Document]:
        """Highest version first."""
        rows = self._rows(
            "SELECT document FROM model_packages WHERE package_group = ? ORDER BY version DESC",
            group,
        )
        return [_load(row[0]) for row in rows]

    def delete_model_package(self, group: str, version: int) -> bool:
        return bool(
            self._write(
                "DELETE FROM model_packages WHERE package_group = ? AND version = ?", group, version
            )
        )


def _execution(row: tuple[Any, ...]) -> Execution:
    arn, pipeline, status, lease, document = row
    return Execution(arn, pipeline, status, lease, _load(document))


def _dump(document: Document) -> str:
    return json.dumps(document, default=_encode_time)


def _load(text: str) -> Document:
    document: Document = json.loads(text, object_hook=_decode_time)
    return document


def _encode_time(value: Any) -> dict[str, str]:
    if isinstance(value, datetime):
        return {"$time": value.isoformat()}
    raise TypeError(f"{value!r} cannot be stored as JSON")


def _decode_time(value: dict[str, Any]) -> Any:
    """The time that ``_encode_time`` wrote; a person's own data may look like it and stays."""
    if set(value) != {"$time"}:
        return value
    try:
        moment = datetime.fromisoformat(value["$time"])
    except (TypeError, ValueError):
        return value
    return moment if moment.tzinfo else value
