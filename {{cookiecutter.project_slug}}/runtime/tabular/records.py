"""Raw records, as a request holds them: one by one from a split, or many at once by column."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, overload

import numpy as np

from .pace import Pace

Record = Mapping[str, Any]
MANY = 500  # so many records are quicker by column
BATCH = 20_000  # records at once, where there is no Arrow
BLOCK, WIDE = 4 << 20, 1 << 14  # bytes of a file at once: at least, and for each column


class Columns(Sequence[Record]):
    """Many raw records, kept by column; each is a mapping, like any record.

    A column is an array of Arrow's with the texts as they came, or a list of raw values.
    """

    def __init__(self, columns: Mapping[str, Any], rows: int) -> None:
        self.columns = dict(columns)
        self._rows = rows

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> "Columns": ...
    def __getitem__(self, place: int | slice) -> "Record | Columns":
        if isinstance(place, slice):
            rows = len(range(*place.indices(self._rows)))
            return Columns({name: each[place] for name, each in self.columns.items()}, rows)
        return {name: _value(column[place]) for name, column in self.columns.items()}

    def __iter__(self) -> Iterator[Record]:
        values = [as_list(column) for column in self.columns.values()]
        for row in zip(*values, strict=True):
            yield dict(zip(self.columns, row, strict=True))

    def take(self, rows: Sequence[int]) -> list[Record]:
        """Some of the records."""
        places = np.array(rows, dtype="int64")
        found = {
            name: [each[row] for row in rows] if isinstance(each, list) else each.take(places)
            for name, each in self.columns.items()
        }
        return list(Columns(found, len(rows)))

    def changed(self, columns: Mapping[str, Any]) -> "Columns":
        """The same records with some columns more, or with others of the same names."""
        return Columns({**self.columns, **columns}, self._rows)

    def without(self, cells: Iterable[tuple[int, str]]) -> "Columns":
        """The same records without the values of some cells, by row and column."""
        changed: dict[str, Any] = {}
        for row, name in cells:
            changed.setdefault(name, as_list(self.columns[name]).copy())[row] = None
        return self.changed({name: texts(values) for name, values in changed.items()})


def as_list(column: Any) -> list[Any]:
    """The raw values of a column."""
    return column if isinstance(column, list) else column.to_pylist()


def column_of(records: Sequence[Record], name: str) -> list[Any]:
    """The raw values of a field."""
    if isinstance(records, Columns):
        return as_list(records.columns[name])
    return [record[name] for record in records]


def _value(value: Any) -> Any:
    """One raw value, which Arrow wraps."""
    return value.as_py() if hasattr(value, "as_py") else value


def kept_by_column(records: Any) -> Columns | None:
    """Records that are kept by column, if they are; a champion's code gets those of ours."""
    if isinstance(records, Columns):
        return records
    columns = getattr(records, "columns", None)
    return Columns(columns, len(records)) if isinstance(columns, dict) else None


def by_column(records: Sequence[Record], names: Sequence[str]) -> Sequence[Record]:
    """Many records by column; as they are where they are few, or where one lacks a field."""
    if kept := kept_by_column(records):
        return kept
    if len(records) < MANY or arrow() is None:
        return records
    try:
        found = {name: [record[name] for record in records] for name in names}
    except KeyError:
        return records
    return Columns({name: texts(values) for name, values in found.items()}, len(records))


def texts(values: list[Any]) -> Any:
    """Texts as an array of Arrow's; the list, where something else is among them."""
    pyarrow = arrow()
    if pyarrow is None or not {*map(type, values)} <= {str, type(None)}:
        return values
    try:
        return pyarrow.array(values, pyarrow.string())
    except UnicodeEncodeError:  # half of a character, as JSON can hold it
        return values


def arrow() -> Any:
    """Arrow, loaded when it is asked for: a server of single records need not have it."""
    try:
        import pyarrow
    except ImportError:
        return None
    return pyarrow


def read_records(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a split, one at a time, as the raw records that a request would hold."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


class Split(Iterable[Record]):
    """A prepared split: its raw records, one at a time or some at a time.

    Args:
        paths: its CSV files, in their order.
        share: see `shared`.
    """

    def __init__(self, *paths: Path, share: Callable[[int], slice] | None = None) -> None:
        self._paths = paths
        self._share = share

    def shared(self, share: Callable[[int], slice]) -> "Split":
        """Of some records at a time, those that `share` gives of so many; one by one, all."""
        return Split(*self._paths, share=share)

    def __iter__(self) -> Iterator[Record]:
        for path in self._paths:
            yield from read_records(path)

    def batches(self) -> Iterator[Sequence[Record]]:
        """The records, some at a time: a large split as text would fill the memory."""
        sizes = [path.stat().st_size for path in self._paths]
        pace, rows = Pace(f"read {self._paths[0].stem}"), 0
        for place, path in enumerate(self._paths):
            with path.open("rb") as file:
                for batch in _batches(file):
                    own = batch[self._share(len(batch))] if self._share else batch
                    if len(own):
                        yield own
                    rows += len(batch)
                    pace(sum(sizes[:place]) + file.tell(), sum(sizes), f"{rows:,} rows")


def _batches(file: BinaryIO) -> Iterator[Sequence[Record]]:
    """The records of an open CSV file, by column where there is Arrow."""
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    done = 0
    if pa := arrow():
        names = next(csv.reader(text), [])
        file.seek(0)
        try:
            for batch in _by_arrow(file, names):
                yield batch
                done += len(batch)
            return
        except pa.ArrowInvalid:  # such as a cell that is larger than what is read at once
            text.seek(0)
    records = islice(csv.DictReader(text), done, None)
    while rows := list(islice(records, BATCH)):
        yield rows


def _by_arrow(file: BinaryIO, names: Sequence[str]) -> Iterator[Columns]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    texts = dict.fromkeys(names, pa.string())
    for batch in arrow_csv.open_csv(
        file,
        arrow_csv.ReadOptions(block_size=max(BLOCK, WIDE * len(names))),
        arrow_csv.ParseOptions(newlines_in_values=True),
        arrow_csv.ConvertOptions(column_types=texts, strings_can_be_null=False),
    ):
        if batch.num_rows:
            yield Columns(dict(zip(names, batch.columns, strict=True)), batch.num_rows)
