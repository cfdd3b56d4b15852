"""Programs that belong together, an execution's or a job's: started, timed, ended at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from sagemaker_local.errors import LocalError, StepFailure
from sagemaker_local.processes.runner import Command, Process, Runner

_THREADS = "OMP_NUM_THREADS"


class Stopped(LocalError):
    """The program was ended, or never started, because somebody stopped what it belongs to."""


class TimedOut(StepFailure):
    """The program ran longer than its stopping condition allows, and was ended."""


class Launcher:
    """Starts programs and waits for them; ``stop`` ends all of them and refuses further ones.

    Args:
        runner: starts processes.
        side_by_side: how many programs run at once, to share the cores among them.
        variables: gives those that every program has, unless its command says otherwise.
    """

    def __init__(
        self,
        runner: Runner,
        side_by_side: Callable[[], int] = lambda: 1,
        variables: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._runner = runner
        self._variables = variables
        self._side_by_side = side_by_side
        self._processes: set[Process] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def run(self, command: Command) -> int:
        """Run a program to its end; its exit code, negative for a signal.

        Raises:
            Stopped: ``stop`` was called before its end.
            TimedOut: it ran longer than ``command.limit_seconds``.
        """
        variables = {**self._variables(), **self._share(command), **command.environment}
        with self._lock:
            self.raise_if_stopped()
            process = self._runner.start(replace(command, environment=variables))
            self._processes.add(process)
        for group in command.groups:
            group.add(process)
        code = process.wait(command.limit_seconds)
        if code is None:
            process.stop()
            process.wait()
        with self._lock:
            self._processes.discard(process)
        self.raise_if_stopped()
        if code is None:
            raise TimedOut(
                f"MaxRuntimeExceeded: it ran longer than {command.limit_seconds:g} seconds, its "
                f"stopping condition, and was ended (log: {command.log})"
            )
        return code

    def pause(self, seconds: float) -> None:
        """Wait, unless everything is stopped meanwhile.

        Raises:
            Stopped: ``stop`` was called.
        """
        self._stopped.wait(seconds)
        self.raise_if_stopped()

    def stop(self) -> None:
        """End running programs with their children; start nothing more."""
        with self._lock:
            self._stopped.set()
            processes = list(self._processes)
        for process in processes:
            process.stop()

    def raise_if_stopped(self) -> None:
        if self.stopped:
            raise Stopped("It was stopped.")

    def _share(self, command: Command) -> dict[str, str]:
        """As many threads as cores fall to a command, unless a person chose a number.

        Jobs side by side with a thread for every core each took eight times as long as one alone.
        """
        if _THREADS in os.environ:
            return {}
        sharing = max(1, self._side_by_side()) * command.side_by_side
        return {_THREADS: str(max(1, (os.cpu_count() or 1) // sharing))}
