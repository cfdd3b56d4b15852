"""One deployment of an endpoint at a time, of those that this project's folder starts."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from .. import paths
from ..errors import ProjectError


@contextmanager
def held(endpoint: str) -> Iterator[None]:
    """Hold an endpoint for a block; a process that is killed lets go of it.

    Raises:
        ProjectError: another process, or thread, holds it.
    """
    folder = paths.LOCAL_ROOT / "deploying"
    folder.mkdir(parents=True, exist_ok=True)
    # SQLite's locks are the system's own, on every system, and end with their process.
    file = folder / f"{endpoint.lower()}.lock"
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise ProjectError(
                f"{endpoint} is being deployed by another process; wait until that has ended"
            ) from None
        yield
