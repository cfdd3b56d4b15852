"""The owner's side of the fork server: starts it in the background and hands jobs to it."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from sagemaker_local.errors import LocalError
from sagemaker_local.names import random_id
from sagemaker_local.processes import aws_variables, forkserver
from sagemaker_local.processes.container_paths import ROOT
from sagemaker_local.processes.libraries import installed
from sagemaker_local.processes.runner import Command, Process, Runner, SpawnRunner, stop_group

_SERVER = Path(forkserver.__file__).with_name("__main__.py")
PRELOADED = (
    "pandas",
    "pyarrow.compute",
    "pyarrow.csv",
    "xgboost",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.preprocessing",
    "scipy.stats",
)
# OpenMP reads this when the library loads: how long an idle thread spins before it sleeps. With the
# default, jobs side by side starve each other (XGBoost on two cores took 17 s instead of 1 s); with
# OMP_WAIT_POLICY=PASSIVE, no spinning at all, a small model takes three times as long to train.
# OpenBLAS's spin too, which costs each job on two cores 70 ms; 2**16 ticks are some 25 us.
_IDLE_THREADS = {"GOMP_SPINCOUNT": "10000", "OPENBLAS_THREAD_TIMEOUT": "16"}
# A library that makes a client of AWS when it is loaded makes one that reaches nothing.
_NO_AWS = aws_variables.of_a_job(aws_variables.NOWHERE, "us-east-1")

_servers: dict[tuple[str, ...] | None, WarmRunner] = {}
_lock = threading.Lock()


def shared_runner(warm: bool = True, modules: tuple[str, ...] = PRELOADED) -> Runner:
    """The runner of this process: a server where forking is safe (Linux), warm if wanted."""
    if not sys.platform.startswith("linux"):
        return SpawnRunner()
    wanted = modules if warm else None
    with _lock:
        if wanted not in _servers:
            _servers[wanted] = WarmRunner(wanted)
        return _servers[wanted]


class WarmRunner:
    """Runs Python scripts as forks of a server that has libraries loaded, or as children of it.

    A server that was killed fails its running jobs; the next job gets a new server. So does the
    first job after an installation: the old server has the old libraries, and its jobs go on.

    Args:
        modules: what the server loads; None: every job is a new interpreter. Its jobs still end
            with the process that owns the server, and leave nothing behind.
    """

    def __init__(self, modules: tuple[str, ...] | None) -> None:
        self._modules = modules
        self._lock = threading.Lock()
        self._installed = installed()
        self._servers = {"": _ServerProcess(modules or ())}

    def start(self, command: Command) -> Process:
        fork = command.script is not None and self._modules is not None
        library = command.library if fork else ""
        server = self._server(library)
        try:
            return self._start(command, fork, server)
        except _ServerGoneError:
            return self._start(command, fork, self._server(library, gone=server))

    def _start(self, command: Command, fork: bool, server: _ServerProcess) -> Process:
        paths = command.paths
        ml = paths.placed(command.log, server.refusal) if paths is not None else ""
        if ml and command.literal:
            told = {name: value.replace(ml, ROOT) for name, value in command.environment.items()}
            command = replace(command, environment=told)
        return server.start(command, fork, ml)

    def _server(self, library: str, gone: _ServerProcess | None = None) -> _ServerProcess:
        """One of its own for a library that others shall not find loaded; it is loaded first.

        It may start still: only the jobs that are its own wait for that.
        """
        with self._lock:
            self._retire_outdated()
            if self._servers.get(library) in (None, gone):
                modules = (library, *(self._modules or ())) if library else self._modules or ()
                self._servers[library] = _ServerProcess(modules)
            return self._servers[library]

    def _retire_outdated(self) -> None:
        now = installed()
        if now != self._installed:
            for server in self._servers.values():
                server.retire()
            self._servers, self._installed = {}, now


class _ServerGoneError(LocalError):
    """The fork server ended before it took the job."""


class _ServerProcess:
    """One fork server, with the thread that reads its events."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._jobs: dict[str, _ForkedProcess] = {}
        self._gone = False
        self._retired = False
        self._refusal = ""
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            # As a script, not with -m: a job must find what a plain run finds, not this package.
            [sys.executable, "-P", str(_SERVER), *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**_IDLE_THREADS, **aws_variables.without(os.environ), **_NO_AWS},
            start_new_session=True,
        )
        threading.Thread(target=self._read_events, daemon=True).start()
        atexit.register(self._close)

    def refusal(self) -> str:
        """Why its jobs cannot have mounts of their own; empty: they can."""
        self._ready.wait()
        return self._refusal

    def start(self, command: Command, fork: bool, ml: str) -> Process:
        """Start a job.

        Args:
            command: its program.
            fork: run it in a fork of the server.
            ml: the folder to mount at ``/opt/ml``; empty: none.

        Raises:
            _ServerGoneError: it was not started.
        """
        job = _ForkedProcess()
        identity = random_id(12)
        request = {
            "id": identity,
            "argv": command.full_argv(),
            "fork": fork,
            "ml": ml,
            "root": str(command.paths.root or "") if ml and command.paths else "",
            "replaced": command.paths is not None,
            "cwd": str(command.cwd),
            "log": str(command.log),
            "environment": command.full_environment(),
        }
        with self._lock:
            if self._gone or self._retired:
                raise _ServerGoneError("The fork server has ended.")
            self._jobs[identity] = job
            stream = self._process.stdin
            assert stream is not None
            try:
                stream.write(json.dumps(request).encode() + b"\n")
                stream.flush()
            except OSError as error:
                del self._jobs[identity]
                raise _ServerGoneError(f"The fork server cannot be reached: {error}") from error
        return job

    def _read_events(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        for line in stream:
            self._handle(json.loads(line))
        with self._lock:
            self._gone = True
            orphans, self._jobs = list(self._jobs.values()), {}
        self._ready.set()
        for job in orphans:
            job.stop()
            job.end(-9)

    def _handle(self, event: dict[str, Any]) -> None:
        if event["event"] == "ready":
            self._refusal = event["refusal"]
            self._ready.set()
        elif event["event"] == "started":
            self._jobs[event["id"]].started(event["pid"])
        elif event["event"] == "ended":
            with self._lock:
                job = self._jobs.pop(event["id"], None)
                self._close_if_done()
            if job is not None:
                job.end(event["code"])

    def retire(self) -> None:
        """Take no further jobs, and end when the last one has."""
        with self._lock:
            self._retired = True
            self._close_if_done()

    def _close_if_done(self) -> None:
        if self._retired and not self._jobs:
            self._close()

    def _close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()


class _ForkedProcess:
    def __init__(self) -> None:
        self._pid: int | None = None
        self._code = 0
        self._stopped = False
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def started(self, pid: int) -> None:
        with self._lock:
            self._pid = pid
            stopped = self._stopped
        if stopped:
            stop_group(pid)

    def end(self, code: int) -> None:
        self._code = code
        self._ended.set()

    def wait(self, seconds: float | None = None) -> int | None:
        return self._code if self._ended.wait(seconds) else None

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            pid = self._pid
        if pid is not None:
            stop_group(pid)
