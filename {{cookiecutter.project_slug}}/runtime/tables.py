"""Reading tables: raw files as text for preprocessing, single records for what comes after."""

import csv
import gzip
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from values import MISSING, DataError, text

PARQUET, TEXT = {".parquet", ".pq"}, {".csv", ".tsv", ".txt", ".data"}
BLANKS = sorted({*MISSING, " "})  # a lone space is a common way to write nothing


def read_raw(source: Path, column_names: Sequence[str] = (), row_limit: int = 0) -> pd.DataFrame:
    """All rows beneath `source` as text, NaN where missing; typing would change a row's hash.

    Args:
        source: a CSV or Parquet file, or a folder of them; every CSV has its own header.
        column_names: names for CSV files without a header.
        row_limit: read this many rows, files in order of their names; 0 reads all.
    """
    if not source.exists():
        raise DataError(f"{source} does not exist; give a CSV or Parquet file, or a folder of them")
    files = [source] if source.is_file() else sorted(source.rglob("*"))
    files = [path for path in files if path.is_file() and {*path.suffixes} & (PARQUET | TEXT)]
    if not files:
        raise DataError(f"{source} holds no CSV or Parquet file; name the file or its folder")
    frames: list[pd.DataFrame] = []
    left = row_limit or None
    for path in files:
        read = _read_parquet if {*path.suffixes} & PARQUET else _read_csv
        frames.append(read(path, list(column_names), left))
        left = left and left - len(frames[-1])
        if left == 0:
            break
    raw = pd.concat(frames, ignore_index=True)
    if raw.empty:
        raise DataError(f"{files[0].name} has no rows under its header; give a file with data")
    return raw


def _read_parquet(path: Path, _column_names: list[str], rows: int | None) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except ImportError:
        raise DataError(f"{path.name} needs pyarrow, which is not here; give CSV files") from None
    except (ValueError, OSError) as error:
        raise DataError(f"{path.name} is not a readable Parquet file: {error}") from None
    texts = frame.head(rows or len(frame)).astype(object).map(lambda value: text(value) or np.nan)
    return texts.astype(object)


def _read_csv(path: Path, column_names: list[str], rows: int | None) -> pd.DataFrame:
    try:
        separator, first = _first_line(path)
        if column_names and len(column_names) != len(first):
            raise DataError(
                f"{path.name} has {len(first)} columns but --column-names gives {len(column_names)}"
            )
        if not column_names and (numbers := [cell for cell in first if _is_number(cell)]):
            raise DataError(
                f"the first line of {path.name} looks like data ({numbers[0]!r}), not like names; "
                "name the columns by --column-names a,b,c"
            )
        return pd.read_csv(
            path,
            sep=separator,
            header=0 if not column_names or first == column_names else None,
            names=column_names or None,
            index_col=False,
            nrows=rows,
            dtype=str,
            encoding="utf-8-sig",
            keep_default_na=False,
            na_values=BLANKS,
        )
    except (ValueError, OSError) as error:
        if isinstance(error, DataError):
            raise
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"{path.name} is not a readable CSV file: {reason}") from None


def _first_line(path: Path) -> tuple[str, list[str]]:
    """The separator of a CSV file and the cells of its first line."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        line = file.readline()
    if not line.strip():
        raise DataError(f"{path.name} is empty; give a file with a header and rows")
    separator = max(",;\t", key=line.count)
    return separator, next(csv.reader([line], delimiter=separator))


def _is_number(cell: str) -> bool:
    try:
        return np.isfinite(float(cell))
    except ValueError:
        return False


def read_records(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a split, one at a time, as the raw records that a request would hold."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def read_batches(path: Path, size: int = 20_000) -> Iterator[list[dict[str, str]]]:
    """The same records, at most `size` at a time: a large split as text would fill the memory."""
    records = read_records(path)
    while batch := list(islice(records, size)):
        yield batch
