"""Facts of every column from all rows of a table, and a random sample of its rows.

What is kept does not grow with the rows: the distinct texts of a column are all there while they
are few, and a random sample of them, each with its exact count, where they are many. A text or a
row is drawn by a hash of it, so that the same table gives the same facts, however it is cut.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .batches import Batch, Coded
from .columns import marks
from .hashing import key_of, spread, text_hashes
from .values import is_day

KEPT, KEPT_CELLS, KEPT_LEAST = 1 << 16, 1 << 21, 1 << 12  # distinct texts: of a column, of all
PLAIN_NUMBER = r"^[+-]?(0|[1-9][0-9]{0,14})(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$"
PLAIN_DAY = r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$"
NEARLY = 0.98  # of the rows have a text of their own: as good as all, where they are estimated
EXAMPLES = 5_000  # texts of a column by which its spelling is told


class Texts:
    """Distinct texts with their counts and first rows: all, or those of the smallest hashes."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._hashes = np.empty(0, dtype="uint64")
        self._facts = np.empty((2, 0), dtype="int64")  # counts and first rows
        self._texts = pa.array([], pa.string())
        self.rows = 0
        self.complete = True

    def add(self, hashes: np.ndarray, texts: pa.StringArray, facts: np.ndarray) -> None:
        """Take in texts: their hashes, and counts and first rows as an array of two lines."""
        self.rows += int(facts[0].sum())
        if not self.complete:
            near = hashes <= self._hashes[-1]
            hashes, texts, facts = hashes[near], texts.filter(pa.array(near)), facts[:, near]
        if not len(hashes):
            return
        every = np.concatenate([self._hashes, hashes])
        self._hashes, first, place = np.unique(every, return_index=True, return_inverse=True)
        both = np.concatenate([self._facts, facts], axis=1)
        counts = np.bincount(place, both[0], len(first)).astype("int64")
        firsts = np.full(len(first), np.iinfo("int64").max)
        np.minimum.at(firsts, place, both[1])
        self._facts = np.stack([counts, firsts])
        self._texts = pa.concat_arrays([self._texts, texts]).take(pa.array(first))
        if len(first) > self._size:
            self.complete = False
            self._hashes, self._facts = self._hashes[: self._size], self._facts[:, : self._size]
            self._texts = pa.concat_arrays([self._texts[: self._size]])

    def merge(self, other: "Texts") -> None:
        """Take in those of other rows of the same column."""
        rows = self.rows + other.rows
        limits = [each._hashes[-1] for each in (self, other) if not each.complete]
        self.complete = True
        self.add(other._hashes, other._texts, other._facts)
        if limits:
            near = self._hashes <= min(limits)
            self._hashes, self._facts = self._hashes[near], self._facts[:, near]
            self._texts = self._texts.filter(pa.array(near))
            self.complete = False
        self.rows = rows

    @property
    def distinct(self) -> int:
        """How many different texts there are: exactly, or by how close the kept hashes lie."""
        if self.complete:
            return len(self._hashes)
        return round((len(self._hashes) - 1) / (float(self._hashes[-1]) / 2.0**64))

    def counts(self, most: int = 0) -> dict[str, int]:
        """Texts with their counts, in the order of their first rows; at most so many, at random."""
        end = most or len(self._hashes)
        order = np.argsort(self._facts[1][:end], kind="stable")
        texts = self._texts[:end].take(pa.array(order)).to_pylist()
        return dict(zip(texts, self._facts[0][:end][order].tolist(), strict=True))

    def first_rows(self) -> dict[str, int]:
        """The first row, from 0, of each text that is kept, in the order of these rows."""
        order = np.argsort(self._facts[1], kind="stable")
        texts = self._texts.take(pa.array(order)).to_pylist()
        return dict(zip(texts, self._facts[1][order].tolist(), strict=True))


