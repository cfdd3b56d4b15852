"""Some records by column, in numpy alone: each value as it would be read by itself, only sooner.

Fewer are read one by one, and many, where there is Arrow, by `table_encoding` and `suspects`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from .records import Record
from .spelling import NAN
from .values import DataError, date_parts, number, text

FEW = 4  # records are quicker by column
MOST_DAYS = 20_000  # that are remembered, 55 years
LACKS = object()  # in place of a value

Parts = tuple[float, float, float]


class Rows(list[Record]):
    """Some records, of which each column is read once, whoever asks for it."""

    def __init__(self, records: Iterable[Record]) -> None:
        super().__init__(records)
        self._columns: dict[str, list[Any]] = {}
        self._numbers: dict[str, np.ndarray] = {}

    def column(self, name: str) -> list[Any]:
        """The raw values of a field; KeyError where a record lacks it."""
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = list(map(itemgetter(name), self))
        return found

    def numbers(self, name: str) -> np.ndarray:
        """The same as Python's floats, NaN for None.

        Raises:
            TypeError, ValueError, OverflowError: one is no number.
        """
        found = self._numbers.get(name)
        if found is None:
            found = np.array(self.column(name), dtype=float)  # NumPy asks `float`, too
            if found.ndim > 1:
                raise TypeError("a list is no number")
            self._numbers[name] = found
        return found


def encoded(
    records: Sequence[Record],
    numbers: Iterable[tuple[Callable[[Any, str], float], str, int, float]],
    dates: Iterable[tuple[Callable[[Any], str], str, int, list[float]]],
    categories: Iterable[tuple[Callable[[Any], str], str, Mapping[str, int], int]],
    reference: str,
    width: int,
) -> np.ndarray:
    """Records as an array of shape (records, width), by the parts of `encoding.Encoder`.

    Raises:
        DataError: one cannot be read.
        KeyError: one lacks a field.
    """
    rows = records if isinstance(records, Rows) else Rows(records)
    table = np.zeros((len(rows), width))
    for as_number, name, at, fill in numbers:
        found = _numbers(rows, as_number, name)
        table[:, at] = found if fill != fill else np.where(np.isnan(found), fill, found)
    if np.isinf(table).any():
        raise DataError("a field holds a value that is not a finite number")
    for as_day, name, at, fills in dates:
        parts = _dates(rows.column(name), as_day, reference, name, fills)
        flat = np.fromiter(chain.from_iterable(parts), float, 3 * len(rows))
        table[:, at : at + 3] = flat.reshape(-1, 3)
    found_places = [
        _places(rows.column(name), as_text, positions, other)
        for as_text, name, positions, other in categories
    ]
    places = np.fromiter(chain.from_iterable(found_places), np.intp, len(found_places) * len(rows))
    starts = np.arange(len(rows)) * width
    table.reshape(-1)[places.reshape(-1, len(rows)) + starts] = 1.0
    return table


def _numbers(rows: Rows, as_number: Callable[[Any, str], float], name: str) -> np.ndarray:
    if as_number is number:  # which takes a moment only to say whose value is none
        try:
            return rows.numbers(name)
        except (TypeError, ValueError, OverflowError):
            pass
    return np.array([as_number(each, name) for each in rows.column(name)])


_known_days: dict[str, dict[Any, Parts]] = {}  # by reference, of texts as they came


def _dates(
    column: list[Any],
    as_day: Callable[[Any], str],
    reference: str,
    name: str,
    fills: Sequence[float],
) -> list[Sequence[float]]:
    """Year, month and days of each value; a day that came before is remembered."""
    if as_day is not text:
        days = map(as_day, column)
        return [date_parts(day, reference, name) if day else fills for day in days]
    known = _known_days.setdefault(reference, {})
    try:
        parts: list[Any] = list(map(known.get, column))
    except TypeError:  # a list or an object
        parts = [None] * len(column)
    if None not in parts:
        return parts
    for place, found in enumerate(parts):
        if found is None:
            day, value = text(column[place]), column[place]
            parts[place] = date_parts(day, reference, name) if day else fills
            if day and type(value) is str:
                if len(known) >= MOST_DAYS:
                    known.clear()
                known[value] = parts[place]
    return parts


def _places(
    column: list[Any], as_text: Callable[[Any], str], positions: Mapping[str, int], other: int
) -> list[int]:
    """The place of each value's category; what is equal to one as it came need not be read."""
    try:
        places = list(map(positions.get, column))
    except TypeError:  # a list or an object, which no category can be
        places = [None] * len(column)
    if None in places:
        return [
            positions.get(as_text(value), other) if place is None else place
            for place, value in zip(places, column, strict=True)
        ]
    return places  # type: ignore[return-value] # none of them is None


def raw_column(records: Sequence[Record], name: str) -> list[Any]:
    """The raw values of a field, LACKS where a record lacks it."""
    if isinstance(records, Rows):
        try:
            return records.column(name)
        except KeyError:
            pass
    return [each.get(name, LACKS) for each in records]


def number_column(
    records: Sequence[Record], name: str, number: Callable[[Any], float]
) -> np.ndarray:
    """A column's numbers, NaN where there is none or one cannot be read."""
    if number is float and isinstance(records, Rows):
        try:
            return records.numbers(name)
        except (KeyError, TypeError, ValueError, OverflowError):
            pass
    return _readable_numbers(raw_column(records, name), number)


def _readable_numbers(column: Sequence[Any], as_number: Callable[[Any], float]) -> np.ndarray:
    try:
        return np.array([NAN if each is None else as_number(each) for each in column])
    except (TypeError, ValueError, OverflowError):
        return np.array([_readable(each, as_number) for each in column])


def _readable(value: Any, as_number: Callable[[Any], float]) -> float:
    try:
        return as_number(value)
    except (TypeError, ValueError, OverflowError):
        return NAN
