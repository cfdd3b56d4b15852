"""Which rows of a window make its columns drift, as a table beside their inputs and predictions.

`triage.parquet` has the columns of `rows.parquet` and two more: `drifted_in`, the drifted columns
in which a row's value is more frequent now than in the baseline, and `drift_score`, the sum of how
many times more (in powers of two) over these. Rows with the highest scores are worth a look first.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tabular.predictions import Predictions

from .baseline import PREDICTION
from .columns import ColumnReader
from .consolidation import batches
from .dependence import Bins
from .distributions import Categories, Distribution, Numbers
from .shape import Shape

FILE = "triage.parquet"
CUTS, CATEGORIES, ERRORS = 10, 1_000, 1.5
LEAST = 0.5  # powers of two by which a value must be more frequent


class Regions:
    """Where a column's values are more frequent now than in the baseline."""

    def __init__(self, then: Distribution, now: Distribution) -> None:
        self._bins = _bins(then, now)
        (before, above), (after, below) = (_shares(each, self._bins) for each in (then, now))
        # Chance alone makes rare values twice as frequent: what is sure of both shares counts.
        sure = np.maximum(after - below, 1e-12) / (before + above)
        self._scores = np.where(np.log2(sure) < LEAST, 0.0, np.log2(sure))

    def scores(self, values: np.ndarray | pa.DictionaryArray) -> np.ndarray:
        """Of each row: by how many powers of two its value is more frequent; 0 if hardly."""
        return self._scores[self._bins.places(values)]


def _bins(then: Distribution, now: Distribution) -> Bins:
    if isinstance(then, Categories) and isinstance(now, Categories):
        return Bins.of(then.merged(now), CATEGORIES)
    edges = np.union1d(Bins.of(then, CUTS).edges, Bins.of(now, CUTS).edges)
    return Bins(edges)


def _shares(column: Distribution, bins: Bins) -> tuple[np.ndarray, np.ndarray]:
    """The share of a column's rows in each place, as if it had a row more, and its error."""
    if isinstance(column, Numbers):
        counts = np.bincount(bins.places(column.values), column.weights, bins.size)
    else:
        names = pa.array(list(column.counts), pa.string()).dictionary_encode()
        weights = np.array(list(column.counts.values()), dtype=float)
        counts = np.bincount(bins.places(names), weights, bins.size)
    counts[-1] += column.missing
    rows = counts.sum() + 1
    shares = (counts + 1) / rows
    return shares, ERRORS * np.sqrt(shares * np.maximum(1 - shares, 0) / rows)


def write(
    folder: Path,
    window: Path,
    signature: Mapping[str, Any],
    drifted: Iterable[str],
    then: Mapping[str, Distribution],
    now: Mapping[str, Distribution],
) -> None:
    """Write triage.parquet of a window, some rows at a time.

    Args:
        folder: gets the file.
        window: folder with the window's rows.
        signature: of the model.
        drifted: names of the columns that drifted, `prediction` among them.
        then: the columns of the baseline.
        now: of the window.
    """
    regions = {name: Regions(then[name], now[name]) for name in drifted}
    reader = ColumnReader([each for each in signature["columns"] if each["name"] in regions])
    shape = Shape.of(signature)
    schema = shape.schema()
    schema = schema.append(pa.field("drifted_in", pa.list_(pa.string())))
    schema = schema.append(pa.field("drift_score", pa.float64()))
    how = {"use_dictionary": ["drifted_in"], "write_statistics": False}
    with pq.ParquetWriter(folder / FILE, schema, **how) as writer:
        for batch in batches(window, shape):
            values = {name: each.known for name, each in reader.read(batch.records).items()}
            scores = {name: regions[name].scores(each) for name, each in values.items()}
            if PREDICTION in regions:
                found = np.zeros(len(batch.records))
                found[batch.answered] = regions[PREDICTION].scores(_given(batch.answers))
                scores[PREDICTION] = found
            writer.write_batch(_marked(batch.rows, scores, schema))


def _given(answers: Predictions) -> np.ndarray | pa.DictionaryArray:
    if answers.probabilities is None:
        return np.asarray(answers.values, dtype=float)
    return pa.array(answers.values.tolist(), pa.string()).dictionary_encode()


def _marked(
    rows: pa.RecordBatch, scores: Mapping[str, np.ndarray], schema: pa.Schema
) -> pa.RecordBatch:
    total = np.sum(list(scores.values()), axis=0) if scores else np.zeros(rows.num_rows)
    names = np.array(list(scores), dtype=object)
    table = np.array(list(scores.values())).reshape(len(names), rows.num_rows) > 0
    columns = np.nonzero(table.T)[1]  # row by row
    ends = np.concatenate([[0], np.cumsum(table.sum(axis=0))]).astype("int32")
    lists = pa.ListArray.from_arrays(pa.array(ends), pa.array(names[columns], pa.string()))
    return pa.RecordBatch.from_arrays([*rows.columns, lists, pa.array(total)], schema=schema)
