"""Rows whose truth is known in a window, as a table: what a model can be trained on anew."""

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from . import consolidation

FILE = "labelled.parquet"
LABEL = "label"


def write(
    folder: Path, window: Path, labels: Mapping[str, str], late: Iterable[pa.RecordBatch] = ()
) -> int:
    """Write labelled.parquet: the rows' `id`, `time`, `label`, and the model's columns, `in:...`.

    Args:
        folder: gets the file, unless no row has a label.
        window: folder with rows.parquet.
        labels: the truth by the id of a row.
        late: rows of earlier windows whose label has come since.

    Returns:
        How many rows have a label.
    """
    names, truth = pa.array(labels.keys(), pa.string()), pa.array(labels.values(), pa.string())
    rows, writer = 0, None
    for batch in chain(consolidation.read(window / consolidation.FILE), late) if labels else ():
        found = pa.Table.from_batches([batch])
        places = pc.index_in(found.column("id"), names)
        known = places.is_valid()
        if not pc.any(known).as_py():
            continue
        given = truth.take(places.combine_chunks().drop_null())
        table = _table(found.filter(known), given)
        writer = writer or pq.ParquetWriter(folder / FILE, table.schema)
        writer.write_table(table.cast(writer.schema))
        rows += len(table)
    if writer:
        writer.close()
    return rows


def _table(rows: pa.Table, labels: pa.Array) -> pa.Table:
    columns = {name: rows.column(name) for name in ("id", "time")}
    inputs = {name: rows.column(name) for name in rows.column_names if name.startswith("in:")}
    return pa.table({**columns, LABEL: labels, **inputs})
