"""New records, written as what a batch job reads, and those beside it that cannot be scored.

A file of records gives `<name>.jsonl`, of lines such as

    {"row": 7, "kept": {"id": "a-17"}, "features": {"year": "2015", "fuel": "diesel"}}

`features` go to the model, `row` and `kept` come back beside its answer. Records that cannot be
scored are in `<name>.rejects.jsonl`: `row`, `reasons` and the `record` itself.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import column_values, rendering
from .admission import Admission
from .columns import marks
from .new_data import NewFile, Reader, Rows
from .spelling import Reading
from .values import DataError

ANSWERED = ".jsonl.out"  # what a batch job makes of `.jsonl`
LARGEST_RECORD = 5_000_000  # bytes: a batch job sends 6 MB at once, and leaves room for a name
TOO_LARGE = f"the record has more than {LARGEST_RECORD // 1_000_000} MB"
LARGE = pa.large_string()
Reject = tuple[int, list[str], Any]  # the row, its reasons, the record


@dataclass
class Counts:
    """What became of a file's rows; `refused` says why none of them was read."""

    scored: int = 0
    rejected: int = 0
    refused: str = ""
    kept: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)  # some rejects, in words

    @property
    def rows(self) -> int:
        """How many were read."""
        return self.scored + self.rejected


def select(
    file: NewFile,
    model: Admission,
    keep: Sequence[str] | None,
    names: Sequence[str],
    folder: Path,
) -> Counts:
    """Write a file's records and rejects below a folder's `records` and `selection/rejects`.

    A file that cannot be read leaves neither; the counts say why.
    """
    records = folder / "records" / f"{file.name}.jsonl"
    rejects = folder / "selection" / "rejects" / f"{file.name}.rejects.jsonl"
    for path in (records, rejects):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        reader = file.rows(model, keep, names)
        with records.open("wb") as good, rejects.open("wb") as bad:
            counts = _written(reader, model, good, bad)
    except DataError as error:
        counts = Counts(refused=str(error))
    for path, rows in ((records, counts.scored), (rejects, counts.rejected)):
        if not rows:  # the service wants no empty file
            path.unlink(missing_ok=True)
    return counts


def _written(reader: Reader, model: Admission, good: BinaryIO, bad: BinaryIO) -> Counts:
    counts = Counts(kept=reader.kept)
    for rows in reader.batches():
        lines, rejects = _judged(rows, model, reader.kept)
        good.write(rendering.content(lines))
        counts.scored += len(lines)
        for row, reasons, record in rejects:
            reject = {"row": row, "reasons": reasons, "record": record}
            bad.write(json.dumps(reject, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
            counts.rejected += 1
            counts.reasons[reasons[0]] += 1
            if len(counts.first) < 3:
                counts.first.append(f"row {row} ({'; '.join(reasons)})")
    return counts


def _judged(
    rows: Rows, model: Admission, kept: Sequence[str]
) -> tuple[pa.LargeStringArray, Iterator[Reject]]:
    """The lines of the records that can be scored, and the others."""
    lines = _lines(rows, model.names, kept)
    refused = model.refused(rows.records) if len(rows.records) else {}
    large = pc.greater(pc.binary_length(lines), LARGEST_RECORD)
    for place in np.flatnonzero(marks(large)).tolist():
        refused[place] = [TOO_LARGE]
    if refused:
        good = np.ones(len(lines), dtype=bool)
        good[list(refused)] = False
        lines = lines.filter(pa.array(good))
    return lines, _rejects(rows, refused)


def _rejects(rows: Rows, refused: dict[int, list[str]]) -> Iterator[Reject]:
    """Those rows in their order in the file."""
    places = sorted(refused)
    found: list[Reject] = [
        (int(rows.numbers[place]), refused[place], dict(record))
        for place, record in zip(places, rows.records.take(places), strict=True)
    ]
    found += [(row, [reason], line) for row, (line, reason) in rows.broken.items()]
    yield from sorted(found, key=lambda each: each[0])


def _lines(rows: Rows, names: Sequence[str], kept: Sequence[str]) -> pa.LargeStringArray:
    columns = rows.records.columns
    members = {name: rendering.json_members(name, columns[name]) for name in names}
    return pc.binary_join_element_wise(
        pa.scalar('{"row":', LARGE),
        pa.array(rows.numbers).cast(LARGE),
        pa.scalar(',"kept":{', LARGE),
        *_between([_beside(rows, name, members) for name in kept]),
        pa.scalar('},"features":{', LARGE),
        *_between(list(members.values())),
        pa.scalar("}}\n", LARGE),
        pa.scalar("", LARGE),
    )


def _beside(rows: Rows, name: str, members: Mapping[str, pa.Array]) -> pa.Array:
    """A member for a column to keep: its text, null where missing."""
    column = rows.records.columns[name]
    if rows.as_they_came:
        column = column_values.texts(column, Reading(name, "drop"))
    elif name in members:
        return members[name]
    return rendering.json_members(name, column)


def _between(members: Sequence[pa.Array]) -> list[Any]:
    """The members of an object with commas between them."""
    comma = pa.scalar(",", LARGE)
    return [part for each in members for part in (comma, each)][1:]
