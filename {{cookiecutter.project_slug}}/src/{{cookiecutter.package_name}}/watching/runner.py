"""Runs as processes of their own, which the watch begins, looks at, and stops."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .. import locks, paths
from . import ending
from .ending import Ending
from .work import Work

SECONDS_TO_STOP = 30.0  # within which a notebook stops what it has started
KEPT_LOGS = 200


class Runner(Protocol):
    """How runs are begun and looked at."""

    def begin(self, work: Work, run: str) -> str:
        """Begin a run; gives the name of its log."""

    def is_running(self, pipeline: str, run: str) -> bool:
        """Whether a run is under way, whoever began it."""

    def is_busy(self, pipeline: str) -> bool:
        """Whether any run of a pipeline is under way."""

    def ending(self, pipeline: str, run: str) -> Ending | None:
        """How a run ended; None where it left nothing."""

    def stop(self) -> None:
        """Stop the runs that were begun here; returns when they are over."""


@dataclass
class Processes:
    """The runner of `make watch`.

    Args:
        folder: where runs leave how they ended, and have their locks.
        logs: gets a file of what each run printed.
    """

    folder: Path
    logs: Path

    def __post_init__(self) -> None:
        self._begun: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self, work: Work, run: str) -> str:
        self.logs.mkdir(parents=True, exist_ok=True)
        for old in sorted(self.logs.glob("*.log"))[: 1 - KEPT_LOGS]:
            old.unlink(missing_ok=True)
        file = self.logs / f"{run}.log"
        module = f"{__package__}.job"
        words = [str(self.folder), work.pipeline, run, json.dumps(work.commands())]
        with file.open("wb") as log:
            self._begun[run] = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=paths.PROJECT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
                start_new_session=True,  # Ctrl-C is the watch's, which stops its runs in order
            )
        return file.relative_to(paths.PROJECT).as_posix()

    def is_running(self, pipeline: str, run: str) -> bool:
        if run in self._begun:
            return self._begun[run].poll() is None
        return self.is_busy(pipeline)

    def is_busy(self, pipeline: str) -> bool:
        return locks.is_held(ending.lock_file(self.folder, pipeline))

    def ending(self, pipeline: str, run: str) -> Ending | None:
        self._begun.pop(run, None)
        return ending.ending(self.folder, pipeline, run)

    def stop(self) -> None:
        running = [each for each in self._begun.values() if each.poll() is None]
        for each in running:
            with suppress(ProcessLookupError, ValueError):  # Windows knows no SIGINT for others
                each.send_signal(signal.SIGINT)
        for each in running:
            try:
                each.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()
