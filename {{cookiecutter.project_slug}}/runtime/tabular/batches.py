"""Reading tables as batches of texts, one after another, however many rows there are.

`open_table` gives a table that can be read several times, with what was left out of its files in
sentences. Its batches keep each column as its distinct texts and which of them each row has: what
is asked of a text is asked once for many rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import csv_files, files, parquet_files
from .columns import marks
from .values import MISSING, DataError

BLANKS = pa.array(sorted({*MISSING, " "}))  # a lone space is a common way to write nothing
WORDS = pa.array(sorted(MISSING))
File = csv_files.CsvFile | parquet_files.ParquetFile


class Coded:
    """A column of some rows: its distinct texts, and the place among them of each row's text."""

    def __init__(
        self, raw: pa.StringArray, codes: np.ndarray, texts: pa.StringArray | None = None
    ) -> None:
        self.raw = raw
        self.codes = codes
        if texts is not None:
            self.texts = texts

    @classmethod
    def of(cls, values: pa.DictionaryArray) -> "Coded":
        """A column as it is read; of a part of a batch, with the texts of that part only."""
        whole = cls(values.dictionary, values.indices.to_numpy(zero_copy_only=False))
        return whole if whole.counts.all() else whole.filter(np.ones(len(values), bool))

    @classmethod
    def missing(cls, rows: int) -> "Coded":
        """A column that a file does not have."""
        return cls(pa.array([""]), np.zeros(rows, dtype="int32"))

    @cached_property
    def known(self) -> pa.BooleanArray:
        """Which texts count as known for the hash of a row: as they are in the file."""
        return pc.invert(pc.is_in(self.raw, BLANKS))

    @cached_property
    def texts(self) -> pa.StringArray:
        """The texts without spaces around them, null where missing; one may be there twice."""
        stripped = pc.utf8_trim_whitespace(self.raw)
        return pc.if_else(pc.is_in(stripped, WORDS), pa.scalar(None, pa.string()), stripped)

    @cached_property
    def counts(self) -> np.ndarray:
        """How many rows have each text."""
        return np.bincount(self.codes, minlength=len(self.raw))

    def rows(self) -> pa.StringArray:
        """The text of each row."""
        return self.texts.take(pa.array(self.codes))

    def coded_rows(self) -> pa.DictionaryArray:
        """The same, with each text there once or so."""
        return pa.DictionaryArray.from_arrays(pa.array(self.codes), self.texts)

    def where(self, of_texts: np.ndarray) -> np.ndarray:
        """A fact of each text as a fact of each row."""
        return of_texts[self.codes]

    def changed(self, texts: pa.StringArray) -> "Coded":
        """The same column with other texts, each in place of one; no row's hash changes."""
        return Coded(self.raw, self.codes, texts)

    def with_comma(self) -> "Coded":
        """Numbers with a decimal comma, as the column's spelling has it."""
        return self.changed(pc.replace_substring(self.texts, ".", ","))

    def filter(self, rows: np.ndarray) -> "Coded":
        """Some of the rows, and the texts that they have."""
        codes = self.codes[rows]
        used = np.bincount(codes, minlength=len(self.raw)) > 0
        codes, kept = (np.cumsum(used, dtype="int32") - 1)[codes], pa.array(used)
        return Coded(self.raw.filter(kept), codes, self.texts.filter(kept))

    def without(self, texts: np.ndarray) -> "Coded":
        """The same column, with the marked texts taken for missing ones."""
        nothing = pa.scalar(None, pa.string())
        return self.changed(pc.if_else(pa.array(texts), nothing, self.texts))


@dataclass(frozen=True)
class Batch:
    """Some rows of a table: its columns, and the number of each row in the table, from 0."""

    columns: Mapping[str, Coded]
    numbers: np.ndarray

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.numbers)

    def known(self, name: str) -> np.ndarray:
        """Marks the rows that have a value in a column."""
        column = self.columns[name]
        return column.where(marks(column.texts.is_valid()))

    def changed(self, columns: Mapping[str, Coded]) -> "Batch":
        """The same rows, with other columns of the same names."""
        return Batch({**self.columns, **columns}, self.numbers) if columns else self

    def filter(self, rows: np.ndarray) -> "Batch":
        """The rows that are marked; with all of them, the same batch."""
        if rows.all():
            return self
        columns = {name: column.filter(rows) for name, column in self.columns.items()}
        return Batch(columns, self.numbers[rows])

    def record_batch(self) -> pa.RecordBatch:
        """The rows as texts, null where missing."""
        columns = {name: column.rows() for name, column in self.columns.items()}
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


