"""Some records by column, in numpy alone: each value as it would be read by itself, only sooner.

Fewer are read one by one, and many, where there is Arrow, by `table_encoding` and `suspects`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .records import Record
from .spelling import NAN
from .values import DataError, date_parts, number, text

FEW = 4  # records are quicker by column


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
    table, rows = np.zeros((len(records), width)), np.arange(len(records))
    for as_number, name, at, fill in numbers:
        found = _numbers([record[name] for record in records], as_number, name)
        table[:, at] = found if fill != fill else np.where(np.isnan(found), fill, found)
    for as_day, name, at, fills in dates:
        column = [record[name] for record in records]
        table[:, at : at + 3] = [_parts(each, as_day, reference, name) or fills for each in column]
    for as_text, name, positions, other in categories:
        table[rows, _places([record[name] for record in records], as_text, positions, other)] = 1.0
    return table


def _numbers(column: list[Any], as_number: Callable[[Any, str], float], name: str) -> np.ndarray:
    if as_number is number:  # which takes a moment only to say whose value is none
        try:
            found = np.array([NAN if each is None else float(each) for each in column])
        except (TypeError, ValueError, OverflowError):
            return np.array([number(each, name) for each in column])
        if np.isinf(found).any():
            raise DataError(f"field {name!r} holds a value that is not a finite number")
        return found
    return np.array([as_number(each, name) for each in column])


def _parts(
    value: Any, as_day: Callable[[Any], str], reference: str, name: str
) -> tuple[float, float, float] | None:
    if as_day is text and isinstance(value, str):
        return _plain_parts(value, reference, name)
    return date_parts(day, reference, name) if (day := as_day(value)) else None


@lru_cache(maxsize=10_000)
def _plain_parts(value: str, reference: str, name: str) -> tuple[float, float, float] | None:
    return date_parts(day, reference, name) if (day := text(value)) else None


def _places(
    column: list[Any], as_text: Callable[[Any], str], positions: Mapping[str, int], other: int
) -> list[int]:
    """The place of each value's category; what is equal to one as it came need not be read."""
    try:
        places = [positions.get(each, -1) for each in column]
    except TypeError:  # a list or an object, which no category can be
        places = [-1] * len(column)
    if -1 not in places:
        return places
    return [
        positions.get(as_text(value), other) if place < 0 else place
        for place, value in zip(places, column, strict=True)
    ]


def readable(column: list[Any], as_number: Callable[[Any], float]) -> np.ndarray:
    """A column's numbers, NaN where there is none or one cannot be read."""
    try:
        return np.array([NAN if each is None else as_number(each) for each in column])
    except (TypeError, ValueError, OverflowError):
        return np.array([_readable(each, as_number) for each in column])


def _readable(value: Any, as_number: Callable[[Any], float]) -> float:
    try:
        return as_number(value)
    except (TypeError, ValueError, OverflowError):
        return NAN
