"""Runs a job's script in this very process and thread, so that ``breakpoint()`` works in it.

The script finds what a process of its own would have: folder, arguments, variables, its own
modules. Its output is shown and logged. Afterwards this process is as before, as far as Python
can tell; what native libraries keep, such as a thread pool's size, stays.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from sagemaker_local.processes.forkserver.script import run_script
from sagemaker_local.processes.runner import Command, Process, Runner

# A process has one working directory and one terminal: scripts take turns.
_turn = threading.RLock()


class DebugRunner:
    """Runs Python scripts here, to their end, and leaves other programs to another runner.

    Args:
        other: starts what does not run here.
        wanted: whether the next script shall run here.

    A time limit has no effect on a script: a person may look at it for as long as they like. The
    hosts of one job wait for each other, and run as processes.
    """

    def __init__(self, other: Runner, wanted: Callable[[], bool] = lambda: True) -> None:
        self._other = other
        self._wanted = wanted

    def start(self, command: Command) -> Process:
        """Run the command's script; gives a process that has ended."""
        if command.script is None or command.groups or not self._wanted():
            return self._other.start(command)
        if command.paths is not None:
            command.paths.replace(command.log, "it is debugged in the process that starts it")
        with _turn, _as_its_own_process(command, Path(command.script)):
            return _EndedProcess(run_script(command.script, list(command.argv[2:])))


class InlineExecutor(Executor):
    """Runs what it is given at once, in the thread that gives it: that of a person's terminal."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class _EndedProcess:
    code: int

    def wait(self, seconds: float | None = None) -> int:
        return self.code

    def stop(self) -> None:
        pass


@contextmanager
def _as_its_own_process(command: Command, script: Path) -> Iterator[None]:
    """Lend this process to a script."""
    with ExitStack() as borrowed, command.log.open("a", encoding="utf-8", buffering=1) as log:
        borrowed.enter_context(_variables(command.full_environment()))
        borrowed.enter_context(_folder(command.cwd))
        borrowed.enter_context(_arguments_and_path())
        borrowed.enter_context(_own_modules(script, command.log.parent))
        borrowed.enter_context(_fresh_logging())
        borrowed.enter_context(warnings.catch_warnings())
        borrowed.enter_context(_working_breakpoint())
        borrowed.enter_context(redirect_stdout(_Tee(sys.stdout, log)))
        borrowed.enter_context(redirect_stderr(_Tee(sys.stderr, log)))
        yield


@contextmanager
def _variables(environment: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    try:
        _set_variables(environment)
        yield
    finally:
        _set_variables(before)


def _set_variables(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    if hasattr(time, "tzset"):  # TZ is read when it is asked to; Windows has no such function
        time.tzset()


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(path)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _arguments_and_path() -> Iterator[None]:
    arguments, path = sys.argv, list(sys.path)
    try:
        yield
    finally:
        sys.argv = arguments
        sys.path[:] = path


@contextmanager
def _own_modules(script: Path, job: Path) -> Iterator[None]:
    """Let a script import the modules beside it anew, and forget the job's when it has ended.

    A notebook may have imported modules of the same names from elsewhere: those would run, and a
    breakpoint in the job's own would never be met.
    """
    names, below = _importable(script.parent), f"{job}{os.sep}"
    before = {name: found for name, found in sys.modules.items() if name.split(".")[0] in names}
    for name in before:
        del sys.modules[name]
    importlib.invalidate_caches()
    try:
        yield
    finally:
        for name, found in list(sys.modules.items()):
            if name.split(".")[0] in names or _is_below(found, below):
                del sys.modules[name]
        sys.modules.update(before)


def _importable(folder: Path) -> set[str]:
    """What ``import`` finds in a folder; the standard library stays, for this process uses it."""
    packages = {file.parent.name for file in folder.glob("*/__init__.py")}
    modules = {file.stem for file in folder.glob("*.py")}
    return (packages | modules) - sys.stdlib_module_names - {"__main__"}


def _is_below(module: ModuleType, prefix: str) -> bool:
    """Whether a module's file is in a folder; thousands are asked after each script."""
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and os.path.normpath(file).startswith(prefix)


@contextmanager
def _fresh_logging() -> Iterator[None]:
    """No handlers, as in a new process: where there are any, ``basicConfig`` does nothing."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@contextmanager
def _working_breakpoint() -> Iterator[None]:
    """A notebook's kernel gives ``breakpoint()`` to debugpy, which does nothing on its own.

    With JupyterLab's or an editor's debugger attached it stops there, else at a prompt.
    """
    before = sys.breakpointhook
    debugpy = sys.modules.get("debugpy")
    is_debugpys = str(getattr(before, "__module__", "")).startswith("debugpy")
    if debugpy is not None and is_debugpys and not debugpy.is_client_connected():
        sys.breakpointhook = sys.__breakpointhook__
    try:
        yield
    finally:
        sys.breakpointhook = before


class _Tee:
    """A stream that is shown as ever and written to a log too; a terminal stays a terminal."""

    def __init__(self, shown: TextIO, log: TextIO) -> None:
        self._shown = shown
        self._log = log

    def write(self, text: str) -> int:
        if not self._log.closed:  # a thread, or a handler, that outlives its script
            self._log.write(text)
        return self._shown.write(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shown, name)
