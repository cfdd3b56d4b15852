"""The command line of the script monitor: its task, and where each task reads and writes."""

from argparse import Namespace
from collections.abc import Collection, Sequence
from pathlib import Path

from tabular import job

from . import span


def parse(argv: Sequence[str] | None, tasks: Collection[str], purpose: str) -> Namespace:
    """Parse the command line.

    Args:
        argv: the arguments; None: those of the process.
        tasks: what can be done.
        purpose: of the script, for its help.
    """
    parser = job.Arguments("monitor", description=purpose)
    add = parser.add_argument
    add("task", choices=sorted(tasks))
    add("--model", type=Path, required=True, help="folder with model.tar.gz")
    add("--schema", type=Path, help="baseline: folder with schema.json")
    add("--output", type=Path, required=True, help="folder for what is written")
    add("--train", type=Path, help="baseline: folder with train.csv")
    add("--test", type=Path, help="baseline: folder with test.csv")
    add("--capture", type=Path, help="consolidate: folder with captured requests")
    add("--bookmark", type=Path, help="consolidate: folder with bookmark.json, if there is one")
    past = "a time such as 2026-11-25T10:00Z, to look at a past window again"
    add("--start", default=span.NEWEST, help=f"consolidate: {span.NEWEST}, or {past}")
    add("--end", default=span.NOW, help=f"consolidate: {span.NOW}, or a time")
    add("--window", type=Path, help="drift, quality, report: folder with rows.parquet")
    add("--baseline", type=Path, help="drift, quality, report: folder of a baseline")
    add("--ground-truth", type=Path, help="consolidate, quality: folder with labels")
    add("--drift", type=Path, help="report: folder of the task drift")
    add("--quality", type=Path, help="report: folder of the task quality")
    add("--state", type=Path, help="quality, report: folder of what earlier windows left, if any")
    add("--name", default="a model", help="report: whose windows these are")
    add("--package", default="", help="consolidate, quality, report: ARN of what answered")
    add("--run", default="", help="report: the execution that this is part of")
    return parser.parse_args(argv)
