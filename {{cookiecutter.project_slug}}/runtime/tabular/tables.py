"""Reading raw tables as text, for preprocessing: CSV and Parquet files of any dialect."""

import codecs
import csv
import gzip
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .values import MISSING, DataError, text

PARQUET, TEXT = {".parquet", ".pq"}, {".csv", ".tsv", ".txt", ".data"}
SEPARATORS = ",;|"  # and tabs
CHUNK = 200_000  # rows that are read at once
MEMORY_KEPT = 0.4  # share of the free memory that a table leaves for working with it
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
        frames.append(_named(read(path, list(column_names), left), path))
        left = left and left - len(frames[-1])
        if left == 0:
            break
    raw = pd.concat(frames, ignore_index=True)
    if raw.empty:
        raise DataError(f"{files[0].name} has no rows under its header; give a file with data")
    return raw


def _named(frame: pd.DataFrame, path: Path) -> pd.DataFrame:
    """The table with its names stripped; DataError unless they tell its columns apart."""
    frame.columns = pd.Index([str(name).strip() for name in frame.columns])
    if twice := list(frame.columns[frame.columns.duplicated()]):
        raise DataError(f"{path.name} has two columns named {twice[0]!r}; rename one of them")
    if len(frame.columns) == 1:
        raise DataError(
            f"{path.name} has one column, {frame.columns[0]!r}, where a model needs a target and "
            f"something to learn from; separate columns by one of {' '.join(SEPARATORS)} or tabs"
        )
    return frame


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
        encoding = _encoding(path)
        separator, first = _first_line(path, encoding)
        _check_names(path, first, column_names)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # it says that cells are lost
            chunks = pd.read_csv(
                path,
                sep=separator,
                header=None,
                names=[str(place) for place in range(len(first))],
                skiprows=1 if not column_names or first == column_names else 0,
                index_col=False,
                nrows=rows,
                chunksize=CHUNK,
                dtype=str,
                encoding=encoding,
                keep_default_na=False,
                na_values=BLANKS,
            )
            frame = pd.concat(_while_memory_lasts(chunks, path))
    except pd.errors.ParserWarning:
        raise DataError(
            f"{path.name} has rows with more cells than the {len(first)} of its first line; give "
            "every row one cell for each column"
        ) from None
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not text in UTF-8; save it as CSV in UTF-8") from None
    except (ValueError, OSError) as error:
        if isinstance(error, DataError):
            raise
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"{path.name} is not a readable CSV file: {reason}") from None
    frame.columns = pd.Index(column_names or first)
    if len(frame) and frame.iloc[:, 1:].isna().all(axis=None) and len(first) > 1:
        raise DataError(
            f"{path.name} has {len(first)} columns by its first line, but its rows have one cell, "
            f"such as {frame.iloc[0, 0]!r}; use the same separator in all lines"
        )
    return frame


def _while_memory_lasts(chunks: Iterable[pd.DataFrame], path: Path) -> Iterator[pd.DataFrame]:
    """Chunks of a table for as long as they leave the memory that it takes to work with them.

    A table as text takes four to ten times its file's size, more than can be told beforehand.
    """
    room, rows = available_memory() * MEMORY_KEPT, 0
    for chunk in chunks:
        yield chunk
        rows += len(chunk)
        if available_memory() < room:
            raise DataError(
                f"{path.name} is too large for this machine's memory, which is full after "
                f"{rows:,} rows; choose a larger instance, or use that many rows by a row limit"
            )


def available_memory() -> float:
    """Bytes that are free for use, where the system says so (Linux); else as many as you like."""
    try:
        facts = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return float("inf")
    free = next((line.split()[1] for line in facts if line.startswith("MemAvailable:")), "inf")
    return float(free) * 1024


def _encoding(path: Path) -> str:
    """How a CSV file's text is written: UTF-8, or UTF-16 where it starts by saying so."""
    with _open(path, "rb") as file:
        head = file.read(4096)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head:
        raise DataError(f"{path.name} is not text in UTF-8; save it as CSV in UTF-8")
    return "utf-8-sig"


def _open(path: Path, mode: str, **options: Any) -> Any:
    return (gzip.open if path.suffix == ".gz" else open)(path, mode, **options)


def _first_line(path: Path, encoding: str) -> tuple[str, list[str]]:
    """The separator of a CSV file, by which its first line has most cells, and these cells."""
    with _open(path, "rt", encoding=encoding, newline="") as file:
        line = file.readline()
    if not line.strip():
        raise DataError(f"{path.name} is empty; give a file with a header and rows")
    cells = {each: next(csv.reader([line], delimiter=each)) for each in (*SEPARATORS, "\t")}
    separator = max(cells, key=lambda each: len(cells[each]))
    names = [cell.strip() or f"unnamed: {place}" for place, cell in enumerate(cells[separator])]
    return separator, names


def _check_names(path: Path, first: list[str], column_names: list[str]) -> None:
    """Raise a DataError when names and first line do not fit, or when that line is data."""
    if column_names and len(column_names) != len(first):
        raise DataError(
            f"{path.name} has {len(first)} columns but --column-names gives {len(column_names)}"
        )
    if not column_names and (numbers := [cell for cell in first if _is_number(cell)]):
        raise DataError(
            f"the first line of {path.name} looks like data ({numbers[0]!r}), not like names; "
            "name the columns by --column-names a,b,c"
        )


def _is_number(cell: str) -> bool:
    try:
        return np.isfinite(float(cell))
    except ValueError:
        return False
