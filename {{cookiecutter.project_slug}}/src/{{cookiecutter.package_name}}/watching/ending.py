"""How a run that the watch began has ended, as its process leaves it.

A run that outlives its watch goes on: its lock says so, and what it leaves says how it ended.
"""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ending:
    """How a run ended.

    Attributes:
        run: its name.
        sentence: why it failed, or "".
        seconds: that it took.
    """

    run: str
    sentence: str
    seconds: float


def lock_file(folder: Path, pipeline: str) -> Path:
    """The lock of the one run of a pipeline that may be under way."""
    return folder / f"{pipeline}.lock"


def ending_file(folder: Path, pipeline: str) -> Path:
    """What the last run of a pipeline leaves."""
    return folder / f"{pipeline}.json"


def ending(folder: Path, pipeline: str, run: str) -> Ending | None:
    """How a run ended; None where it has not, or left nothing."""
    file = ending_file(folder, pipeline)
    if not file.is_file():
        return None
    found = Ending(**json.loads(file.read_text(encoding="utf-8")))
    return found if found.run == run else None
