"""Which process something belongs to, in a form that other processes can check for life.

A process identifier alone is given again after a while; with the time at which the process was
created it names one process of one machine.
"""

from __future__ import annotations

import os
import re
import socket
from functools import cache

import psutil

_OWNER = re.compile(r"(?P<host>.+):(?P<pid>\d+):(?P<created>\d+(\.\d+)?)")
# Times of creation are counted from the boot time, which jitters by a second.
_SAME_SECONDS = 2.0


def this_process() -> str:
    """``<host>:<pid>:<time of creation, epoch seconds>``."""
    return _identity(os.getpid())


@cache
def _identity(pid: int) -> str:  # by its number: a fork inherits what its parent has cached
    return f"{socket.gethostname()}:{pid}:{psutil.Process(pid).create_time()}"


def alive(owner: str) -> bool | None:
    """Does the process that ``this_process`` named still run?

    Args:
        owner: what ``this_process`` gave there.

    Returns:
        None if this machine cannot know: it is a process of another one, or no owner at all.
    """
    parts = _OWNER.fullmatch(owner)
    if parts is None or parts["host"] != socket.gethostname():
        return None
    try:
        process = psutil.Process(int(parts["pid"]))
        same = abs(process.create_time() - float(parts["created"])) < _SAME_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return None
