"""Holds one column to its contract, batch after batch; each distinct text is judged once.

Most rules look at one value. Whether a wrong unit made all of the numbers is told by their median,
which is known in the end only: until then, rows are counted for both answers.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import columns
from .batches import Coded
from .contract import FACTOR, Column
from .spelling import Reading
from .values import DataError
from .violations import EXAMPLES

Marks = np.ndarray  # of distinct texts
Rules = dict[str, Marks]


@dataclass
class Broken:
    """How many rows break a rule, and some of their texts, the first ones first."""

    rows: int = 0
    examples: dict[str, None] = field(default_factory=dict)

    def add(self, marks: Marks, values: Coded) -> None:
        """Count the rows of the texts that are marked."""
        self.rows += int(values.counts[marks].sum())
        if len(self.examples) < EXAMPLES:
            texts = values.texts.filter(pa.array(marks)).drop_null()
            for each in texts[:EXAMPLES].to_pylist():
                self.examples[each] = None

    def merge(self, other: "Broken") -> None:
        """Take in those of other rows."""
        self.rows += other.rows
        self.examples |= other.examples


class ColumnCheck:
    """What the rows of one column break of its contract."""

    def __init__(self, column: Column, reading: Reading) -> None:
        self._column, self._reading = column, reading
        self._broken: dict[tuple[str, bool], Broken] = {}
        self._middle = Middle(column) if column.numeric and column.usual else None
        self._rows, self._missing = 0, Broken()

    def add(self, values: Coded) -> Marks:
        """Judge some rows; give which of their texts cannot be read."""
        self._rows += len(values.codes)
        known, bad, rules = self._judged(values)
        self._missing.add(~known & ~bad, values)
        for rule, marks in {("type", False): bad, **rules}.items():
            if marks.any():
                self._broken.setdefault(rule, Broken()).add(marks, values)
        return bad

    def merge(self, other: "ColumnCheck") -> None:
        """Take in what was found in other rows of the column."""
        self._rows += other._rows
        self._missing.merge(other._missing)
        for rule, broken in other._broken.items():
            self._broken.setdefault(rule, Broken()).merge(broken)
        if self._middle is not None and other._middle is not None:
            self._middle.merge(other._middle)

    def found(self) -> Iterator[tuple[str, Broken]]:
        """The rules that are broken, once all rows were judged."""
        unusual = self._middle is not None and self._middle.off()
        for (rule, of_wrong_unit), broken in self._broken.items():
            if rule in ("type", "future_date", "categories") or of_wrong_unit == unusual:
                yield rule, broken
        if self._rows and self._missing.rows / self._rows > self._column.missing_at_most:
            yield "missing_values", self._missing

    def _judged(self, values: Coded) -> tuple[Marks, Marks, dict[tuple[str, bool], Marks]]:
        """Which texts are known, which cannot be read, and which break a rule."""
        if self._column.numeric:
            numbers, bad = columns.numbers(values.texts, self._reading, unreadable="mark")
            known = ~np.isnan(numbers)
            return known, bad, self._number_rules(numbers, known, values.counts)
        if self._column.type == "date":
            days, bad = columns.days(values.texts, self._reading, unreadable="mark")
            return ~np.isnan(days), bad, self._day_rules(days)
        texts = values.texts
        texts = texts if self._reading.plain else columns.texts(texts, self._reading)
        known = columns.marks(texts.is_valid())
        return known, np.zeros(len(known), bool), self._text_rules(texts, known)

    def _text_rules(self, texts: pa.StringArray, known: Marks) -> dict[tuple[str, bool], Marks]:
        if self._column.role == "drop" or not self._column.categories:
            return {}
        listed = pc.is_in(texts, pa.array(self._column.categories, pa.string()))
        return {("categories", False): known & ~columns.marks(listed)}

    def _day_rules(self, days: np.ndarray) -> dict[tuple[str, bool], Marks]:
        if self._column.role == "drop":
            return {}
        low, high = map(_ordinal, self._column.bounds)
        if self._column.until_today:
            return {("range", False): days < low, ("future_date", False): days > high}
        return {("range", False): (days < low) | (days > high)}

    def _number_rules(
        self, numbers: np.ndarray, known: Marks, counts: np.ndarray
    ) -> dict[tuple[str, bool], Marks]:
        if self._column.role == "drop":
            return {}
        rules = {(rule, False): marks for rule, marks in self._of_numbers(numbers).items()}
        if self._middle is None:
            return rules
        self._middle.add(numbers[known], counts[known])
        all_wrong = self._of_numbers(numbers, known)
        return rules | {(rule, True): marks for rule, marks in all_wrong.items()}

    def _of_numbers(self, numbers: np.ndarray, suspect: Marks | None = None) -> Rules:
        """The rules for numbers, of which those far off, or the given ones, are of a wrong unit."""
        column, (low, high) = self._column, self._column.bounds
        if suspect is None:
            least, most = column.far
            suspect = (numbers < least) | (numbers > most)
        first, last = column.usual or column.bounds
        usual_by, usual_times = numbers / FACTOR, numbers * FACTOR
        wrong = ((first <= usual_by) & (usual_by <= last)) | (
            (first <= usual_times) & (usual_times <= last)
        )
        wrong &= suspect
        outside = (numbers < low) | (numbers > high)
        rules = {"unit": wrong, "range": outside & ~wrong}
        if column.type == "integer":
            rules["whole_number"] = (numbers % 1 > 0) & ~outside
        return rules


def _ordinal(day: str) -> float:
    """Days since 1970 of a bound of a range."""
    try:
        return float((date.fromisoformat(day[:10]) - date(1970, 1, 1)).days) if day else -np.inf
    except ValueError:
        raise DataError(f"the data contract has a range until {day!r}, not a day") from None


class Middle:
    """Whether the median of numbers is off by a factor: told by counts between the bounds of that.

    Between two bounds all numbers give one answer, so that only where the median lies has to be
    known; and the nearest numbers, where it is between two of them.
    """

    def __init__(self, column: Column) -> None:
        self._column = column
        low, high = column.usual or column.bounds
        ends = {end * factor for end in (low, high) for factor in (1 / FACTOR, 1, FACTOR)}
        self._ends = np.array(sorted(ends), dtype=float)
        cells = 2 * len(self._ends) + 1  # between the bounds, and right on them
        self._counts = np.zeros(cells, dtype="int64")
        self._least, self._most = np.full(cells, np.inf), np.full(cells, -np.inf)

    def add(self, numbers: np.ndarray, counts: np.ndarray) -> None:
        """Take in numbers, each as often as it comes."""
        cells = np.searchsorted(self._ends, numbers, "left")
        cells = cells + np.searchsorted(self._ends, numbers, "right")
        self._counts += np.bincount(cells, counts, len(self._counts)).astype("int64")
        np.minimum.at(self._least, cells, numbers)
        np.maximum.at(self._most, cells, numbers)

    def merge(self, other: "Middle") -> None:
        """Take in other numbers of the column."""
        self._counts += other._counts
        self._least = np.minimum(self._least, other._least)
        self._most = np.maximum(self._most, other._most)

    def off(self) -> bool:
        """Whether the median times or by the factor is usual, but is not so as it is."""
        rows = int(self._counts.sum())
        if not rows:
            return False
        up_to = np.cumsum(self._counts)
        first, last = np.searchsorted(up_to, [(rows - 1) // 2, rows // 2], "right")
        if first == last:
            return self._column.off_by_factor((self._least[first] + self._most[first]) / 2)
        return self._column.off_by_factor((self._most[first] + self._least[last]) / 2)
