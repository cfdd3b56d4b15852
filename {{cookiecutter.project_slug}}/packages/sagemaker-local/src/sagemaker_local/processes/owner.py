"""Which process something belongs to, in a form that other processes can check for life.

A process identifier alone is given again after a while; with the time at which the process was
created it names one process of one machine.
"""

from __future__ import annotations

import os
import re
import socket
from functools import cache
from pathlib import Path

import psutil

_OWNER = re.compile(r"(?P<host>.+):(?P<pid>\d+):((?P<boot>[0-9a-f]+)\+)?(?P<created>\d+(\.\d+)?)")
_BOOT = Path("/proc/sys/kernel/random/boot_id")
# The boot time, from which times of creation are told, is rounded to a second.
_SAME_SECONDS = 2.0


def this_process() -> str:
    """``<host>:<pid>:<time of creation>``.

    The time is in epoch seconds, or ``<boot>+<seconds since then>`` where the system numbers its
    boots: a clock that is set while a process runs moves all times but those.
    """
    return _identity(os.getpid())


@cache
def _identity(pid: int) -> str:  # by its number: a fork inherits what its parent has cached
    created = _created(psutil.Process(pid), _boot())
    return f"{socket.gethostname()}:{pid}:{f'{_boot()}+' if _boot() else ''}{created}"


@cache
def _boot() -> str:
    try:
        return _BOOT.read_text(encoding="ascii").partition("-")[0]
    except OSError:
        return ""


def _created(process: psutil.Process, boot: str) -> float:
    """Seconds since this boot, or, without one, since the epoch."""
    return process.create_time() - (psutil.boot_time() if boot else 0.0)


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
    boot = parts["boot"] or ""
    if boot and boot != _boot():
        return False
    try:
        process = psutil.Process(int(parts["pid"]))
        same = abs(_created(process, boot) - float(parts["created"])) < _SAME_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return None
