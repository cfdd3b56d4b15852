"""Locks between processes of this machine: files that SQLite locks, on every system."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .errors import ProjectError


@contextmanager
def held(file: Path, sentence: str) -> Iterator[None]:
    """Hold a lock for a block; a process that is killed lets go of it.

    Args:
        file: of the lock; it stays.
        sentence: what is said where another process, or thread, holds it.

    Raises:
        ProjectError: with that sentence.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    # SQLite's locks are the system's own, on every system, and end with their process.
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise ProjectError(sentence) from None
        yield


def is_held(file: Path) -> bool:
    """Whether somebody holds a lock now."""
    try:
        with held(file, ""):
            return False
    except ProjectError:
        return True
