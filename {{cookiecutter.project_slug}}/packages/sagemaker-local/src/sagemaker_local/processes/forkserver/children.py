"""The children of this process, and what Linux does with them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal

# <linux/prctl.h>
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """Become the parent of what this process's children leave behind."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent() -> None:
    """Have this process killed when its parent ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def kill(pid: int) -> bool:
    """Whether a process could be killed; one that became another user's cannot."""
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    return True


def reaped() -> tuple[list[tuple[int, int]], bool]:
    """Identifiers and exit codes of children that have ended, and whether there are others."""
    ended: list[tuple[int, int]] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended, False
        if pid == 0:
            return ended, True
        ended.append((pid, os.waitstatus_to_exitcode(status)))


def identifiers() -> list[int]:
    """Identifiers of this process's children."""
    own = os.getpid()
    with contextlib.suppress(FileNotFoundError):  # a kernel without CONFIG_PROC_CHILDREN
        return [int(pid) for pid in _read(f"/proc/self/task/{own}/children").split()]
    processes = [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    return [pid for pid in processes if _parent(pid) == own]


def _parent(pid: int) -> int:
    try:
        return int(_read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - no pathlib import cost
        return file.read()
