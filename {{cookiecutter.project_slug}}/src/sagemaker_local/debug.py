"""Placeholder until merge."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from typing import Any


class InlineExecutor(Executor):
    """Runs what it is given at once, in the thread that gives it."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


class DebugRunner:
    def __init__(self, runner: Any) -> None:
        self._runner = runner

    def start(self, command: Any) -> Any:
        return self._runner.start(command)
