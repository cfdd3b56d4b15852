"""How many records become numbers at once, column by column, to the bits of `encoding.Encoder`.

Some rows are first kept small, as an array for each column: its numbers, its days, or which of the
categories each row has. From these come a matrix, or a column for each number.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from . import column_values
from .columns import EPOCH
from .records import Columns
from .spelling import Reading, reading

UNKNOWN = np.iinfo("int32").min  # the day of a row without one


def counted(columns: Columns, readings: Sequence[Reading], counts: Mapping[str, Counter]) -> None:
    """Add how many rows have each text, "" for a missing one, in the order of their first rows."""
    for read in readings:
        found = column_values.texts(columns.columns[read.name], read).value_counts()
        for each in found.to_pylist():
            counts[read.name][each["values"] or ""] += each["counts"]


@dataclass(frozen=True)
class Part:
    """What a column is encoded as.

    Attributes:
        read: how its values are read.
        start: the first of its numbers.
        width: how many they are.
        fill: what stands for missing ones; of a category nothing does.
        categories: the place of each, where it has any; the last number is that of all others.
    """

    read: Reading
    start: int
    width: int
    fill: tuple[float, ...] = ()
    categories: Mapping[str, int] | None = None

    @property
    def dtype(self) -> np.dtype:
        """Of the array that keeps the column small."""
        if self.categories is not None:
            return np.min_scalar_type(self.width)
        return np.dtype("float64" if self.width == 1 else "int32")

    def small(self, column: Any) -> np.ndarray:
        """The column as numbers, days or places of categories."""
        if self.categories is not None:
            coded = column_values.texts(column, self.read)
            known = coded.dictionary.to_pylist()
            other = self.width - 1
            places = [self.categories.get(each, other) for each in [*known, ""]]
            rows = coded.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)
            return np.array(places, self.dtype)[rows]
        if self.width == 1:
            found = column_values.numbers(column, self.read)
            return np.where(np.isnan(found), self.fill[0], found)
        days = column_values.days(column, self.read)
        return np.where(np.isnan(days), UNKNOWN, days).astype("int32")

    def spread(self, small: np.ndarray, reference: int) -> list[np.ndarray]:
        """The column's numbers, an array for each, in types as small as they allow."""
        if self.categories is not None:
            return [(small == place).view("uint8") for place in range(self.width)]
        if self.width == 1:
            return [small]
        day = small.astype("datetime64[D]")
        month = day.astype("datetime64[M]").astype("int64")
        parts = (1970 + month // 12, 1 + month % 12, small.astype("int64") - reference)
        known = small != UNKNOWN
        if known.all():
            return [each.astype("float64") for each in parts]
        return [np.where(known, *pair) for pair in zip(parts, self.fill, strict=True)]

    def write(self, matrix: np.ndarray, small: np.ndarray, reference: int) -> None:
        """Write the column's numbers into a matrix of zeros."""
        if self.categories is not None:
            matrix[np.arange(len(small)), self.start + small.astype("int64")] = 1
            return
        for place, each in enumerate(self.spread(small, reference)):
            matrix[:, self.start + place] = each


class TableEncoder:
    """Turns many records into numbers, by the parts of a fitted encoding."""

    def __init__(self, columns: Iterable[Mapping[str, Any]], reference: str) -> None:
        self._reference = date.fromisoformat(reference).toordinal() - EPOCH
        self.parts: list[Part] = []
        self.width = 0
        for column in columns:
            self.parts.append(_part(column, self.width))
            self.width += self.parts[-1].width

    def small(self, records: Columns) -> list[np.ndarray]:
        """Records with an array for each column; DataError or KeyError where one is at fault."""
        return [part.small(records.columns[part.read.name]) for part in self.parts]

    def numbers(self, small: Sequence[np.ndarray]) -> list[np.ndarray]:
        """An array for each number."""
        pairs = zip(self.parts, small, strict=True)
        return [each for part, array in pairs for each in part.spread(array, self._reference)]

    def matrix(self, small: Sequence[np.ndarray]) -> np.ndarray:
        """An array of shape (records, numbers)."""
        found = np.zeros((len(small[0]) if small else 0, self.width))
        for part, array in zip(self.parts, small, strict=True):
            part.write(found, array, self._reference)
        return found


def _part(column: Mapping[str, Any], start: int) -> Part:
    read, nan = reading(column), float("nan")
    if column["role"] == "numeric":
        return Part(read, start, 1, (nan if column["fill"] is None else column["fill"],))
    if column["role"] == "date":
        return Part(read, start, 3, tuple(column["fill"] or (nan,) * 3))
    places = {value: place for place, value in enumerate(column["categories"])}
    return Part(read, start, len(places) + 1, (), places)
