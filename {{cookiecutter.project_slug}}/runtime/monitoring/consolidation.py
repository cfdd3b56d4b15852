"""Captured requests of a window as one table: a row for each record, with id, time and answer.

`rows.parquet` has the columns of `Shape.schema`.
"""

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tabular.predictions import Predictions
from tabular.records import Columns
from tabular.values import DataError, text

from . import batch_results, captured
from .bookmark import Bookmark, has_hour, hour
from .captured import Unreadable
from .captured_line import Capture
from .serving import Serving
from .shape import Shape
from .span import Span

ROWS = 3_000  # at once, and in a part of the table
WRITTEN = timedelta(hours=2)  # after its hour has begun, no file is written to any more
FILE = "rows.parquet"
# Other tasks read it whole, once or twice: it is to be quick to read, not small.
QUICK: dict[str, Any] = {"compression": "lz4", "use_dictionary": False, "write_statistics": False}
NONE: list[dict[str, Any]] = [{}]  # in place of an answer that was not captured


@dataclass
class Consolidated:
    """What was taken.

    Attributes:
        rows: of the table.
        requests: that they came in.
        unanswered: requests whose answer was not captured.
        first: when the first was answered.
        last: when the last was.
        unreadable: what could not be read.
        readable: lines that could be, of whatever time.
        waiting: files that are left for the next window, because they end within a line.
        others: requests that another model package answered, which are not taken.
    """

    rows: int = 0
    requests: int = 0
    unanswered: int = 0
    first: datetime | None = None
    last: datetime | None = None
    unreadable: Unreadable = field(default_factory=Unreadable)
    readable: int = 0
    waiting: int = 0
    others: Serving = field(default_factory=Serving)

    def count(self, captures: Sequence[Capture]) -> None:
        """Take note of requests that are taken."""
        self.requests += len(captures)
        self.rows += sum(len(each.rows) for each in captures)
        self.unanswered += sum(not each.answers for each in captures)
        times = [each.time for each in captures]
        self.first = min(times) if self.first is None else min(self.first, *times)
        self.last = max(times) if self.last is None else max(self.last, *times)


