"""Start a job's program as a process and wait for it: from the warm fork server, or plainly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sagemaker_local.processes import aws_variables, leftovers
from sagemaker_local.processes.container_paths import ContainerPaths
from sagemaker_local.processes.group import Group

_POLL_SECONDS = 0.01
_GRACE_SECONDS = 5.0
_LONGEST_NAME = 80
_PYTHONS = ("python", "python3")


@dataclass(frozen=True)
class Command:
    """A program to run.

    Attributes:
        argv: program and arguments; ``python`` and ``python3`` mean this interpreter.
        cwd: the working directory.
        log: the file that receives standard output and error.
        environment: variables set beside this process's own.
        limit_seconds: how long it may run; None: as long as it likes.
        side_by_side: how many such commands of one job run at once, and share the job's cores.
        groups: programs that it ends with: those of the job's other hosts, or other containers.
        paths: what ``/opt/ml`` is to it; None: nothing.
        literal: its variables name ``/opt/ml`` itself, where that is mounted.
        library: a module that its script needs, and that takes long to load; or empty.
    """

    argv: tuple[str, ...]
    cwd: Path
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    limit_seconds: float | None = None
    side_by_side: int = 1
    groups: tuple[Group, ...] = ()
    paths: ContainerPaths | None = None
    literal: bool = False
    library: str = ""

    @property
    def script(self) -> str | None:
        """The Python script that this command runs, if it is that simple."""
        is_python = self.argv[0] in _PYTHONS and len(self.argv) > 1
        return self.argv[1] if is_python and self.argv[1].endswith(".py") else None

    @property
    def name(self) -> str:
        """The program's, for a person: its script's, or what an interpreter is told."""
        first, *others = self.argv
        if others[:1] == ["-c"]:
            told = others[-1][:_LONGEST_NAME]
            return told if first in _PYTHONS else f"the command {told!r}"
        scripts = [word for word in others if "/" in word or os.sep in word]
        return Path([*scripts, *others, first][0]).name

    def full_argv(self) -> list[str]:
        """Program and arguments as the operating system takes them."""
        program = sys.executable if self.argv[0] in _PYTHONS else self.argv[0]
        return [program, *self.argv[1:]]

    def full_environment(self) -> dict[str, str]:
        """This process's variables as they are now, without those of AWS, and the command's own.

        What the program calls by its name is this interpreter's first: a container's Python is the
        job's, too.
        """
        inherited = aws_variables.without(os.environ)
        own, path = str(Path(sys.executable).parent), inherited.get("PATH", "")
        if own != path.split(os.pathsep)[0]:
            path = os.pathsep.join(filter(None, [own, path]))
        return {**inherited, "PATH": path, "PYTHONUNBUFFERED": "1", **self.environment}


# Starts a command, waits, and gives its exit code; the execution can stop what it started.
Launch = Callable[[Command], int]


class Process(Protocol):
    """A started program."""

    def wait(self, seconds: float | None = None) -> int | None:
        """Block until it ends; its exit code, negative for a signal; None if time runs out."""
        ...

    def stop(self) -> None:
        """End it and its children."""
        ...


class Runner(Protocol):
    def start(self, command: Command) -> Process: ...


class SpawnRunner:
    """A new process for each job, child of this one: for systems without the fork server.

    When this process is killed, its jobs run on to their end.
    """

    def start(self, command: Command) -> Process:
        if command.paths is not None:
            command.paths.replace(command.log, "its process starts from this one")
        marked = leftovers.mark()
        with command.log.open("ab") as log:
            process = subprocess.Popen(
                command.full_argv(),
                cwd=command.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=command.full_environment() | marked,
                start_new_session=os.name != "nt",
            )
        return _SpawnedProcess(process, marked)


class _SpawnedProcess:
    def __init__(self, process: subprocess.Popen[bytes], marked: Mapping[str, str]) -> None:
        self._process = process
        self._marked = marked

    def wait(self, seconds: float | None = None) -> int | None:
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        leftovers.end(self._marked)
        return code

    def stop(self) -> None:
        stop_group(self._process.pid)


def stop_group(pid: int) -> None:
    """End a process group: politely, and after a grace period by force."""
    if os.name == "nt":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], check=False, capture_output=True)
        return
    if not _signal_group(pid, signal.SIGTERM):
        return
    threading.Thread(target=_kill_after_grace, args=(pid,), daemon=True).start()


def _kill_after_grace(pid: int) -> None:
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline:
        if not _signal_group(pid, 0):
            return
        time.sleep(_POLL_SECONDS)
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: int) -> bool:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
