"""``python -m sagemaker_local prune``: remove what nobody needs any more."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sagemaker_local.engine import Engine
from sagemaker_local.errors import LocalError
from sagemaker_local.processes.warm import shared_runner
from sagemaker_local.pruning.pruning import Removal, prune

ABOUT = """\
Removes executions, jobs with their folders and objects, uploads, captures and logs of endpoints
that are older than an age, and that no model package, endpoint, pipeline or execution that runs
needs."""
EXAMPLE = """\
example:
  python -m sagemaker_local prune --root .sagemaker-local --older-than 30d --dry-run"""
_AGE = re.compile(r"(\d+(?:\.\d+)?)d?")
_SHOWN = 5


def age(text: str) -> float:
    """Days, from ``30`` or ``30d``.

    Raises:
        ValueError: it is neither.
    """
    match = _AGE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no age: give days, such as 30 or 30d")
    return float(match[1])


def _age(text: str) -> float:
    try:
        return age(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(".sagemaker-local"),
        help="the session's folder, which sessions may use meanwhile (default: %(default)s)",
    )
    about = "such as 30d"
    parser.add_argument("--older-than", type=_age, required=True, metavar="DAYS", help=about)
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and keep it")


def moment(days: float) -> datetime:
    """So many days ago."""
    return datetime.now(UTC) - timedelta(days=days)


def run(root: Path, days: float, dry_run: bool) -> Iterator[str]:
    """Prune; gives lines that say what went.

    Raises:
        LocalError: there is no session's folder.
    """
    if not (root / "state.db").is_file():
        raise LocalError(f"{root} is no folder of a local session; give another --root.")
    engine = Engine(root.resolve(), runner=shared_runner(warm=False))
    removals = prune(engine, moment(days), dry_run)
    yield from lines(removals, dry_run)


def lines(removals: Iterable[Removal], dry_run: bool) -> Iterator[str]:
    """What went, kind by kind, and how much it was."""
    total = 0
    for removal in removals:
        total += removal.size
        yield f"{len(removal.names)} {removal.what}, {megabytes(removal.size)}"
        yield from (f"  {name}" for name in removal.names[: None if dry_run else _SHOWN])
        if not dry_run and len(removal.names) > _SHOWN:
            yield f"  and {len(removal.names) - _SHOWN} more"
    yield f"{'would free' if dry_run else 'freed'} {megabytes(total)}"


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
