"""A job's program: what it is told, how long it may run, and why it failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sagemaker_local.errors import DiskFull, JobKilled, StepFailure
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.processes.runner import Command, Launch
from sagemaker_local.storage import disk

_REASON_LENGTH = 900
_LONGEST_SHEBANG = 256  # as far as Linux reads it
_PYTHONS = ("python", "python3")


def run_to_success(
    command: Command,
    folder: JobFolder,
    launch: Launch,
    message: Path,
    as_algorithm: bool = False,
) -> None:
    """Run a job's program.

    Args:
        command: the program.
        folder: the job's folder.
        launch: runs it.
        message: the file in which the program may have left its own words about a failure.
        as_algorithm: tell these words as the service does: ``AlgorithmError: ..., exit code: 1``.

    Raises:
        StepFailure: it ended with another code than 0; names script, reason and log.
    """
    code = launch(command)
    if code == 0:
        return
    words = _text(message)
    reason = (words or folder.last_words())[: _REASON_LENGTH - 250]
    ended = f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
    told = f"{command.name} {ended}: {reason}" if reason else f"{command.name} {ended}"
    if words and as_algorithm and code > 0:
        told = f"AlgorithmError: {reason}, exit code: {code}"
    told += f" (log: {folder.log})"
    if disk.has_no_room(folder.path):
        raise DiskFull(f"{told}. {disk.full(folder.path)}")
    raise (JobKilled if code < 0 else StepFailure)(told)


def _text(file: Path) -> str:
    if not file.is_file():
        return ""
    return file.read_text(encoding="utf-8", errors="replace").strip()


def started(script: Path) -> tuple[str, ...]:
    """The words that start a script: Python by its name, anything else by its first line.

    A container's toolkit runs ``./script``, so its ``#!`` decides, and a shell runs one without.

    Raises:
        StepFailure: the program that it names is not there.
    """
    if script.suffix == ".py":
        return "python3", str(script)
    with script.open("rb") as lines:
        line = lines.readline(_LONGEST_SHEBANG).decode("utf-8", "replace")
    first = line.strip()
    if first.startswith("#!") and line.endswith("\r\n"):
        raise StepFailure(
            f"{script.name} has line ends of Windows, and Linux finds no program called "
            f"{first.split()[0][2:]!r} with one; save it with line ends of Unix (LF)."
        )
    program, *rest = first.removeprefix("#!").split(maxsplit=1) or [""]
    if not first.startswith("#!") or not program:
        return "/bin/sh", str(script)
    words = rest[0].split() if Path(program).name == "env" and rest else [program]
    if Path(words[-1]).name in _PYTHONS:
        return "python3", str(script)
    if not Path(program).exists():
        raise StepFailure(f"{script.name} begins with {first}, and there is no {program} here.")
    return program, *rest, str(script)


def time_limit(job: dict[str, Any]) -> float | None:
    """Seconds that a job's stopping condition gives it; None: no limit."""
    seconds = job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    return float(seconds) if seconds else None
