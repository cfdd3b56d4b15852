"""How a script starts, fails and delivers: one sentence on a mistake, all outputs or none."""

import argparse
import csv
import difflib
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from .values import DataError

OPTIONS = "options.json"
MESSAGE_BYTES = 1024  # of a processing job's message are kept by the service
OPTION = re.compile(r"^argument (?:--[\w-]+/)*--([\w-]+): ")  # how argparse starts a sentence
NEGATIVE_NUMBER = re.compile(r"-(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$", re.IGNORECASE)
SUCH_OPTIONS = '{"drop": "a,b"}'
OPTIONS_HELP = f"JSON file, or the folder of {OPTIONS}, with more of these options: {SUCH_OPTIONS}"


class Arguments(argparse.ArgumentParser):
    """An argument parser that reports a mistake as a DataError, without usage lines.

    Messages name an option without its dashes, as the parameter of notebook 03 is called that it
    comes from: who starts a script by hand knows it by that name, too.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        # argparse takes -0.5 for a number, and -1e-05, as Python writes it, for an option.
        self._negative_number_matcher = NEGATIVE_NUMBER

    def error(self, message: str) -> NoReturn:
        named = OPTION.sub(lambda found: f"`{found[1].replace('-', '_')}`: ", message)
        raise DataError(f"{named}; see --help" if named == message else named)

    def parse_with_file(self, argv: Sequence[str] | None) -> argparse.Namespace:
        """Parse a command line that may give some of its options in a file, by `--options`.

        SageMaker allows 256 characters for a word of a command line, and a list of columns can be
        longer. What the command line itself gives wins.
        """
        self.add_argument("--options", help=OPTIONS_HELP)
        words = list(sys.argv[1:] if argv is None else argv)
        only = Arguments(add_help=False)
        only.add_argument("--options")
        named, _ = only.parse_known_args(words)
        return self.parse_args([*_words_of(named.options), *words])


def _words_of(place: str | None) -> list[str]:
    """The options in a JSON file, or in the folder that holds one, as words of a command line."""
    if not place:
        return []
    path = Path(place) / OPTIONS if Path(place).is_dir() else Path(place)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"--options {path} cannot be read: {error}") from None
    if not isinstance(document, dict):
        raise DataError(f"--options {path} holds no object such as {SUCH_OPTIONS}")
    return [
        f"--{name}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for name, value in document.items()
    ]


def words(value: str) -> list[str]:
    """The names in a comma-separated argument; "" (not given) has none.

    As in a CSV file, quotes hold a name with a comma or a line break together.
    """
    rows = csv.reader(io.StringIO(value, newline=""), skipinitialspace=True)
    return [word.strip() for row in rows for word in row if word.strip()]


def suggest(name: str, known: Iterable[str]) -> str:
    """What to append to a sentence about an unknown name: the closest known one, or all of them."""
    options = list(known)
    if close := difflib.get_close_matches(name, options, n=1, cutoff=0.5):
        return f"; did you mean {close[0]!r}?"
    return f"; known are: {', '.join(options)}"


def input_file(folder: Path, name: str) -> Path:
    """The file that an earlier step left in `folder`; DataError when it did not."""
    if not (folder / name).is_file():
        raise DataError(f"{folder} holds no {name}; run the step that writes it first")
    return folder / name


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """The JSON document that an earlier step left in `folder`; DataError where it is none."""
    path = input_file(folder, name)
    return parsed(path.read_bytes(), path)


def parsed(text: bytes, place: object) -> dict[str, Any]:
    """A document from its text; DataError, which names the place, where it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place} is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise DataError(f"{place} holds {type(found).__name__}, not an object of JSON")
    return found


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a document that people can read, too."""
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")


@contextmanager
def one_sentence(script: str) -> Iterator[None]:
    """Turn a DataError into a sentence on stderr, exit code 1 and the job's failure reason.

    Any other error goes on as it is; a processing job names it in its message.
    """
    try:
        yield
    except DataError as error:
        sentence = f"{script}: {error}"
        if folder := os.environ.get("SM_OUTPUT_DIR"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            Path(folder, "failure").write_text(sentence, encoding="utf-8")
        leave_message(sentence)
        sys.exit(sentence)
    except Exception as error:
        leave_message(f"{script}: {type(error).__name__}: {error}")
        raise


def leave_message(sentence: str) -> None:
    """Leave a sentence where a processing job's `ExitMessage` is read; in no such job, nowhere.

    Such a job runs a script out of `<root>/processing/input/<channel>`, the root being `/opt/ml` in
    a container, and its message is `<root>/output/message`.
    """
    script = Path(sys.argv[0]).absolute()
    if script.parts[-5:-2] != ("ml", "processing", "input"):
        return
    text = sentence.encode(errors="replace")
    if len(text) > MESSAGE_BYTES:
        text = text[: MESSAGE_BYTES - 3].decode(errors="ignore").encode() + b"..."
    folder = script.parents[3] / "output"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "message").write_bytes(text)


def leave_nothing(folder: Path) -> None:
    """Remove what was written into a folder, which stays."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def all_or_nothing(output: Path) -> Iterator[Path]:
    """Yield a folder to write into; its files move to `output` together, once all are complete."""
    created = not output.exists()
    partial = output / ".partial"
    shutil.rmtree(partial, ignore_errors=True)  # what a killed run left
    partial.mkdir(parents=True)
    try:
        yield partial
        for source in sorted(path for path in partial.rglob("*") if path.is_file()):
            target = output / source.relative_to(partial)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(source, target)  # each output may be a volume of its own
        created = False
    finally:
        shutil.rmtree(output if created else partial)
