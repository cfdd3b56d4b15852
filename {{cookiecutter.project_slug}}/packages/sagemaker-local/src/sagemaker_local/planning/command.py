"""``python -m sagemaker_local plan``: would a pipeline definition run here, and why not."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sagemaker_local.errors import LocalError
from sagemaker_local.planning.plan import Plan, plan

ABOUT = """\
Says of each file with a pipeline definition, the JSON that Pipeline.definition() prints, whether
it would run here: its steps in the order in which they could run, or every reason why it cannot.

Nothing is run, and no input is looked for. The exit code is 1 if one of them cannot run."""
EXAMPLE = """\
example:
  python -m sagemaker_local plan pipeline.json --set InputData=s3://my-bucket/data.csv
  python -m sagemaker_local plan definitions/*.json"""
_STDIN = "-"


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    about = f"a pipeline definition; {_STDIN} is the standard input"
    parser.add_argument("files", nargs="+", metavar="FILE", help=about)
    about = "a parameter's value, as a start would give it; again for further ones"
    parser.add_argument(
        "--set", action="append", default=[], type=_assignment, metavar="NAME=VALUE", help=about
    )
    about = "a Lambda function, its name or ARN, that the session will have; again for further ones"
    parser.add_argument("--function", action="append", default=[], metavar="NAME", help=about)


def run(files: Sequence[str], values: Mapping[str, str], functions: Sequence[str]) -> int:
    """Print the plans; gives the exit code.

    Raises:
        LocalError: a file cannot be read.
    """
    refused = 0
    for file in files:
        made = plan(_text(file), values, tuple(functions))
        refused += bool(made.refusals)
        for line in _lines(file if len(files) > 1 else "", made):
            print(line)
    if len(files) > 1:
        print(f"{len(files) - refused} of {len(files)} would run here")
    return 1 if refused else 0


def _text(file: str) -> str:
    if file == _STDIN:
        return sys.stdin.read()
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise LocalError(f"{file} cannot be read: {told}") from error


def _lines(file: str, made: Plan) -> Iterator[str]:
    if file:
        yield f"{file}: {'refused' if made.refusals else 'would run here'}"
    yield from ((f"  {line}" if file else line) for line in str(made).splitlines())
