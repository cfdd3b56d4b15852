"""One run that the watch began, in a process of its own, which leaves how it ended."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .. import cli, locks
from .ending import Ending, ending_file, lock_file
from .state import write_whole
from .work import Words


def carry_out(folder: Path, pipeline: str, run: str, commands: Sequence[Words]) -> Ending:
    """Run commands one after another up to the first that fails, and leave how it ended.

    Raises:
        ProjectError: another run of the pipeline is under way; nothing is left.
    """
    with locks.held(lock_file(folder, pipeline), f"{pipeline} is under way in another process"):
        started = time.monotonic()
        sentence = next(filter(None, map(_failure, commands)), "")
        found = Ending(run, sentence, round(time.monotonic() - started, 1))
        write_whole(ending_file(folder, pipeline), json.dumps(asdict(found)))
    return found


def _failure(words: Words) -> str:
    """The sentence with which a command of this project failed, or ""."""
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
