"""Reading a prepared split as raw records, as a request would hold them; no pandas."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path


def read_records(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a split, one at a time, as the raw records that a request would hold."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def read_batches(path: Path, size: int = 20_000) -> Iterator[list[dict[str, str]]]:
    """The same records, at most `size` at a time: a large split as text would fill the memory."""
    records = read_records(path)
    while batch := list(islice(records, size)):
        yield batch
