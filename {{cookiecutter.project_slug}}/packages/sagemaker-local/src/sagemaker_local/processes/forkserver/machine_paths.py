"""Keeps a job that has no ``/opt/ml`` of its own from writing to the machine's.

The path is replaced in the job's copies of its code, which does not find one that is put together,
or that a library names. The super-user, as in a container, could write there unseen.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Any

_ROOT = "/opt/ml"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# What they change is their last path.
_CHANGES = {"os.mkdir": 0, "os.rename": 1, "os.link": 1, "os.symlink": 1}
_TOLD = (
    "this job has no /opt/ml of its own, and its code does not name the path as a whole; take it "
    "from arguments or variables"
)


def protect() -> None:
    """From now on, this process's Python code gets a PermissionError."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = arguments
        path = path if flags & _WRITING else None
    elif event in _CHANGES:
        path = arguments[_CHANGES[event]]
    else:
        return
    if isinstance(path, str | bytes) and _is_machines(os.fsdecode(path)):
        raise PermissionError(errno.EACCES, _TOLD, path)


def _is_machines(path: str) -> bool:
    return path == _ROOT or path.startswith(f"{_ROOT}/")
