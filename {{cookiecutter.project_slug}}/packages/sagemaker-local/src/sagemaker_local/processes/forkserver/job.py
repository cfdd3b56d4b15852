"""A job: a child of the server that becomes the program it was asked for."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import random
import signal
import sys
import threading
import time
import traceback
from typing import Any, NoReturn

from . import children, hostnames, machine_paths, mounts
from .script import run_script

Request = dict[str, Any]
_THREADS = "OMP_NUM_THREADS"
_THREADS_AT_LOAD = os.environ.get(_THREADS) or str(os.cpu_count())

# As a shell has it: the program could not be started.
_NOT_STARTED = 127


def become(request: Request, server: int, keep_out: tuple[int, ...]) -> NoReturn:
    """Become the job: everything that a fresh process would have set up, then the program."""
    code = 1
    try:
        os.setpgid(0, 0)
        children.end_with_parent()
        children.adopt()
        if os.getppid() != server:  # it was gone before the signal was asked for
            os._exit(code)
        _restore_signals()
        for descriptor in keep_out:
            os.close(descriptor)
        _redirect(request["log"])
        if request["ml"]:
            mounts.enter(request["ml"], request["root"])
        elif request["replaced"]:
            machine_paths.protect()
        os.environ.clear()
        os.environ.update(request["environment"])
        if not request["root"]:
            os.chdir(request["cwd"])
        code = (_run_here if request["fork"] else _run_program)(request["argv"])
    except mounts.RefusedError as error:
        print(error, file=sys.stderr)
        code = _NOT_STARTED
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
    hostnames.make_known()
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


def _finish(code: int) -> NoReturn:
    """End as an interpreter would: threads joined, exit handlers run, streams flushed."""
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
