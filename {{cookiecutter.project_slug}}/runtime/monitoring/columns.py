"""The distributions of a data set's columns, taken in batch after batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tabular import column_values
from tabular.records import Record, column_of, kept_by_column
from tabular.spelling import Reading, reading

from .distributions import OTHERS, Categories, Distribution, NumberCounter

NUMERIC, CATEGORICAL = "numeric", "categorical"
MOST_TEXTS = 10_000


class TextCounter:
    """Counts texts, up to `MOST_TEXTS` different ones.

    Args:
        known: the texts of a baseline: where there are more than so many, all others count as one.
            None: such a column, which is like an id, is of no kind.
    """

    def __init__(self, known: Collection[str] | None = None) -> None:
        self._known = known
        self._whole: Categories | None = Categories({})
        self.has_others = False

    def add(self, texts: pa.DictionaryArray) -> None:
        """Take in the texts of some rows; null is missing."""
        counted = texts.value_counts()
        values, rows = (counted.field(each).to_pylist() for each in ("values", "counts"))
        counts: dict[str | None, int] = dict(zip(values, rows, strict=True))
        missing = counts.pop(None, 0)
        if self._whole is not None:
            known = {str(value): count for value, count in counts.items()}
            self._whole = self._whole.merged(Categories(known, missing))
            if self.has_others or len(self._whole.counts) > MOST_TEXTS:
                self._whole = self._of_known(self._whole)

    def _of_known(self, whole: Categories) -> Categories | None:
        if self._known is None:
            return None
        self.has_others = True
        counts = {name: count for name, count in whole.counts.items() if name in self._known}
        others = int(whole.known) - sum(counts.values())
        return Categories({**counts, OTHERS: others}, whole.missing)

    def distribution(self) -> Categories | None:
        """All that was taken in, or nothing where there are too many texts."""
        return self._whole


@dataclass(frozen=True)
class Values:
    """What a column holds in some rows.

    Attributes:
        known: numbers, NaN where missing or unreadable, or texts, null where missing.
        unreadable: which rows hold something that is no number; None: none do.
    """

    known: np.ndarray | pa.DictionaryArray
    unreadable: np.ndarray | None = None


class ColumnReader:
    """Reads the columns of a model that can be compared.

    Dates are left out: time goes on, and so each window's dates would drift. The columns that the
    model does not use, ids among them, are not known here.

    Args:
        columns: of a signature or schema: name, role, and how their values are read.
    """

    def __init__(self, columns: Iterable[Mapping[str, Any]]) -> None:
        found = map(reading, columns)
        self.readings = {each.name: each for each in found if each.role in (NUMERIC, CATEGORICAL)}

    def read(self, records: Sequence[Record]) -> dict[str, Values]:
        """The values of some rows, of the columns that any of them has."""
        raw = {name: _values(records, name) for name in self.readings}
        return {
            name: _read(values, self.readings[name])
            for name, values in raw.items()
            if values is not None
        }


class ColumnCounters:
    """What columns hold, over all rows that were taken in.

    Args:
        readings: how their values are read, see `ColumnReader`.
        before: the columns of the baseline that they are compared with, if any.
    """

    def __init__(
        self, readings: Mapping[str, Reading], before: Mapping[str, Distribution] | None = None
    ) -> None:
        self._counters: dict[str, NumberCounter | TextCounter] = {
            name: NumberCounter() if each.role == NUMERIC else TextCounter(_texts(before, name))
            for name, each in readings.items()
        }
        self.unreadable: dict[str, int] = {}
        self.rows = 0
        self._seen: set[str] = set()

    def add(self, columns: Mapping[str, Values], rows: int) -> None:
        """Take in some rows; a field that none of them has is not counted as missing."""
        self.rows += rows
        for name, values in columns.items():
            self._seen.add(name)
            counter = self._counters[name]
            if isinstance(counter, TextCounter) or values.unreadable is None:
                counter.add(values.known)
            else:
                bad = values.unreadable
                self.unreadable[name] = self.unreadable.get(name, 0) + int(bad.sum())
                counter.add(values.known[~bad])

    def with_others(self) -> list[str]:
        """The columns with more texts than are told apart."""
        return [name for name, each in self._counters.items() if getattr(each, "has_others", False)]

    def distributions(self) -> dict[str, Distribution]:
        """Those of the columns that the rows have."""
        found = {name: each.distribution() for name, each in self._counters.items()}
        return {name: each for name, each in found.items() if name in self._seen and each}


def _texts(before: Mapping[str, Distribution] | None, name: str) -> Collection[str] | None:
    known = (before or {}).get(name)
    return known.counts.keys() if isinstance(known, Categories) else None


def _values(records: Sequence[Record], name: str) -> Any:
    try:
        kept = kept_by_column(records)
        return kept.columns[name] if kept else column_of(records, name)
    except KeyError:
        found = [record.get(name) for record in records]
        return found if any(name in record for record in records) else None


def _read(values: Any, read: Reading) -> Values:
    if read.role == CATEGORICAL:
        return Values(column_values.texts(values, read))
    numbers, marked = column_values.marked_numbers(values, read)
    if not marked.any():
        return Values(numbers)
    return _one_by_one(values if isinstance(values, list) else values.to_pylist(), read)


def _one_by_one(values: Sequence[Any], read: Reading) -> Values:
    """Numbers where there are some, and which values are none."""
    found, bad = np.full(len(values), np.nan), np.zeros(len(values), dtype=bool)
    for place, value in enumerate(values):
        try:
            found[place] = read.number(value)
        except ValueError:
            bad[place] = True
    return Values(found, bad)
