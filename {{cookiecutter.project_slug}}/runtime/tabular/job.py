"""How a script starts, fails and delivers: one sentence on a mistake, all outputs or none."""

import argparse
import difflib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from .values import DataError


class Arguments(argparse.ArgumentParser):
    """An argument parser that reports a mistake as a DataError, without usage lines."""

    def error(self, message: str) -> NoReturn:
        raise DataError(f"{message}; see --help")


def words(value: str) -> list[str]:
    """The names in a comma-separated argument; "" (not given) has none."""
    return [word.strip() for word in value.split(",") if word.strip()]


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
    """The JSON document that an earlier step left in `folder`."""
    return json.loads(input_file(folder, name).read_text(encoding="utf-8"))


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a document that people can read, too."""
    path.write_text(json.dumps(document, indent=2), encoding="utf-8")


@contextmanager
def one_sentence(script: str) -> Iterator[None]:
    """Turn a DataError into a sentence on stderr, exit code 1 and the job's failure reason."""
    try:
        yield
    except DataError as error:
        sentence = f"{script}: {error}"
        if folder := os.environ.get("SM_OUTPUT_DIR"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            Path(folder, "failure").write_text(sentence, encoding="utf-8")
        sys.exit(sentence)


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
