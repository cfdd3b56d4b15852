"""Which of many records may break a data contract: few, so that these can be looked at singly."""

from collections.abc import Callable, Mapping

import numpy as np

from .column_values import marked_numbers, of_each
from .contract import Column
from .records import Columns, Record
from .spelling import Reading

Broken = Callable[[str, Record], str]  # the rule that a record breaks in a column; "" for none


def suspects(
    records: Columns,
    columns: Mapping[str, Column],
    readings: Mapping[str, Reading],
    broken: Broken,
) -> list[int]:
    """The rows to look at; all of them where a column is missing."""
    if not set(columns) <= set(records.columns):
        return list(range(len(records)))
    found = np.zeros(len(records), dtype=bool)
    for name, column in columns.items():
        found |= _odd(records.columns[name], column, readings[name], broken)
    return np.flatnonzero(found).tolist()


def _odd(values: object, column: Column, read: Reading, broken: Broken) -> np.ndarray:
    if not (column.numeric and column.role == "numeric"):
        return of_each(values, lambda value: bool(broken(read.name, {read.name: value})))
    numbers, bad = marked_numbers(values, read)
    low, high = column.bounds
    odd = ~((low <= numbers) & (numbers <= high)) | bad
    if column.type == "integer":
        odd |= numbers % 1 > 0
    if column.missing_at_most:
        odd &= ~np.isnan(numbers) | bad
    return odd