def files(folder: Path) -> dict[str, Path]:
    """What there is to read, by keys: captured requests, or results of a batch job."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    results = {key: path for key, path in found.items() if batch_results.are([key])}
    return results or {key: path for key, path in found.items() if key.endswith(".jsonl")}


def consolidate(
    folder: Path,
    files: Mapping[str, Path],
    shape: Shape,
    span: Span,
    served: Serving | None = None,
) -> tuple[Consolidated, Bookmark]:
    """Write the rows of a time that no window has taken, and move the bookmark.

    Results of a batch job are taken as a whole: those below an hour once, others in each window.

    Args:
        folder: gets rows.parquet.
        files: what there is to read, by keys.
        shape: of the model.
        span: its time, and what was taken before.
        served: which model packages answered when, of which one is looked at.

    Raises:
        DataError: there are lines, and none of them can be read.
    """
    is_batch = batch_results.are(files)
    unread = span.before.unread(key for key in files if not is_batch or has_hour(key))
    whole = [key for key in unread if is_batch or not _is_waiting(key, files[key], span)]
    found = Consolidated(waiting=len(unread) - len(whole))
    captures = (
        _results(whole, files, shape, span, found)
        if is_batch
        else _inside(whole, files, shape, span, found)
    )
    if served and served.is_mixed and not is_batch:
        captures = (list(filter(served.is_own, each)) for each in captures)
        found.others = served
    with _uncollected(), pq.ParquetWriter(folder / FILE, shape.schema(), **QUICK) as writer:
        for taken in _together(captures):
            found.count(taken)
            writer.write_table(_table(taken, shape))
    if found.unreadable.count and not found.readable:
        raise DataError(f"no request could be read: {found.unreadable.sentence()}")
    return found, span.before.moved(whole, span.end, is_batch)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without a look for objects that refer to each other in a circle: lines of JSON hold none.

    To look at each of their objects took a sixth of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _is_waiting(key: str, path: Path, span: Span) -> bool:
    """Whether a file may still be written to; one of long ago is taken as it is."""
    is_recent = span.is_newest and hour(key) + WRITTEN > span.end
    return is_recent and captured.is_half_written(path)


def _results(
    unread: Collection[str],
    files: Mapping[str, Path],
    shape: Shape,
    span: Span,
    found: Consolidated,
) -> Iterator[list[Capture]]:
    for key in sorted(files):
        is_hourly = has_hour(key)
        if is_hourly and key not in unread:
            continue
        moment = hour(key) if is_hourly else span.end
        asked = shape.columns, shape.classes, moment, found.unreadable
        for each in batch_results.read(key, files[key], *asked):
            found.readable += 1
            if span.is_newest or not is_hourly or span.start <= each.time < span.end:
                yield [each]


def _inside(
    keys: Iterable[str],
    files: Mapping[str, Path],
    shape: Shape,
    span: Span,
    found: Consolidated,
) -> Iterator[list[Capture]]:
    for key in keys:
        since = max(span.start, span.before.start(key))
        # What is no request of a file that was read before was told then.
        unreadable = Unreadable() if key in span.before.taken else found.unreadable
        for some in captured.read(files[key], shape.columns, shape.classes, unreadable):
            found.readable += len(some)
            yield [
                each
                for each in some
                if since <= each.time < span.end and each.id != captured.SMOKE_CHECK
            ]


def _together(captures: Iterable[Sequence[Capture]]) -> Iterator[list[Capture]]:
    """As many requests at a time as make a part of the table."""
    taken: list[Capture] = []
    rows = 0
    for some in captures:
        taken += some
        rows += sum(len(each.rows) for each in some)
        if rows >= ROWS:
            yield taken
            taken, rows = [], 0
    if taken:
        yield taken


def _table(captures: Sequence[Capture], shape: Shape) -> pa.Table:
    rows = [row for each in captures for row in each.rows]
    answers = [answer for each in captures for answer in each.answers or NONE * len(each.rows)]
    values = [answer.get("prediction") for answer in answers]
    columns: dict[str, Any] = {
        "id": _texts([name for each in captures for name in each.row_ids()]),
        "time": [each.time for each in captures for _ in each.rows],
        "prediction": values,
    }
    if shape.classes:
        columns["prediction"] = [value if value is None else str(value) for value in values]
        shares = [answer.get("probabilities") or {} for answer in answers]
        for name, label in zip(shape.shares, shape.classes, strict=True):
            columns[name] = [each.get(label) for each in shares]
    for name, found in zip(shape.columns, zip(*rows, strict=True), strict=True):
        columns[f"in:{name}"] = _texts(found, shape.decimals.get(name, "."))
    return pa.table(columns, shape.schema())


def _texts(values: Sequence[Any], decimal: str = ".") -> Any:
    """A column's raw values as texts that mean the same; numbers with its decimal mark."""
    kinds = {*map(type, values)}
    if kinds <= {float, type(None)} and decimal == ".":
        return pa.array(values, pa.float64()).cast(pa.string())
    if kinds <= {int, type(None)}:
        with suppress(OverflowError):
            return pa.array(values, pa.int64()).cast(pa.string())
    if not kinds <= {str, type(None)}:
        values = [
            each if isinstance(each, str) or each is None else text(each).replace(".", decimal)
            for each in values
        ]
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:  # half of a character, as JSON can hold it
        return [each and each.encode("utf-8", "replace").decode() for each in values]


@dataclass(frozen=True)
class Batch:
    """Some rows of a window.

    Attributes:
        rows: of the table.
        records: as the model got them.
        answers: what it said, of the rows in `answered`.
        answered: the places of the rows whose answer was captured.
    """

    rows: pa.RecordBatch
    records: Columns
    answers: Predictions
    answered: np.ndarray

    @property
    def ids(self) -> list[str]:
        """Of the rows."""
        return list(self.rows.column("id").to_pylist())


def read(file: Path | BinaryIO, names: Sequence[str] = ()) -> Iterator[pa.RecordBatch]:
    """The rows of a table, some at a time, in memory that does not grow with them.

    Args:
        file: of Parquet.
        names: of the columns that are wanted; none: all.
    """
    with pq.ParquetFile(file, pre_buffer=False) as opened:
        yield from opened.iter_batches(ROWS, columns=names or None, use_threads=False)


def batches(folder: Path, shape: Shape) -> Iterator[Batch]:
    """The rows of a window, some at a time."""
    for found in read(folder / FILE):
        columns = {name: found.column(f"in:{name}") for name in shape.columns}
        yield Batch(found, Columns(columns, found.num_rows), *answered(found, shape))


def answered(rows: pa.RecordBatch, shape: Shape) -> tuple[Predictions, np.ndarray]:
    """What a model said of rows, and the places of those whose answer was captured."""
    known = rows.column("prediction").is_valid()
    answers = rows.select(["prediction", *shape.shares]).filter(known)
    values, *shares = (each.to_numpy(zero_copy_only=False) for each in answers.columns)
    said = (
        Predictions(values.astype(str), np.column_stack(shares), shape.classes)
        if shape.classes
        else Predictions(values.astype(float))
    )
    return said, np.flatnonzero(known.to_numpy(zero_copy_only=False))
