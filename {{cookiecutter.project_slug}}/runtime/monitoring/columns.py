"""The distributions of a data set's columns, taken in batch after batch."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tabular import column_values
from tabular.records import Record, column_of
from tabular.spelling import Reading, reading

from .distributions import Categories, Distribution, NumberCounter

MOST_TEXTS = 10_000


class TextCounter:
    """Counts texts; an id-like column with more than `MOST_TEXTS` of them is of no kind."""

    def __init__(self) -> None:
        self._whole: Categories | None = Categories({})

    def add(self, texts: pa.DictionaryArray) -> None:
        """Take in the texts of some rows; null is missing."""
        counted = texts.value_counts()
        values, rows = (counted.field(each).to_pylist() for each in ("values", "counts"))
        counts: dict[str | None, int] = dict(zip(values, rows, strict=True))
        missing = counts.pop(None, 0)
        if self._whole is not None:
            known = {str(value): count for value, count in counts.items()}
            self._whole = self._whole.merged(Categories(known, missing))
            if len(self._whole.counts) > MOST_TEXTS:
                self._whole = None

    def distribution(self) -> Categories | None:
        """All that was taken in, or nothing where there are too many texts."""
        return self._whole


class ColumnCounters:
    """What the columns of a model hold, over all rows that were taken in.

    Dates are left out: time goes on, and so each window's dates would drift. The columns that the
    model does not use, ids among them, are not known here.

    Args:
        columns: of a signature or schema: name, role, and how their values are read.
    """

    def __init__(self, columns: Iterable[Mapping[str, Any]]) -> None:
        self._readings: dict[str, Reading] = {}
        self._counters: dict[str, NumberCounter | TextCounter] = {}
        self.unreadable: dict[str, int] = {}
        self.rows = 0
        self._seen: set[str] = set()
        for each in map(reading, columns):
            if each.role in ("numeric", "categorical"):
                self._readings[each.name] = each
                numeric = each.role == "numeric"
                self._counters[each.name] = NumberCounter() if numeric else TextCounter()

    def add(self, records: Sequence[Record]) -> None:
        """Take in some rows; a field that none of them has is not counted as missing."""
        self.rows += len(records)
        for name, read in self._readings.items():
            values = _values(records, name)
            if values is None:
                continue
            self._seen.add(name)
            counter = self._counters[name]
            if isinstance(counter, NumberCounter):
                numbers, unreadable = column_values.marked_numbers(values, read)
                if unreadable.any():
                    numbers, bad = _one_by_one(values, read)
                    self.unreadable[name] = self.unreadable.get(name, 0) + bad
                counter.add(numbers)
            else:
                counter.add(column_values.texts(values, read))

    def distributions(self) -> dict[str, Distribution]:
        """Those of the columns that the rows have."""
        found = {name: each.distribution() for name, each in self._counters.items()}
        return {name: each for name, each in found.items() if name in self._seen and each}


def _values(records: Sequence[Record], name: str) -> Any:
    try:
        columns = getattr(records, "columns", None)
        return columns[name] if isinstance(columns, dict) else column_of(records, name)
    except KeyError:
        found = [record.get(name) for record in records]
        return found if any(name in record for record in records) else None


def _one_by_one(values: Any, read: Reading) -> tuple[np.ndarray, int]:
    """Numbers where there are some, and how many values are none."""
    found, bad = [], 0
    for value in values if isinstance(values, list) else values.to_pylist():
        try:
            found.append(read.number(value))
        except ValueError:
            bad += 1
    return np.array(found, dtype=float), bad
