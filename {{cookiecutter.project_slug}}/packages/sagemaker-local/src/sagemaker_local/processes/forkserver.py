"""A process that has the heavy libraries imported and forks one child for each job.

Importing pandas, scikit-learn and xgboost takes seconds, a fork milliseconds. The server runs
this file as a script, with the modules as arguments, and speaks JSON lines: it reads
``{"id", "argv", "fork", "cwd", "log", "environment"}`` and writes ``{"event": "ready"}``,
``{"event": "started", "id", "pid"}`` and ``{"event": "ended", "id", "code"}``. With ``fork`` the
child runs the Python script ``argv[1]`` itself, else it becomes the program ``argv[0]``.

It has one thread, because a child of a process with several threads may inherit a locked lock.

A job ends like a container: when its main process has ended, so has everything that it started.
The server adopts what a job leaves behind, daemons included, and kills it before it says that the
job has ended. When its input closes, its owner is gone: it kills the jobs that still run and ends.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import random
import runpy
import select
import signal
import sys
import threading
import time
import traceback
from typing import Any, NoReturn

_Request = dict[str, Any]
_THREADS = "OMP_NUM_THREADS"
_THREADS_AT_LOAD = os.environ.get(_THREADS) or str(os.cpu_count())

# <linux/prctl.h>
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# As a shell has it: the program could not be started.
_NOT_STARTED = 127


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
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self._send({"event": "ready"})
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

    def _start(self, request: _Request) -> None:
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            _run_child(request, server, keep_out=(self._requests, self._events))
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
        ended, has_children = _reaped()
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
        return any([_kill(pid) for pid in _children() if pid not in self._jobs])

    def _send(self, event: dict[str, Any]) -> None:
        os.write(self._events, json.dumps(event).encode() + b"\n")

    def _kill_all(self) -> None:
        for pid in self._jobs:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        while any([_kill(pid) for pid in _children()]):
            os.wait()


def _kill(pid: int) -> bool:
    """Whether a process could be killed; one that became another user's cannot."""
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    return True


def _prctl(option: int, value: int) -> None:
    """Set what Linux does with this process when its parent, or its children's parent, ends."""
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _reaped() -> tuple[list[tuple[int, int]], bool]:
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


def _children() -> list[int]:
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


def _run_child(request: _Request, server: int, keep_out: tuple[int, ...]) -> NoReturn:
    """Become the job: everything that a fresh process would have set up, then the program."""
    code = 1
    try:
        os.setpgid(0, 0)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        if os.getppid() != server:  # it was gone before the signal was asked for
            os._exit(code)
        _restore_signals()
        for descriptor in keep_out:
            os.close(descriptor)
        _redirect(request["log"])
        os.environ.clear()
        os.environ.update(request["environment"])
        os.chdir(request["cwd"])
        code = (_run_here if request["fork"] else _run_program)(request["argv"])
    except BaseException:
        traceback.print_exc()
    finally:
        _finish(code)


def _restore_signals() -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _redirect(log: str) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for source, target in ((null, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
        os.set_inheritable(target, True)  # what had this number already is closed on exec
    sys.stdin = open(0)  # noqa: SIM115 - lives as long as the process
    sys.stdout = open(1, "w", buffering=1)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115


def _run_program(argv: list[str]) -> int:
    """Replace this process by a program; gives an exit code only if there is no such program."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a program would too
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        print(f"{argv[0]} cannot be started: {error.strerror}", file=sys.stderr)
        return _NOT_STARTED


def _run_here(argv: list[str]) -> int:
    """Run a Python script with what the server has loaded."""
    time.tzset()
    _limit_threads()
    _reseed()
    gc.freeze()  # what the server made stays in pages that are shared with it
    gc.enable()
    return run_script(argv[1], argv[2:])


def _limit_threads() -> None:
    """OpenMP and BLAS read their variables when the server loaded them; a job has its own share.

    Finding the libraries takes 12 ms, and has OpenBLAS start its threads: not for nothing.
    """
    threads = os.environ.get(_THREADS, "")
    control = sys.modules.get("threadpoolctl")
    if control is not None and threads.isdigit() and threads not in ("0", _THREADS_AT_LOAD):
        control.threadpool_limits(int(threads))


def _reseed() -> None:
    """Without this, every job would draw the same "random" numbers, those after the fork."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()


def run_script(script: str, arguments: list[str]) -> int:
    """Run a script as ``python script.py ...`` would, in this process; gives its exit code."""
    sys.argv = [script, *arguments]
    paths = [os.path.dirname(os.path.abspath(script))]  # noqa: PTH100, PTH120 - no pathlib import cost
    paths += [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = paths
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ending:
        return _exit_code(ending)
    except BaseException:
        _print_traceback(script)
        return 1
    return 0


def _exit_code(ending: SystemExit) -> int:
    if ending.code is None:
        return 0
    if isinstance(ending.code, int):
        return ending.code & 0xFF
    print(ending.code, file=sys.stderr)
    return 1


def _print_traceback(script: str) -> None:
    """The traceback from the script's first frame on, as a plain run would show it."""
    kind, value, trace = sys.exc_info()
    start = trace
    while start is not None and start.tb_frame.f_code.co_filename != script:
        start = start.tb_next
    traceback.print_exception(kind, value, start or trace)


def _finish(code: int) -> NoReturn:
    """End as an interpreter would: threads joined, exit handlers run, streams flushed."""
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def main(modules: list[str]) -> None:
    """Serve standard input until it closes; meanwhile import what is installed of ``modules``."""
    gc.disable()  # nothing that an import makes is garbage, and looking for it takes time
    events = os.dup(1)
    os.dup2(2, 1)
    _Server(0, events, modules).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
