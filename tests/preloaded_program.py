"""A Python program that runs notebooks, in a fork of a process that has the libraries loaded.

    preloaded_program.py STDOUT STDERR MODULE ARGUMENT ...

`preloaded` starts it. The notebook's kernel is forked too, before this process has any thread, and
so is the engine's fork server that the kernel starts for its jobs.
"""

import json
import logging
import os
import random
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn

_POLL_SECONDS = 0.01
# What a kernel sets for its programs.
PICTURES = "module://matplotlib_inline.backend_inline"


class Server:
    """A process that waits to become a kernel's fork server; then what the engine asks it for."""

    def __init__(self) -> None:
        orders, self._orders = os.pipe()
        requests, self._requests = os.pipe()
        self._events, events = os.pipe()
        if os.fork() == 0:
            self.close()
            _become_server(orders, requests, events)
        for descriptor in (orders, requests, events):
            os.close(descriptor)

    def close(self) -> None:
        """Leave it to another process, or have it end."""
        for descriptor in (self._orders, self._requests, self._events):
            os.close(descriptor)

    def lend(self) -> None:
        """Have it be the first fork server that this process starts."""

        class Popen(subprocess.Popen[bytes]):
            def __new__(cls, args: Any = None, *others: Any, **options: Any) -> Any:
                if not _starts_server(args) or subprocess.Popen is not cls:
                    return super().__new__(cls)
                vars(subprocess)["Popen"] = cls.__base__
                return self.start(args, options["env"])

        vars(subprocess)["Popen"] = Popen

    def start(self, argv: list[str], env: Mapping[str, str]) -> "Server":
        _give(self._orders, {"argv": argv, "env": dict(env), "cwd": str(Path.cwd())})
        self.stdin: IO[bytes] = os.fdopen(self._requests, "wb")
        self.stdout: IO[bytes] = os.fdopen(self._events, "rb")
        return self


def _starts_server(argv: Any) -> bool:
    """Whether a command line is that of the engine's fork server, with modules to load."""
    words = argv[:3] if isinstance(argv, list) and len(argv) > 3 else [""]
    return Path(words[-1]).parts[-2:] == ("forkserver", "__main__.py")


class Kernel:
    """A process that waits to become a kernel; then all that `subprocess.Popen` is asked for."""

    stdin = stdout = stderr = None

    def __init__(self) -> None:
        server = Server()
        orders, self._orders = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._orders)
            _become_kernel(orders, server)
        os.close(orders)
        server.close()

    def launch(self, cmd: list[str], env: Mapping[str, str], **options: Any) -> "Kernel":
        """What `jupyter_client.launcher.launch_kernel` does."""
        parent = {"JPY_PARENT_PID": str(os.getpid())}
        cwd = options.get("cwd") or str(Path.cwd())
        _give(self._orders, {"argv": cmd, "env": {**env, **parent}, "cwd": cwd})
        while os.getpgid(self.pid) != self.pid:  # whoever signals it asks for its group first
            time.sleep(_POLL_SECONDS)
        return self

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self) -> int:
        while self.poll() is None:
            time.sleep(_POLL_SECONDS)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def _give(orders: int, order: Mapping[str, Any]) -> None:
    os.write(orders, json.dumps(order).encode() + b"\n")
    os.close(orders)


def _taken(orders: int) -> list[str]:
    """Wait for the order, and be where it says; a program without a notebook never gives one."""
    with os.fdopen(orders) as stream:
        order = json.loads(stream.readline() or "null")
    if order is None:
        os._exit(0)
    os.setsid()
    random.seed()
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    return list(order["argv"])


def _become_kernel(orders: int, server: Server) -> NoReturn:
    python, flag, module, *arguments = _taken(orders)
    if "matplotlib" in sys.modules:  # which reads the variable when it is imported
        backend = os.environ.setdefault("MPLBACKEND", PICTURES)
        sys.modules["matplotlib"].rcParams["backend"] = backend
    assert (python, flag) == (sys.executable, "-m")
    server.lend()
    _run(module, arguments)
    raise SystemExit


def _become_server(orders: int, requests: int, events: int) -> NoReturn:
    python, flag, script, *modules = _taken(orders)
    assert (python, flag) == (sys.executable, "-P")
    for source, target in ((requests, 0), (events, 1)):
        os.dup2(source, target)
        os.close(source)
    # A job that drops this process's own would close what it has just opened.
    streams = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
    sys.argv = [script, *modules]
    runpy.run_path(script, run_name="__main__")
    del streams
    os._exit(0)


def _run(module: str, arguments: list[str]) -> None:
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _redirect(path: str, descriptor: int) -> None:
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(target, descriptor)
    os.close(target)


def main() -> None:
    output, errors, module, *arguments = sys.argv[1:]
    _redirect(output, 1)
    _redirect(errors, 2)
    sys.path.pop(0)  # this file's folder
    logging.root.handlers.clear()  # a library that was loaded set them up
    logging.root.setLevel(logging.WARNING)
    kernel = Kernel()
    from jupyter_client.provisioning import local_provisioner

    vars(local_provisioner)["launch_kernel"] = kernel.launch
    _run(module, arguments)


if __name__ == "__main__":
    main()
