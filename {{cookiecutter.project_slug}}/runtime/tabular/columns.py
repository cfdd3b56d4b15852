"""Reads whole columns of texts as `spelling.Reading` reads one value, to the same bits.

Plain values, by one regular expression, are cast by Arrow at once, which rounds correctly, as
Python does. All others, the odd ones, are asked of the record's own rule, once for each text.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Literal, TypeAlias, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .numerals import Numeral
from .spelling import NAN, Reading
from .values import DataError

CAST_NUMBER = r"^-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?$"
PLAIN_BYTES = 40  # of a spelled number: no more digits than a float can have
ISO_TIME = r"^([0-9]{4}-[0-9]{2}-[0-9]{2})[T ].*$"
TIMED_DAY = (
    r"^([0-9]{1,4}[/.-][0-9]{1,2}[/.-][0-9]{1,4})"
    r"[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?: [AaPp][Mm])?$"
)
EPOCH = date(1970, 1, 1).toordinal()
Texts: TypeAlias = "pa.Array | pa.ChunkedArray"
Unreadable = Literal["raise", "mark"]
Marked = tuple[np.ndarray, np.ndarray]  # numbers, and which rows hold a text that is none


def marks(array: pa.BooleanArray) -> np.ndarray:
    """What is true of each value."""
    return array.to_numpy(zero_copy_only=False)


def texts(array: Texts, reading: Reading) -> pa.Array:
    """The known texts of a column, null where missing."""
    codes, distinct = _distinct(array)
    read = pa.array([reading.text(each) or None for each in distinct], pa.string())
    return read.take(codes) if len(distinct) else pa.nulls(len(codes), pa.string())


@overload
def numbers(array: Texts, reading: Reading) -> np.ndarray: ...
@overload
def numbers(array: Texts, reading: Reading, unreadable: Literal["raise"]) -> np.ndarray: ...
@overload
def numbers(array: Texts, reading: Reading, unreadable: Literal["mark"]) -> Marked: ...
def numbers(
    array: Texts, reading: Reading, unreadable: Unreadable = "raise"
) -> np.ndarray | Marked:
    """A column's numbers as float64, NaN where missing.

    Args:
        array: its texts.
        reading: what they mean.
        unreadable: "raise" a DataError that names the first text which is no number; or "mark":
            give NaN for them, and beside the numbers which rows hold one.
    """
    flat = _flat(array)
    numbers, known = _plain_numbers(flat, reading.numeral)
    result = numbers.to_numpy(zero_copy_only=False).copy()
    if reading.missing_numbers:
        result[np.isin(result, list(reading.missing_numbers))] = NAN
    rows = np.flatnonzero(~known)
    return _odd(result, flat.take(pa.array(rows)), rows, reading.number, unreadable)


def _plain_numbers(flat: pa.Array, numeral: Numeral | None) -> tuple[pa.Array, np.ndarray]:
    """The numbers of plain texts, and which rows hold them; a missing one needs no other look."""
    missing = marks(flat.is_null())
    if numeral is None:
        try:  # Arrow's own parser knows less texts than Python's, and reads them as that does
            numbers = flat.cast(pa.float64())
            return numbers, missing | marks(pc.is_finite(numbers).fill_null(True))
        except pa.ArrowInvalid:
            plain = pc.match_substring_regex(flat, CAST_NUMBER)
    else:
        plain = pc.match_substring_regex(flat, f"^{numeral.plain}$")
        plain = pc.and_(plain, pc.less(pc.binary_length(flat), PLAIN_BYTES))
    texts = pc.if_else(plain, flat, pa.scalar(None, pa.string()))
    if numeral is not None:
        texts = _respelled(texts, numeral)
    return texts.cast(pa.float64()), missing | marks(plain.fill_null(True))


def _respelled(texts: pa.Array, numeral: Numeral) -> pa.Array:
    """Plain texts as Python and Arrow read numbers, without unit and groups."""
    texts = pc.replace_substring_regex(texts, f"^{numeral.plain}$", r"\1\2")
    for each in numeral.pattern.groups:
        texts = pc.replace_substring(texts, each, "")
    return pc.replace_substring(texts, numeral.pattern.decimal, ".")


@overload
def days(array: Texts, reading: Reading) -> np.ndarray: ...
@overload
def days(array: Texts, reading: Reading, unreadable: Literal["raise"]) -> np.ndarray: ...
@overload
def days(array: Texts, reading: Reading, unreadable: Literal["mark"]) -> Marked: ...
def days(array: Texts, reading: Reading, unreadable: Unreadable = "raise") -> np.ndarray | Marked:
    """A column's days since 1970 as float64, NaN where missing; arguments as of `numbers`."""
    flat = _flat(array)
    if not any(each.isdigit() for word in reading.missing for each in word):
        # A time of day makes every text another one.
        flat = pc.replace_substring_regex(flat, ISO_TIME, r"\1")
        flat = pc.replace_substring_regex(flat, TIMED_DAY, r"\1") if reading.spelling else flat

    def number(text: str) -> float:
        day = reading.day(text)
        return date.fromisoformat(day).toordinal() - EPOCH if day else NAN

    return _odd(np.full(len(flat), NAN), flat, np.arange(len(flat)), number, unreadable)


def marked(array: Texts, reading: Reading) -> Marked:
    """A column's numbers, or its days where it has dates, and which rows hold neither."""
    typed = days if reading.role == "date" else numbers
    return typed(array, reading, "mark")


def _odd(
    result: np.ndarray,
    array: pa.Array,
    rows: np.ndarray,
    read: Callable[[str], float],
    unreadable: Unreadable,
) -> np.ndarray | Marked:
    """The numbers, completed by texts that the record's rule is asked of, and their rows."""
    codes, distinct = _distinct(array)
    found, bad = np.full(len(distinct) + 1, NAN), np.zeros(len(distinct) + 1, bool)
    for place, each in enumerate(distinct):
        try:
            found[place] = read(each)
        except DataError:
            if unreadable == "raise":
                raise
            bad[place] = True
    places = codes.fill_null(len(distinct)).to_numpy()
    result[rows] = found[places]
    if unreadable == "raise":
        return result
    unread = np.zeros(len(result), bool)
    unread[rows] = bad[places]
    return result, unread


def _flat(array: Texts) -> pa.Array:
    """A column as one array of strings."""
    flat = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return flat if pa.types.is_string(flat.type) else flat.cast(pa.string())


def _distinct(array: Texts) -> tuple[pa.Array, list[Any]]:
    """For each row the place of its text among the distinct ones, null where there is none."""
    flat = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    encoded = flat if pa.types.is_dictionary(flat.type) else flat.dictionary_encode()
    return encoded.indices.cast(pa.int64()), encoded.dictionary.to_pylist()
