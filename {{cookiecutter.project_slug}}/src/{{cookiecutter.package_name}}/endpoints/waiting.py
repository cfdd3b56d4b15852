"""Waiting for what an endpoint writes beside its answers: captures, metrics."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from ..errors import ProjectError

Found = TypeVar("Found")
FIRST_SECONDS = 0.5  # between two looks; from one to the next it grows


def until(
    session: Any, look: Callable[[], Found], enough: Callable[[Found], bool], what: str
) -> Found:
    """Look again and again until there is enough; gives what was found.

    Args:
        session: local or managed; it knows within which time captures and metrics are there.
        look: gives what is there by now.
        enough: whether that is all.
        what: is waited for, for the error.

    Raises:
        ProjectError: it is not there after all that time.
    """
    deadline = time.monotonic() + session.settle_seconds
    pause = min(FIRST_SECONDS, session.poll_seconds)
    while not enough(found := look()):
        if time.monotonic() > deadline:
            raise ProjectError(f"{what} are not there after {session.settle_seconds:.0f} s")
        time.sleep(pause)
        pause = min(pause * 1.5, max(session.poll_seconds, FIRST_SECONDS))
    return found
