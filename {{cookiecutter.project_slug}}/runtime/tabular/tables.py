"""A whole table in memory, as a frame of texts: for looking at it, not for preprocessing."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from . import memory
from .batches import Batch, Table, open_table
from .values import DataError

MEMORY_KEPT = 0.4  # share of the free memory that a table leaves for working with it


def read_raw(source: Path, column_names: Sequence[str] = (), row_limit: int = 0) -> pd.DataFrame:
    """All rows beneath `source` as texts, NaN where missing.

    Args:
        source: a CSV or Parquet file, or a folder of them; every CSV has its own header.
        column_names: names for CSV files without a header.
        row_limit: read this many rows, files in order of their names; 0 reads all.
    """
    table = open_table(source, column_names, row_limit)
    frames = [frame(batch) for batch in _while_memory_lasts(table.batches(), table)]
    return pd.concat(frames, ignore_index=True)


def frame(batch: Batch) -> pd.DataFrame:
    """The rows of a batch as texts, NaN where missing."""
    columns = {}
    for name, column in batch.columns.items():
        texts = column.texts.to_pandas().to_numpy(dtype=object, copy=True)
        texts[pd.isna(texts)] = np.nan
        columns[name] = texts[column.codes]
    return pd.DataFrame(columns, columns=list(batch.columns))


def _while_memory_lasts(batches: Iterable[Batch], table: Table) -> Iterator[Batch]:
    """Batches of a table for as long as they leave the memory that it takes to work with them.

    A table as text takes four to ten times its file's size, more than can be told beforehand.
    """
    room, rows = memory.available() * MEMORY_KEPT, 0
    for batch in batches:
        yield batch
        rows += batch.rows
        if memory.available() < room:
            raise DataError(
                f"{table.files[0].path.name} is too large for this machine's memory, which is "
                f"full after {rows:,} rows; choose a larger instance, or use that many rows by a "
                "row limit"
            )
