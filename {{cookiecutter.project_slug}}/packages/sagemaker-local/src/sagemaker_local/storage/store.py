"""The state of a local session, in one SQLite file: what was created, and what became of it.

Here are the file, its transactions and its formats, and rows of any kind of resource; executions,
signatures, model packages and metrics have tables of their own, read and written where they belong
(``executions.records``, ``cache.records``, ``registry.packages``, ``endpoints.metrics``). Each row
is a document (the boto shape of its Describe response, or what that is made of) under the columns
that queries need.

Writes are short immediate transactions in WAL mode, so that several processes may share a root and
a killed one loses nothing that it had written.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sagemaker_local.errors import LocalError
from sagemaker_local.storage import disk

# The changes that lead from each format of the state to the next; the last one is this version's.
_FORMATS = (
    """
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
""",
    """
ALTER TABLE executions ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE TABLE signatures (
    execution TEXT NOT NULL, step TEXT NOT NULL, pipeline TEXT NOT NULL, digest TEXT NOT NULL,
    created REAL NOT NULL, reusable INTEGER NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (execution, step));
CREATE INDEX signatures_by_digest ON signatures (pipeline, step, digest, created);
CREATE INDEX executions_by_pipeline ON executions (pipeline, created);
CREATE TABLE remembered (name TEXT PRIMARY KEY, stamp TEXT NOT NULL, value TEXT NOT NULL);
""",
    """
CREATE TABLE metrics (
    endpoint TEXT NOT NULL, variant TEXT NOT NULL, minute INTEGER NOT NULL, document TEXT NOT NULL,
    PRIMARY KEY (endpoint, variant, minute));
""",
    """
ALTER TABLE executions ADD COLUMN definition TEXT NOT NULL DEFAULT '';
UPDATE executions SET
    definition = json_extract(document, '$.PipelineDefinition'),
    document = json_remove(document, '$.PipelineDefinition');
CREATE INDEX resources_with_aliases ON resources (kind, name)
    WHERE instr(document, '"PipelineVersionAliases"');
""",
)
_VERSION = len(_FORMATS)
_BUSY_SECONDS = 60.0
# What SQLite calls a file that is something else, or broken.
_NO_STATE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)

Document = dict[str, Any]

# What a write does to an execution; after each of them the state makes sense by itself.
TRANSITIONS = (
    "execution started",
    "step started",
    "job created",
    "job ended",
    "step ended",
    "execution ended",
    "execution interrupted",
    "execution resumed",
)


def now() -> datetime:
    return datetime.now(UTC)


def members_of(document: Document, names: Iterable[str]) -> Document:
    """The members of ``document`` that are there and named, for a summary."""
    return {name: document[name] for name in names if name in document}


class Store:
    """One connection to the state file; safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._create()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) not in _NO_STATE:
                raise
            raise LocalError(
                f"{path} is no state of a local session ({error}): move its folder away, and a new "
                "one is created."
            ) from error

    def _create(self) -> None:
        """Create or upgrade the tables once; every process that opens a root may try."""
        if self._version() == _VERSION:
            return
        self._refuse_later_format()
        self._use_write_ahead_log()
        with self.transaction():
            self._refuse_later_format()  # a later version of this engine may have been faster
            for statements in _FORMATS[self._version() :]:
                for statement in statements.split(";"):
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    def _refuse_later_format(self) -> None:
        if self._version() > _VERSION:
            raise LocalError(
                f"The local session's state at {self._path} has format {self._version()}, and this "
                f"version reads formats up to {_VERSION}: update the engine, or move the folder "
                "away and run again."
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
    def transaction(self, name: str = "") -> Iterator[None]:
        """All or nothing; a transaction inside another one is part of it.

        Args:
            name: of what it does to an execution, one of ``TRANSITIONS``; the tests end processes
                right before and after each of them.

        Raises:
            LocalError: the state cannot be written; says why, ``DiskFull`` for a full disk.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield
                self._commit(name)
            except sqlite3.OperationalError as error:
                self._roll_back()
                raise self._explained(error) from error
            except BaseException:
                self._roll_back()
                raise

    def _commit(self, name: str) -> None:
        self._connection.execute("COMMIT")

    def _roll_back(self) -> None:
        """SQLite itself does it after some errors, a full disk among them."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _explained(self, error: sqlite3.OperationalError) -> LocalError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL or disk.has_no_room(self._path.parent):
            return disk.full(self._path)
        if code == sqlite3.SQLITE_BUSY:
            return LocalError(
                f"The local session's state at {self._path} has been busy for {_BUSY_SECONDS:g} "
                "seconds: another process holds it. Retry when that one has ended."
            )
        return LocalError(f"The local session's state at {self._path} cannot be written: {error}")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def write(self, statement: str, *values: Any) -> int:
        """Change rows, in a transaction; gives how many."""
        with self.transaction():
            return self._connection.execute(statement, values).rowcount

    def add_resource(self, kind: str, name: str, document: Document) -> bool:
        """Store a new pipeline, job, model or group; False if the name is taken."""
        created = document["CreationTime"].timestamp()
        return bool(
            self.write(
                "INSERT OR IGNORE INTO resources VALUES (?, ?, ?, ?)",
                kind,
                name,
                created,
                dump(document),
            )
        )

    def update_resource(self, kind: str, name: str, document: Document) -> None:
        self.write(
            "UPDATE resources SET document = ? WHERE kind = ? AND name = ?",
            dump(document),
            kind,
            name,
        )

    def resource(self, kind: str, name: str) -> Document | None:
        rows = self.rows("SELECT document FROM resources WHERE kind = ? AND name = ?", kind, name)
        return load(rows[0][0]) if rows else None

    def resources(self, kind: str) -> list[Document]:
        """Newest first."""
        rows = self.rows(
            "SELECT document FROM resources WHERE kind = ? ORDER BY created DESC, rowid DESC", kind
        )
        return [load(row[0]) for row in rows]

    def delete_resource(self, kind: str, name: str) -> bool:
        return bool(self.write("DELETE FROM resources WHERE kind = ? AND name = ?", kind, name))

    def remembered(self, name: str, stamp: str) -> str | None:
        """What ``remember`` was told under this name, if the stamp is still the same."""
        rows = self.rows("SELECT stamp, value FROM remembered WHERE name = ?", name)
        return str(rows[0][1]) if rows and rows[0][0] == stamp else None

    def remember(self, name: str, stamp: str, value: str) -> None:
        """Keep something that is slow to find out, for as long as ``stamp`` stays the same."""
        self.write("INSERT OR REPLACE INTO remembered VALUES (?, ?, ?)", name, stamp, value)


def dump(document: Document) -> str:
    """A document as the text that a row keeps; times keep their zone."""
    return json.dumps(document, default=_encode_time)


def load(text: str) -> Document:
    """The document that ``dump`` made the text of."""
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
