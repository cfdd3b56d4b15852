"""Which process runs an execution or a job, and whether it still lives."""

from __future__ import annotations

import os
import socket

import psutil


def this_process() -> str:
    """``<host>:<pid>:<moment of its start>``: no other process, before or after, has the same."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{_started(pid):.2f}"


def alive(owner: str) -> bool | None:
    """Does the process named by ``this_process`` still run? None: it is not of this host."""
    host, pid, started = owner.rsplit(":", 2)
    if host != socket.gethostname():
        return None
    try:
        process = psutil.Process(int(pid))
        return process.status() != psutil.STATUS_ZOMBIE and f"{_started(int(pid)):.2f}" == started
    except psutil.Error:
        return False


def _started(pid: int) -> float:
    return psutil.Process(pid).create_time()