class ColumnFacts:
    """What all rows of a column hold.

    Attributes:
        name: of the column.
        rows: how many rows there are.
        missing: how many of them have no value.
        texts: all distinct texts.
        numbers: rows that hold a plain number: 12, -0.5, 1e6; no leading zeros, 15 digits at most.
        days: rows that hold an ISO day, without a time of day.
        odd: the other texts that have a digit.
        words: the texts without a digit.
        low: the smallest plain number; infinite without any.
        high: the largest one; minus infinite without any.
        whole: whether all plain numbers are whole.
    """

    def __init__(self, name: str, size: int) -> None:
        self.name = name
        self.rows = self.missing = self.numbers = self.days = 0
        self.texts, self.odd, self.words = Texts(size), Texts(size), Texts(size)
        self.low, self.high, self.whole = float("inf"), float("-inf"), True

    @property
    def known(self) -> int:
        """How many rows have a value."""
        return self.rows - self.missing

    @property
    def distinct(self) -> int:
        """How many different values there are: exactly while they are few, else about."""
        return self.texts.distinct

    def each_its_own(self, distinct: int, rows: int) -> bool:
        """Whether so many rows, of which some may be left out, have a value of their own each."""
        return distinct >= (rows if self.texts.complete else NEARLY * rows)

    def counts(self, most: int = 0) -> dict[str, int]:
        """Distinct texts with how many rows have them (see `Texts.counts`)."""
        return self.texts.counts(most)

    @cached_property
    def examples(self) -> dict[str, int]:
        """Texts of every kind with their rows, a sample of what is many scaled to all its rows."""
        plain = self.texts.counts(EXAMPLES) if self.numbers + self.days else {}
        if self.numbers + self.days < self.known:
            plain = {text: rows for text, rows in plain.items() if _is_plain(text)}
        words, odd = self.words.counts(EXAMPLES), self.odd.counts(EXAMPLES)
        kinds = (self.numbers + self.days, plain), (self.words.rows, words), (self.odd.rows, odd)
        return {text: n for rows, counts in kinds for text, n in _scaled(counts, rows).items()}

    def add(self, column: Coded, numbers: np.ndarray, hashes: np.ndarray) -> None:
        """Take in some rows: a column of a batch, the rows' numbers, and the texts' hashes."""
        counts = column.counts
        firsts = np.zeros(len(counts), dtype="int64")
        firsts[column.codes[::-1]] = numbers[::-1]
        known = column.texts.is_valid()
        texts, facts = column.texts.filter(known), np.stack([counts, firsts])[:, marks(known)]
        self.rows += len(numbers)
        self.missing += len(numbers) - int(facts[0].sum())
        self.texts.add(hashes, texts, facts)
        number, day = pc.match_substring_regex(texts, PLAIN_NUMBER), _days(texts)
        self._add_numbers(texts.filter(number))
        self.numbers += int(facts[0][marks(number)].sum())
        self.days += int(facts[0][day].sum())
        other = ~marks(number) & ~day
        if other.any():
            digits = marks(pc.match_substring_regex(texts, r"\pN"))
            for mark, kind in ((other & digits, self.odd), (other & ~digits, self.words)):
                kind.add(hashes[mark], texts.filter(pa.array(mark)), facts[:, mark])

    def merge(self, other: "ColumnFacts") -> None:
        """Take in the facts of other rows of the same column."""
        self.rows += other.rows
        self.missing += other.missing
        self.numbers += other.numbers
        self.days += other.days
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.whole = self.whole and other.whole
        for own, others in zip(self._kinds(), other._kinds(), strict=True):
            own.merge(others)

    def _kinds(self) -> tuple[Texts, Texts, Texts]:
        return self.texts, self.odd, self.words

    def _add_numbers(self, texts: pa.StringArray) -> None:
        if len(texts):
            values = texts.cast(pa.float64()).to_numpy()
            self.low = min(self.low, float(values.min()))
            self.high = max(self.high, float(values.max()))
            self.whole = self.whole and not (values % 1).any()


def _scaled(counts: Mapping[str, int], rows: int) -> dict[str, int]:
    """Counts of some texts as if they were all that so many rows hold."""
    factor = rows / max(1, sum(counts.values()))
    return {text: max(1, round(count * factor)) for text, count in counts.items()}


def _days(texts: pa.StringArray) -> np.ndarray:
    """Marks the texts that are ISO days without a time."""
    days = marks(pc.match_substring_regex(texts, PLAIN_DAY)).copy()
    places = np.flatnonzero(days)
    days[places] = [is_day(text) for text in texts.take(pa.array(places)).to_pylist()]
    return days


def _is_plain(text: str) -> bool:
    return bool(re.match(PLAIN_NUMBER, text)) or (bool(re.match(PLAIN_DAY, text)) and is_day(text))


@dataclass
class Profile:
    """Facts of every column, and a random sample of rows: their numbers, and the rows as texts."""

    rows: int
    columns: dict[str, ColumnFacts]
    drawn: np.ndarray
    sample: pa.Table


def profile(batches: Iterable[Batch], names: Iterable[str], sample_rows: int = 0) -> Profile:
    """What all rows of a table hold.

    Args:
        batches: of the rows.
        names: of their columns.
        sample_rows: how many rows to draw at random; a table with fewer gives all.
    """
    names = list(names)
    size = max(KEPT_LEAST, min(KEPT, KEPT_CELLS // max(1, len(names))))
    columns = {name: ColumnFacts(name, size) for name in names}
    keys = {name: key_of(name) for name in names}
    rows, sample = 0, Sample(sample_rows, names)
    for batch in batches:
        rows += batch.rows
        sample.add(batch)
        known = [(keys[name], batch.columns[name].texts.drop_null()) for name in names]
        for name, hashes in zip(names, text_hashes(known), strict=True):
            columns[name].add(batch.columns[name], batch.numbers, hashes)
    return Profile(rows, columns, *sample.drawn())


class Sample:
    """Rows that are drawn at random, by a hash of their numbers."""

    def __init__(self, size: int, names: Iterable[str]) -> None:
        self._size = size
        self._schema = pa.schema([(name, pa.string()) for name in names])
        self._batches: list[pa.RecordBatch] = []
        self._places = np.empty(0, dtype="uint64")
        self._numbers = np.empty(0, dtype="int64")
        self._limit = np.iinfo("uint64").max

    def add(self, batch: Batch) -> None:
        """Look at some rows."""
        if not self._size:
            return
        places = _shuffled(batch.numbers)
        drawn = places <= self._limit
        self._batches.append(batch.filter(drawn).record_batch())
        self._places = np.concatenate([self._places, places[drawn]])
        self._numbers = np.concatenate([self._numbers, batch.numbers[drawn]])
        if len(self._places) > 2 * self._size:
            self._draw()

    def _draw(self) -> None:
        """Keep the rows with the smallest hashes."""
        if len(self._places) > self._size:
            self._limit = np.partition(self._places, self._size - 1)[self._size - 1]
        drawn = self._places <= self._limit
        rows = pa.Table.from_batches(self._batches, self._schema).filter(pa.array(drawn))
        self._batches = rows.combine_chunks().to_batches()
        self._places, self._numbers = self._places[drawn], self._numbers[drawn]

    def drawn(self) -> tuple[np.ndarray, pa.Table]:
        """The rows that were drawn, in their order in the table: their numbers, and the rows."""
        if self._batches:
            self._draw()
        return self._numbers, pa.Table.from_batches(self._batches, self._schema)


def _shuffled(numbers: np.ndarray) -> np.ndarray:
    """A hash of each row's number (splitmix64), no two of them alike."""
    return spread((numbers.astype("uint64") + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))