@dataclass
class Table:
    """Files that are one table.

    Attributes:
        files: in order.
        columns: names of all their columns.
        row_limit: rows to read; 0: all.
        notes: sentences on what of the files is left out or differs.
        with_comma: columns whose spelling has a decimal comma: typed numbers are read as such.
        may_be_empty: whether no row at all is as good as any.
        given: files of a test table, whose rows come after all others; None: there is none.
        given_from: the number of its first row, once the others were read.
    """

    files: list[File]
    columns: list[str]
    row_limit: int
    notes: list[str] = field(default_factory=list)
    with_comma: frozenset[str] = frozenset()
    may_be_empty: bool = False
    given: list[File] | None = None
    given_from: int | None = None

    @property
    def share(self) -> float:
        """How much of the files has been read, as a share of their bytes."""
        files = [*self.files, *(self.given or [])]
        sizes = [file.path.stat().st_size for file in files]
        return sum(file.position for file in files) / max(1, sum(sizes))

    def batches(self) -> Iterator[Batch]:
        """All rows, or the first of them, in the order of the files; DataError if there is none.

        Those of a test table come last, all of them.
        """
        rows = 0
        for batch in self._of(self.files, 0, self.row_limit):
            yield batch
            rows += batch.rows
        if not rows and self.files and not self.may_be_empty:  # a host without files has no rows
            name = self.files[0].path.name
            raise DataError(f"{name} has no rows under its header; give a file with data")
        if self.given is not None:
            self.given_from = rows
            yield from self._of(self.given, rows)

    def _of(self, files: Sequence[File], first: int, end: int = 0) -> Iterator[Batch]:
        """The rows of files, the first of which has a number; up to another, if that is not 0."""
        for file in files:
            for columns in file.batches():
                rows = len(columns[0])
                if end:
                    rows = min(rows, end - first)
                    columns = [column.slice(0, rows) for column in columns]
                batch = self._batch(dict(zip(file.names, columns, strict=True)), rows, first)
                yield self._spelled(batch, file) if self.with_comma else batch
                first += rows
                if first == end:
                    return

    def _batch(self, found: Mapping[str, pa.DictionaryArray], rows: int, first: int) -> Batch:
        columns = {
            name: Coded.of(found[name]) if name in found else Coded.missing(rows)
            for name in self.columns
        }
        return Batch(columns, np.arange(first, first + rows))

    def _spelled(self, batch: Batch, file: File) -> Batch:
        typed = file.fractions if isinstance(file, parquet_files.ParquetFile) else frozenset()
        names = typed & self.with_comma
        return batch.changed({name: batch.columns[name].with_comma() for name in names})


def open_table(source: Path, column_names: Sequence[str] = (), row_limit: int = 0) -> Table:
    """A table, once the beginning and end of each of its files have been looked at.

    Args:
        source: a CSV or Parquet file, or a folder of them; every CSV has its own header.
        column_names: names for CSV files without a header.
        row_limit: read this many rows, files in order of their names; 0 reads all.
    """
    found = files.find(source)
    opened, no_tables = _open_all(found.files, column_names)
    for file in opened:
        _check_names(file.path, file.names)
    columns = list(dict.fromkeys(name for file in opened for name in file.names))
    notes = [note for file in opened for note in file.notes] + _differences(opened, columns)
    notes += files.notes(source, found)
    if no_tables:
        told = files.listed(no_tables)
        notes.append(f"left out of {source.name}: {told}, being no table with the others' columns")
    for file in opened if row_limit else ():
        if isinstance(file, csv_files.CsvFile):
            file.quotes = True  # not worth a look at the whole of a file for a few of its rows
    return Table(opened, columns, row_limit, notes)


def _open(path: Path, column_names: Sequence[str]) -> File:
    if files.is_parquet(path):
        return parquet_files.ParquetFile.open(path)
    return csv_files.CsvFile.open(path, column_names)


def _open_all(paths: Sequence[Path], column_names: Sequence[str]) -> tuple[list[File], list[Path]]:
    """The files that are opened, in order, and the texts beside tables that are none themselves."""
    tables = [_open(path, column_names) for path in paths if not files.is_plain(path)]
    if not tables:
        return [_open(path, column_names) for path in paths], []
    opened = {file.path: file for file in tables}
    names = {name for file in tables for name in file.names}
    for path in filter(files.is_plain, paths):
        with suppress(DataError):
            file = _open(path, column_names)
            if names & {*file.names}:
                opened[path] = file
    return [opened[path] for path in paths if path in opened], [p for p in paths if p not in opened]


def of_columns(columns: Mapping[str, Sequence[str | None]]) -> Batch:
    """Rows that are in memory, given as texts by column, as one batch."""
    coded = {
        str(name): Coded.of(
            pa.array(values, pa.string(), from_pandas=True).fill_null("").dictionary_encode()
        )
        for name, values in columns.items()
    }
    rows = len(next(iter(coded.values())).codes) if coded else 0
    return Batch(coded, np.arange(rows))


def _check_names(path: Path, names: Sequence[str]) -> None:
    """Raise a DataError unless the names tell the columns apart, of which there are several."""
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise DataError(f"{path.name} has two columns named {twice[0]!r}; rename one of them")
    if len(names) == 1:
        raise DataError(
            f"{path.name} has one column, {names[0]!r}, where a model needs a target and "
            "something to learn from; separate columns by one of , ; | or tabs"
        )


def _differences(opened: Sequence[File], columns: Sequence[str]) -> list[str]:
    """Sentences about files without some columns; DataError for one without any of the others'."""
    first, *others = opened
    for file in others:
        if not set(file.names) & set(first.names):
            raise DataError(
                f"{file.path.name} has none of the columns of {first.path.name}, but "
                f"{', '.join(file.names[:5])}; give a folder of files of one table"
            )
    lacking = {
        name: [file.path for file in opened if name not in file.names]
        for name in columns
        if any(name not in file.names for file in opened)
    }
    return [
        f"column {name!r} is not in {files.listed(paths)}, whose rows have no value there"
        for name, paths in islice(lacking.items(), 10)
    ]
