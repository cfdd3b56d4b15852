"""A job's folder: laid out like ``/opt/ml``, with a log beside it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

from sagemaker_local.notice import logger
from sagemaker_local.processes import container_paths

_TAIL_BYTES = 8192
_TAIL_LINES = 100
_TRACEBACK = "Traceback (most recent call last):"
_ADDRESSES = "Stack trace:"  # of C functions, which end XGBoost's errors
_MOST_LINES = 10  # of an error, and of what is printed after it


@dataclass(frozen=True)
class JobFolder:
    """``<path>/ml`` stands for ``/opt/ml``; ``<path>/job.log`` has all output."""

    path: Path

    @property
    def ml(self) -> Path:
        return self.path / "ml"

    @property
    def root(self) -> Path:
        """Where a processing job finds ``ml`` as its ``/``, in which its container works."""
        return self.path / "root"

    @property
    def log(self) -> Path:
        return self.path / "job.log"

    def of_host(self, name: str) -> JobFolder:
        """The folder of another host than the first, whose folder is the job's."""
        return JobFolder(self.path / name)

    def of_other_hosts(self) -> list[JobFolder]:
        """Those that there are."""
        found = self.path.glob("algo-*")
        return [JobFolder(path) for path in sorted(found, key=lambda path: (len(path.name), path))]

    def here(self, container_path: str) -> Path:
        """Where a path below ``/opt/ml`` is on this machine."""
        return Path(self.rewrite(container_path))

    def rewrite(self, text: str) -> str:
        """``text`` with every ``/opt/ml`` replaced: a job's process alone has that."""
        return container_paths.rewrite(text, str(self.ml))

    def make(self, *names: str) -> Path:
        """Create, and give, a folder below ``/opt/ml``."""
        folder = self.ml.joinpath(*names)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write_json(self, name: str, document: Any) -> None:
        """Write a configuration file of the service, such as ``input/config/...json``."""
        file = self.ml / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document, indent=1, default=str), encoding="utf-8")

    def note(self, text: str) -> None:
        """Add a line of the engine's own to the log."""
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(f"[local session] {text}\n")

    def note_requirements(self, code: Path) -> None:
        """Say of a script's folder that what its ``requirements.txt`` lists is not installed."""
        if (code / "requirements.txt").is_file():
            self.note("requirements.txt is not installed; the script runs in this environment.")

    def say_empty(self, what: str, container_path: str, instead: str, log: bool) -> None:
        """Say in a notice, and in the log, that a script left a folder empty that goes up.

        Args:
            what: of the job is in the folder.
            container_path: the folder's.
            instead: where it did write; or empty.
            log: False: in a notice only.
        """
        place = f"{container_path}, which is {self.here(container_path)} here"
        told = f"{what} is empty: nothing was written to {place}"
        if instead:
            told = f"{told}; {instead} was written, and is in no output's folder"
        self.say(told, log)

    def say(self, told: str, log: bool = True) -> None:
        """Say something of the job in a notice, and in its log unless ``log`` is False."""
        if log:
            self.note(f"{told}.")
        logger.info(f"local session: job {self.path.name}: {told}")

    def last_words(self) -> str:
        """The last line of the log that says something, or the error of a traceback that ends it;
        libraries write errors of several lines, whose last one alone says little."""
        lines = [line for line in self.lines(tail=_TAIL_LINES) if any(map(str.isalnum, line))]
        return _error_in(lines) or (lines[-1].strip() if lines else "")

    def lines(self, tail: int = 0) -> list[str]:
        """The log as far as it is written; with ``tail``, its last so many lines of 8 KB."""
        if not self.log.is_file():
            return []
        with self.log.open("rb") as stream:
            if tail:
                stream.seek(max(0, self.log.stat().st_size - _TAIL_BYTES))
            return stream.read().decode("utf-8", "replace").splitlines()[-tail:]


def string_environment(environment: dict[str, Any] | None, folder: JobFolder) -> dict[str, str]:
    """A request's ``Environment`` for a process on this machine."""
    return {name: folder.rewrite(str(value)) for name, value in (environment or {}).items()}


def _error_in(lines: list[str]) -> str:
    """The error that Python's last traceback tells, if little follows it; or empty."""
    starts = [number for number, line in enumerate(lines) if line.startswith(_TRACEBACK)]
    below = lines[starts[-1] + 1 :] if starts else []
    said = dropwhile(lambda line: line.startswith(" "), below)
    error = list(takewhile(lambda line: line.strip() != _ADDRESSES, said))
    if not error or len(error) > _MOST_LINES:
        return ""
    # Who catches an error, prints its traceback and tells of it again has the last word.
    last = max(number for number, line in enumerate(error) if error[0] in line)
    return " ".join(line.strip() for line in error[last:])
