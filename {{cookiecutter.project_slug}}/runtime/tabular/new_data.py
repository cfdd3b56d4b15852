"""New data to score: CSV with or without a header, Parquet or JSON Lines, some rows at a time.

Each file is read by itself: it has its own columns, and may be refused alone.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from . import files
from .admission import Admission
from .batches import Table
from .csv_files import CsvFile
from .json_text import loads, loads_together
from .parquet_files import ParquetFile
from .records import Columns, texts
from .values import DataError

KINDS = files.TABLES | files.JSON_LINES
LINES = 20_000  # of JSON that are read at once
BLOCK = 1 << 22  # bytes of CSV: a row of JSON takes several times the memory of one of CSV
Record = dict[str, Any] | tuple[str, str]  # or a line, and what is wrong with it


@dataclass(frozen=True)
class Rows:
    """Some rows of a file.

    Attributes:
        records: raw, by column; a column that the file does not have is missing in all of them.
        numbers: the place of each in the file, from 1: its row, of JSON Lines its line.
        broken: lines that hold no record, by their place: the line, and what is wrong.
        as_they_came: whether texts still have spaces around them, and words that mean missing.
    """

    records: Columns
    numbers: np.ndarray
    broken: dict[int, tuple[str, str]] = field(default_factory=dict)
    as_they_came: bool = False


@dataclass(frozen=True)
class NewFile:
    """One file of new data; `name` is its path in the folder that was given."""

    path: Path
    name: str

    def rows(
        self, model: Admission, keep: Sequence[str] | None, column_names: Sequence[str]
    ) -> "Reader":
        """A reader of its rows, once its beginning has been looked at.

        Args:
            model: what its records are for.
            keep: columns to read beside the model's; None: all that there are.
            column_names: of a CSV file without a header.

        Raises:
            DataError: it cannot be read, or has not the columns that are needed.
        """
        if files.is_json_lines(self.path):
            return JsonLines(self.path, model, keep)
        file = (
            ParquetFile.open(self.path)
            if files.is_parquet(self.path)
            else _open_csv(self.path, model, column_names)
        )
        names = file.names
        if twice := [name for place, name in enumerate(names) if name in names[:place]]:
            raise DataError(f"{self.path.name} has two columns named {twice[0]!r}; rename one")
        model.check_columns(names, self.path.name)
        kept = _kept(keep, names, self.path.name)
        wanted = list(dict.fromkeys([*kept, *model.names]))
        table = Table([file], wanted, 0, file.notes, model.with_comma, may_be_empty=True)
        return TableRows(table, kept)


def find(source: Path) -> list[NewFile]:
    """The files of new data, in the order of their names; DataError where there is none."""
    found = files.find(source, KINDS).files
    below = source if source.is_dir() else source.parent
    return [NewFile(path, path.relative_to(below).as_posix()) for path in found]


def _open_csv(path: Path, model: Admission, column_names: Sequence[str]) -> CsvFile:
    """A CSV file; where its first line is data, with as many of the model's names as it has."""
    try:
        return CsvFile.open(path, column_names, BLOCK)
    except DataError as problem:
        for names in [] if column_names else model.headers:
            try:
                return CsvFile.open(path, names, BLOCK)
            except DataError:
                continue
        raise problem


def _kept(keep: Sequence[str] | None, names: Sequence[str], file: str) -> list[str]:
    """The columns to keep; DataError where a file has not all of them."""
    if lacking := [name for name in keep or () if name not in names]:
        raise DataError(f"{file} has no column {lacking[0]!r}, which `keep` names")
    return list(names if keep is None else keep)


@dataclass
class TableRows:
    """The rows of a CSV or Parquet file, as texts; `kept` are the columns to keep."""

    table: Table
    kept: list[str]

    def batches(self) -> Iterator[Rows]:
        """The rows, some at a time; DataError where the file is broken further down."""
        for batch in self.table.batches():
            texts = {name: column.coded_rows() for name, column in batch.columns.items()}
            yield Rows(Columns(texts, batch.rows), batch.numbers + 1)


class JsonLines:
    """The rows of a file of JSON Lines, with the values as they are there."""

    def __init__(self, path: Path, model: Admission, keep: Sequence[str] | None) -> None:
        self._path, self._model = path, model
        self._needed = frozenset(model.needed)
        records = (each for some in self._records() for _, each in some)
        first = next((each for each in records if isinstance(each, dict)), None)
        if first is None:
            raise DataError(f"{path.name} holds no JSON object on a line of its own")
        self.kept = _kept(keep, list(first), path.name)

    def batches(self) -> Iterator[Rows]:
        """The rows, some at a time; a column that the first record lacks is not kept."""
        names = list(dict.fromkeys([*self.kept, *self._model.names]))
        for some in self._records():
            whole = [(place, each) for place, each in some if isinstance(each, dict)]
            broken = {place: each for place, each in some if not isinstance(each, dict)}
            columns = {name: texts([each.get(name) for _, each in whole]) for name in names}
            numbers = np.array([place for place, _ in whole], dtype="int64")
            yield Rows(Columns(columns, len(whole)), numbers, broken, as_they_came=True)

    def _records(self) -> Iterator[list[tuple[int, Record]]]:
        """Some lines' numbers, with their records, or with the line and what is wrong with it."""
        try:
            with files.open_bytes(self._path) as file:
                numbered = enumerate(file, start=1)
                while some := list(islice(numbered, LINES)):
                    lines = [(place, line) for place, line in some if line.strip()]
                    found = loads_together([line for _, line in lines])
                    if found is None:
                        yield [(place, self._record(line)) for place, line in lines]
                        continue
                    checked = map(self._checked, (line for _, line in lines), found)
                    yield list(zip((place for place, _ in lines), checked, strict=True))
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{self._path.name} is not readable: {error}") from None

    def _record(self, line: bytes) -> Record:
        try:
            found = loads(line)
            if b"\\ud" in line.lower():  # maybe half of a character, which is no text
                json.dumps(found, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            return _shown(line), "the line is no JSON"
        return self._checked(line, found)

    def _checked(self, line: bytes, found: Any) -> Record:
        if not isinstance(found, dict):
            return _shown(line), "the line is no JSON object"
        if not self._needed <= found.keys():
            lacking = next(name for name in self._model.needed if name not in found)
            return _shown(line), f"{lacking}: is missing"
        return found


def _shown(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\r\n")


Reader = TableRows | JsonLines
