"""One deployment of an endpoint at a time, of those that this project's folder starts."""

from contextlib import AbstractContextManager

from .. import locks, paths


def held(endpoint: str) -> AbstractContextManager[None]:
    """Hold an endpoint for a block; a process that is killed lets go of it.

    Raises:
        ProjectError: another process, or thread, holds it.
    """
    return locks.held(
        paths.LOCAL_ROOT / "deploying" / f"{endpoint.lower()}.lock",
        f"{endpoint} is being deployed by another process; wait until that has ended",
    )
