"""Reading a Parquet file as batches of texts, the same that a CSV file of its table would have."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from .values import DataError, text

if TYPE_CHECKING:
    import pyarrow.parquet as pq

ROWS = 50_000  # rows that are read at once
CELLS = 5_000_000  # cells, of a wide table
INDEX = re.compile(r"__index_level_\d+__")  # what pandas names an index without a name


@dataclass
class ParquetFile:
    """A Parquet file: where it is, its columns by their names there, and sentences about it."""

    path: Path
    fields: list[str]
    notes: list[str]
    fractions: frozenset[str] = frozenset()  # names of columns of typed numbers with decimals
    position: int = 0  # bytes that have been read, about

    @classmethod
    def open(cls, path: Path) -> "ParquetFile":
        """A file, once its schema has been read; the index of a table of pandas is no column."""
        schema = _open(path).schema_arrow
        index = _pandas_index(schema)
        named = [name for name in index if not INDEX.fullmatch(name)]
        notes = [f"the index {', '.join(named)} of {path.name} is left out; make it a column"]
        typed = {field.name.strip() for field in schema if _has_decimals(field.type)}
        names = [name for name in schema.names if name not in index]
        return cls(path, names, notes * bool(named), frozenset(typed))

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return [name.strip() for name in self.fields]

    def batches(self) -> Iterator[list[pa.DictionaryArray]]:
        """Its rows as distinct texts and codes, some at a time."""
        rows = max(1_000, min(ROWS, CELLS // max(1, len(self.fields))))
        try:
            file, size, done = _open(self.path), self.path.stat().st_size, 0
            for batch in file.iter_batches(rows, columns=self.fields):
                done += batch.num_rows
                self.position = size * done // file.metadata.num_rows
                if batch.num_rows:
                    yield [_texts(batch.column(name)) for name in self.fields]
        except OSError as error:
            raise _unreadable(self.path, error) from None


def _has_decimals(kind: pa.DataType) -> bool:
    return pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _open(path: Path) -> "pq.ParquetFile":
    import pyarrow.parquet as pq  # here, because most tables are CSV

    try:
        return pq.ParquetFile(path)
    except (ValueError, OSError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> DataError:
    return DataError(f"{path.name} is not a readable Parquet file: {error}")


def _pandas_index(schema: pa.Schema) -> list[str]:
    said = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    return [name for name in said.get("index_columns", []) if isinstance(name, str)]


def _texts(values: pa.Array) -> pa.DictionaryArray:
    """Typed values as distinct texts and codes, a missing one as the empty text."""
    coded = values if pa.types.is_dictionary(values.type) else _coded(values)
    kind = coded.dictionary.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = pc.utf8_trim_whitespace(coded.dictionary.cast(pa.string()))
    elif pa.types.is_integer(kind):
        texts = coded.dictionary.cast(pa.string())
    else:
        texts = pa.array([text(value) for value in coded.dictionary.to_pylist()], pa.string())
    with_missing = pa.concat_arrays([texts.fill_null(""), pa.array([""])])
    codes = coded.indices.cast(pa.int32()).fill_null(len(texts))
    again = with_missing.dictionary_encode()
    return pa.DictionaryArray.from_arrays(again.indices.take(codes), again.dictionary)


def _coded(values: pa.Array) -> pa.DictionaryArray:
    try:
        return values.dictionary_encode()
    except pa.ArrowNotImplementedError:  # lists and the like
        texts = [None if value is None else str(value) for value in values.to_pylist()]
        return pa.array(texts, pa.string()).dictionary_encode()
