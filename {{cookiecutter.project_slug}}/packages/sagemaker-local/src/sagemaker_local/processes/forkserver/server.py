"""The server: it starts jobs, and tells when they have ended.

It speaks JSON lines: it reads ``{"id", "argv", "fork", "ml", "replaced", "root", "cwd", "log",
"environment"}`` and writes ``{"event": "ready", "refusal"}``, ``{"event": "started", "id", "pid"}``
and ``{"event": "ended", "id", "code"}``. With ``fork`` the child runs the Python script ``argv[1]``
itself, else it becomes the program ``argv[0]``. With ``ml`` it finds that folder at ``/opt/ml``,
unless ``refusal`` said why it cannot; without, ``replaced`` says that its code names the folder.

It has one thread, because a child of a process with several threads may inherit a locked lock.

A job ends like a container: when its main process has ended, so has everything that it started.
The server adopts what a job leaves behind, daemons included, and kills it before it says that the
job has ended. When its input closes, its owner is gone: it kills the jobs that still run and ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
from typing import Any

from . import children, job, mounts


class _Server:
    def __init__(self, requests: int, events: int, modules: list[str]) -> None:
        self._requests = requests
        self._events = events
        self._modules = modules
        self._buffer = b""
        self._jobs: dict[int, str] = {}
        self._ended: list[dict[str, Any]] = []

    def serve(self) -> None:
        """Handle requests and ended children until the owner is gone."""
        child_ended, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        children.adopt()
        self._send({"event": "ready", "refusal": mounts.refusal()})
        try:
            self._load_next()
            while True:
                # With modules left, only look: a first job need not wait for what it may not use.
                timeout = 0 if self._modules else None
                readable, _, _ = select.select([self._requests, child_ended], [], [], timeout)
                if not readable:
                    self._load_next()
                if child_ended in readable:
                    os.read(child_ended, 4096)
                    self._reap()
                if self._requests in readable and not self._receive():
                    return
        finally:
            self._kill_all()

    def _load_next(self) -> None:
        if self._modules:
            # Whatever is wrong with a library, a job that needs it says so better.
            with contextlib.suppress(Exception):
                importlib.import_module(self._modules.pop(0))

    def _receive(self) -> bool:
        data = os.read(self._requests, 1 << 16)
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            self._start(json.loads(line))
        return bool(data)

    def _start(self, request: job.Request) -> None:
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            job.become(request, server, keep_out=(self._requests, self._events))
        # Here and in the child: whoever hears of the job may end its group at once.
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        self._jobs[pid] = request["id"]
        self._send({"event": "started", "id": request["id"], "pid": pid})

    def _reap(self) -> None:
        """Tell of ended jobs, once nothing is left of them.

        While a job runs, its own process adopts what its children leave behind. A child of the
        server that is no job is therefore left from one that has ended.
        """
        ended, has_children = children.reaped()
        for pid, code in ended:
            if pid in self._jobs:
                self._ended.append({"event": "ended", "id": self._jobs.pop(pid), "code": code})
        if self._ended and has_children and self._kill_leftovers():
            return  # their end wakes the server again
        for event in self._ended:
            self._send(event)
        self._ended.clear()

    def _kill_leftovers(self) -> bool:
        """Whether there were any."""
        return any([children.kill(pid) for pid in children.identifiers() if pid not in self._jobs])

    def _send(self, event: dict[str, Any]) -> None:
        os.write(self._events, json.dumps(event).encode() + b"\n")

    def _kill_all(self) -> None:
        for pid in self._jobs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        while any([children.kill(pid) for pid in children.identifiers()]):
            os.wait()


def main(modules: list[str]) -> None:
    """Serve standard input until it closes; meanwhile import what is installed of ``modules``."""
    gc.disable()  # nothing that an import makes is garbage, and looking for it takes time
    events = os.dup(1)
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError):  # an owner that is gone hears nothing
        _Server(0, events, modules).serve()
