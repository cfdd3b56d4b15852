"""What whole columns of raw values mean: texts as `columns` reads them, and all other values."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from . import columns
from .spelling import NAN, Reading
from .values import DataError, text

NUMBERS = {int, float, type(None)}


def texts(column: Any, reading: Reading) -> pa.DictionaryArray:
    """The known texts of a column, null where missing, each distinct one once."""
    raw = _as_texts(column).dictionary_encode()
    known = [reading.text(each) or None for each in raw.dictionary.to_pylist()]
    distinct = pa.array(known, pa.string()).dictionary_encode()
    places = distinct.indices.take(raw.indices) if len(known) else raw.indices
    return pa.DictionaryArray.from_arrays(places, distinct.dictionary)


def numbers(column: Any, reading: Reading) -> np.ndarray:
    """A column's numbers as float64, NaN where missing; DataError where one is no number."""
    if not isinstance(column, list):
        return columns.numbers(column, reading)
    if {*map(type, column)} <= NUMBERS:
        try:
            found = np.array([NAN if each is None else each for each in column], dtype=float)
        except OverflowError:
            return _one_by_one(column, reading)
        if reading.missing_numbers:
            found[np.isin(found, list(reading.missing_numbers))] = NAN
        if not np.isinf(found).any():
            return found
    return _one_by_one(column, reading)


def marked_numbers(column: Any, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """A column's numbers, and which rows may hold a value that is none."""
    if not isinstance(column, list):
        return columns.numbers(column, reading, unreadable="mark")
    try:
        return numbers(column, reading), np.zeros(len(column), dtype=bool)
    except DataError:
        return np.full(len(column), NAN), np.ones(len(column), dtype=bool)


def of_each(column: Any, judged: Callable[[Any], bool]) -> np.ndarray:
    """What is true of each row's value, asked once of each different one."""
    raw = _as_texts(column).dictionary_encode()
    found = [judged(each) for each in raw.dictionary.to_pylist()]
    places = raw.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)
    return np.array([*found, judged(None)], dtype=bool)[places]


def _one_by_one(values: Iterable[Any], reading: Reading) -> np.ndarray:
    return np.array([reading.number(each) for each in values], dtype=float)


def days(column: Any, reading: Reading) -> np.ndarray:
    """A column's days since 1970 as float64, NaN where missing; DataError where one is no date."""
    return columns.days(_as_texts(column), reading)


def _as_texts(column: Any) -> pa.Array:
    if not isinstance(column, list):
        return column
    return pa.array([each if isinstance(each, str) else text(each) for each in column], pa.string())
