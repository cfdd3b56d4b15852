"""``/opt/ml`` in the code of a job: mounted for its process alone, or else replaced in its copies.

Linux gives a process mounts of its own (``forkserver.mounts``). Other systems, kernels that refuse,
and scripts that are debugged in this process get code in which the path is the job's folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sagemaker_local.notice import logger
from sagemaker_local.processes import forkserver

# Of the process that starts jobs; ``copy`` has it replace the path where it could be mounted.
SWITCH = "SAGEMAKER_LOCAL_OPT_ML"
_COPY = "copy"
ROOT = "/opt/ml"
_MOUNTS = Path(forkserver.__file__).with_name("mounts.py")
_NAMED = re.compile(r"(?<![\w.-])/opt/ml(?![\w.-])")
# Code, and the settings beside it; whatever else a script brings along is data.
_SHELL = {"", ".sh", ".bash"}
_CODE = {*_SHELL, ".py", ".r", ".json", ".yaml", ".yml", ".toml", ".cfg", ".ini"}
_MOST_BYTES = 1 << 20
# What would end a string, or mean something in one.
_UNQUOTED = re.compile(r"""['"\\${}`\n]""")


@dataclass(frozen=True)
class ContainerPaths:
    """What ``/opt/ml`` is in a program.

    Attributes:
        ml: the folder that stands for it.
        code: folders of the job's own copies of its code.
        root: where ``ml`` is mounted once more for a program whose container works in ``/``: it
            works there, in a folder that is its own parent; None: in its command's.
    """

    ml: Path
    code: tuple[Path, ...] = ()
    root: Path | None = None

    def placed(self, log: Path, refusal: Callable[[], str]) -> str:
        """The folder that a program is to mount; empty: none, its code names the folder instead.

        Args:
            log: the job's.
            refusal: asks the kernel why it would not mount anything; empty: it would.
        """
        reason = self._reason()
        if not reason and (reason := refusal()):
            _say_refused(reason)
        if not reason:
            return str(self.ml)
        self.replace(log, reason)
        return ""

    def _reason(self) -> str:
        """Why the folder shall not, or cannot, be mounted, whatever the kernel says; or empty."""
        if os.environ.get(SWITCH) == _COPY:
            return f"{SWITCH} is {_COPY}"
        if not sys.platform.startswith("linux"):
            return "mounts of one process are a thing of Linux"
        if self.ml.is_relative_to(ROOT):
            return f"the job's folder is itself below {ROOT}"
        return ""

    def replace(self, log: Path, reason: str) -> None:
        """Have the code name the folder, and say in the log where it does.

        Args:
            log: the job's.
            reason: why it is not mounted.
        """
        own = [folder for folder in self.code if folder.is_relative_to(self.ml)]
        told = [line for folder in own for line in _replaced_below(folder, self.ml)]
        if told:
            _note(log, [f"{ROOT} is replaced in this job's copies of its code: {reason}.", *told])


def rewrite(text: str, ml: str) -> str:
    """``text`` with every ``/opt/ml`` replaced."""
    return _NAMED.sub(lambda _: ml, text)


@cache
def kernel_refusal() -> str:
    """Why a new process cannot have mounts of its own; empty: it can. A process tries it."""
    tried = [sys.executable, "-I", "-S", str(_MOUNTS)]
    return subprocess.run(tried, capture_output=True, text=True, check=False).stdout


@cache
def _say_refused(reason: str) -> None:
    """Say, once, that this system refuses."""
    logger.info(
        f"local session: a job cannot have an {ROOT} of its own ({reason}); where its code names "
        "the path, the job's copy of the code names the job's folder instead"
    )


def _replaced_below(folder: Path, ml: Path) -> Iterable[str]:
    """Replace the path in the files of a folder; gives a sentence about each that names it."""
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() in _CODE and file.is_file() and not file.is_symlink():
            yield from _replaced(file, ml.as_posix())


def _replaced(file: Path, ml: str) -> Iterable[str]:
    if file.stat().st_size > _MOST_BYTES:
        return
    lines = file.read_bytes().decode("utf-8", "surrogateescape").split("\n")
    count = sum(bool(_NAMED.search(line)) for line in lines)
    if not count:
        return
    if _UNQUOTED.search(ml) or (file.suffix.lower() in _SHELL and re.search(r"\s", ml)):
        yield f"{file.name} keeps {ROOT}: {ml} cannot stand in its text. Move the session's root."
        return
    text = "\n".join(rewrite(line, ml) for line in lines)
    # A new file: this one may be a second name of an object.
    written = file.with_name(f".{file.name}.replaced")
    written.write_bytes(text.encode("utf-8", "surrogateescape"))
    written.chmod(file.stat().st_mode)
    written.replace(file)
    yield f"{file.name}: {count} line{'s' if count > 1 else ''}"


def _note(log: Path, lines: list[str]) -> None:
    with log.open("a", encoding="utf-8") as stream:
        stream.writelines(f"[local session] {line}\n" for line in lines)
