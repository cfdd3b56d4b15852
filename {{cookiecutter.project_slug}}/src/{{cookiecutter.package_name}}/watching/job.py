"""One run that the watch began, in a process of its own, which leaves how it ended.

A run that outlives its watch goes on: its lock says so, and what it leaves says how it ended.
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .. import locks
from .state import write_whole
from .work import Words


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


def ending(folder: Path, pipeline: str, run: str) -> Ending | None:
    """How a run ended; None where it has not, or left nothing."""
    file = folder / f"{pipeline}.json"
    if not file.is_file():
        return None
    found = Ending(**json.loads(file.read_text(encoding="utf-8")))
    return found if found.run == run else None


def carry_out(folder: Path, pipeline: str, run: str, commands: Sequence[Words]) -> Ending:
    """Run commands one after another up to the first that fails, and leave how it ended.

    Raises:
        ProjectError: another run of the pipeline is under way; nothing is left.
    """
    with locks.held(lock_file(folder, pipeline), f"{pipeline} is under way in another process"):
        started = time.monotonic()
        sentence = next(filter(None, map(_failure, commands)), "")
        found = Ending(run, sentence, round(time.monotonic() - started, 1))
        write_whole(folder / f"{pipeline}.json", json.dumps(asdict(found)))
    return found


def _failure(words: Words) -> str:
    """The sentence with which a command of this project failed, or ""."""
    from .. import cli

    try:
        cli.main(list(words))
    except SystemExit as ended:
        if ended.code in (None, 0):
            return ""
        if isinstance(ended.code, str):
            return ended.code.removeprefix(f"{words[0]}: ")
        return f"`{' '.join(words)}` was refused"
    except Exception as error:
        import traceback

        traceback.print_exc()
        return f"{type(error).__name__}: {error}"
    return ""


def main(argv: list[str]) -> None:
    """Words: the folder of the watch, the pipeline, the run, and the commands as JSON."""
    folder, pipeline, run, commands = argv
    found = carry_out(Path(folder), pipeline, run, json.loads(commands))
    if found.sentence:
        sys.exit(found.sentence)


if __name__ == "__main__":
    main(sys.argv[1:])
