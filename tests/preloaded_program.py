"""A Python program that runs notebooks, in a fork of a process that has the libraries loaded.

    preloaded_program.py STDOUT STDERR MODULE ARGUMENT ...

`preloaded` starts it. The notebook's kernel is forked too, before this process has any thread.
"""

import json
import logging
import os
import random
import runpy
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_POLL_SECONDS = 0.01
# What a kernel sets for its programs.
PICTURES = "module://matplotlib_inline.backend_inline"


class Kernel:
    """A process that waits to become a kernel; then all that `subprocess.Popen` is asked for."""

    stdin = stdout = stderr = None

    def __init__(self) -> None:
        orders, self._orders = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._orders)
            _become_kernel(orders)
        os.close(orders)

    def launch(self, cmd: list[str], env: Mapping[str, str], **options: Any) -> "Kernel":
        """What `jupyter_client.launcher.launch_kernel` does."""
        parent = {"JPY_PARENT_PID": str(os.getpid())}
        order = {
            "argv": cmd,
            "env": {**env, **parent},
            "cwd": options.get("cwd") or str(Path.cwd()),
        }
        os.write(self._orders, json.dumps(order).encode() + b"\n")
        os.close(self._orders)
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


def _become_kernel(orders: int) -> None:
    """Wait for the order; a program that ends without a notebook never gives one."""
    with os.fdopen(orders) as stream:
        order = json.loads(stream.readline() or "null")
    if order is None:
        os._exit(0)
    os.setsid()
    random.seed()
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    if "matplotlib" in sys.modules:  # which reads the variable when it is imported
        backend = os.environ.setdefault("MPLBACKEND", PICTURES)
        sys.modules["matplotlib"].rcParams["backend"] = backend
    python, flag, module, *arguments = order["argv"]
    assert (python, flag) == (sys.executable, "-m")
    _run(module, arguments)
    raise SystemExit


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
