"""How values are read: one rule for a record's value and for a whole column, to the bit."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tabular import columns, values
from tabular.dates import DATES
from tabular.numerals import PATTERNS
from tabular.spelling import Reading, reading
from tabular.values import DataError

NUMBERS = ["", *PATTERNS, "1.234,56 €", "$1,234.56", "1234,56 %", "1234.56 km"]
WORDS = ["?", "k.A.", "-999", "1,5", "Unknown", "2021-02-03"]
PIECES = [*"0123456789.,-+()'%€$eE_?/:TZ ", "\u00a0", "\u202f", "\t", "\n", "−", "٣", "１", "\x1c"]
PIECES += ["000", "2021", "nan", "inf", "NA", "None", "-999", "km", "EUR", "Jan", "März", "k.A."]
pieces = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)
numbers = st.floats(allow_nan=False).map(str) | st.integers().map(str)
grouped = st.builds("{:,.{}f}".format, st.floats(-1e9, 1e9), st.integers(0, 3))
patterns = st.sampled_from(
    ["%d/%m/%Y", "%m/%d/%y", "%d %b %Y", "%Y%m%d", "%Y-%m-%dT%H:%M", "%x %X"]
)
dates = st.builds(lambda day, pattern: day.strftime(pattern), st.datetimes(), patterns)
spelled = st.builds(
    lambda form, number: form.format(number.translate(str.maketrans(",.", form[-2:]))),
    st.sampled_from(["{},.", "{}.,", "€{},.", "-€ {},.", "{} EUR.,", "{}% ,", "{} km ."]),
    grouped,
).map(lambda text: text[:-2])
words = st.sampled_from([*values.MISSING, *WORDS])
odd = pieces | numbers | grouped | spelled | dates | words | st.text(max_size=9)
columns_of_texts = st.lists(st.none() | odd, max_size=9)
missing = st.sets(st.sampled_from(WORDS), max_size=3).map(frozenset)


def each(read: Callable[[Any], Any], texts: Sequence[str | None]) -> list[Any]:
    """What a record's rule makes of each text; "unreadable" where it refuses it."""
    found: list[Any] = []
    for text in texts:
        try:
            found.append(read(text))
        except DataError:
            found.append("unreadable")
    return found


def agree(found: tuple[np.ndarray, np.ndarray], expected: list[Any]) -> None:
    """The numbers of a column, and its marks, are those of its values, to the bit."""
    result, marks = found
    assert marks.tolist() == [value == "unreadable" for value in expected]
    wanted = np.array([np.nan if value == "unreadable" else value for value in expected], float)
    np.testing.assert_array_equal(np.isnan(result), np.isnan(wanted))
    known = ~np.isnan(wanted)
    assert result[known].tobytes() == wanted[known].tobytes()


@given(texts=columns_of_texts, spelling=st.sampled_from(NUMBERS), missing=missing)
@example(texts=["-0", "1e400", "1_0", " 7 ", "-nan", "٣", "5."], spelling="", missing=frozenset())
@example(texts=["-999", "-999.0", "-9.99e2"], spelling="", missing=frozenset({"-999"}))
def test_a_column_of_numbers_is_read_as_its_values_are(
    texts: list[str | None], spelling: str, missing: frozenset[str]
) -> None:
    read = Reading("x", "numeric", missing, spelling)
    expected = each(read.number, texts)
    array = pa.array(texts, pa.string())
    agree(columns.numbers(array, read, "mark"), expected)
    agree(columns.numbers(array.dictionary_encode(), read, "mark"), expected)
    halves = pa.chunked_array([array[:4], array[4:]])
    agree(columns.numbers(halves, read, "mark"), expected)


@given(texts=columns_of_texts, spelling=st.sampled_from(["", *DATES]), missing=missing)
@example(texts=["2021-02-03T10:00", "2021-02-03x"], spelling="", missing=frozenset({"2021-02-03"}))
@example(texts=["3/2/2021 1:30", "3/2/2021 1:30 1:30"], spelling="DD/MM/YYYY", missing=frozenset())
@example(texts=["2021-02-03 ", "2021-02-30 1", "0001-01-01"], spelling="", missing=frozenset())
def test_a_column_of_dates_is_read_as_its_values_are(
    texts: list[str | None], spelling: str, missing: frozenset[str]
) -> None:
    read = Reading("x", "date", missing, spelling)

    def number(text: str | None) -> float:
        day = read.day(text)
        return (date.fromisoformat(day) - date(1970, 1, 1)).days if day else np.nan

    agree(columns.days(pa.array(texts, pa.string()), read, "mark"), each(number, texts))


@given(texts=columns_of_texts, missing=missing)
def test_a_column_of_texts_is_read_as_its_values_are(
    texts: list[str | None], missing: frozenset[str]
) -> None:
    read = Reading("x", "categorical", missing)
    array = pa.array(texts, pa.string())
    expected = [read.text(text) or None for text in texts]
    assert columns.texts(array, read).to_pylist() == expected
    assert columns.texts(array.dictionary_encode(), read).to_pylist() == expected


def test_what_cannot_be_read_is_named() -> None:
    read = reading({"name": "rent", "role": "numeric", "spelling": "1.234,56 €", "missing": ["?"]})
    message = r"field 'rent' holds '12\.5', which is not a number like 1\.234,56 €"
    with pytest.raises(DataError, match=message):
        read.number("12.5")
    with pytest.raises(DataError, match=message):
        columns.numbers(pa.array(["1,5", "?", "12.5"]), read)
    day = reading({"name": "day", "role": "date", "spelling": "DD/MM/YYYY"})
    with pytest.raises(DataError, match="field 'day' holds '13/13/2021', not a date like DD/MM"):
        day.day("13/13/2021")


@given(value=st.floats(-1e15, 1e15), name=st.sampled_from(list(PATTERNS)), style=st.integers(0, 4))
def test_numbers_are_read_back_in_every_spelling(value: float, name: str, style: int) -> None:
    """However they are grouped and signed; written here by other code than reads them."""
    pattern, digits = PATTERNS[name], repr(abs(value))
    whole, _, rest = digits.partition(".")
    if pattern.groups and "e" not in digits:
        whole = in_groups(whole, pattern.groups[-1], 2 if pattern.indian else 3)
    written = whole + (rest and pattern.decimal + rest)
    if np.signbit(value):
        styles = ["-{}", "−{}", "{}-", "({})", "- {}"]
        written = styles[style].format(written)
    found = Reading("x", "numeric", spelling=name).number(written)
    assert np.float64(found).tobytes() == np.float64(value).tobytes()


def in_groups(whole: str, separator: str, size: int) -> str:
    """Digits with a separator before the last three, and before each `size` of the others."""
    groups = [whole[-3:]]
    whole = whole[:-3]
    while whole:
        groups.insert(0, whole[-size:])
        whole = whole[:-size]
    return separator.join(groups)


REFUSED = {
    "1,234.56": ["12,5", "1,2345", "0,123", "1.234,5", "1,234,", "(5", "5)", "--5", "-(5)", "$5"],
    "1.234,56": ["12.5", "1.2345", "1,234.5"],
    "1234,56": ["1.5", "1.234", "1 234"],
    "1 234,56": ["1 23", "1  234", "12 34"],
    "12,34,567.89": ["1,234,567", "123,456"],
    "$1,234.56": ["€5", "$5$5", "5 $ €"],
}


@pytest.mark.parametrize("spelling", REFUSED)
def test_what_is_spelled_otherwise_is_no_number(spelling: str) -> None:
    read = Reading("x", "numeric", spelling=spelling)
    assert each(read.number, REFUSED[spelling]) == ["unreadable"] * len(REFUSED[spelling])


def test_a_number_of_json_is_a_number_whatever_the_spelling() -> None:
    read = Reading("x", "numeric", frozenset({"-999"}), "1.234,56 €")
    assert [read.number(1.234), read.number(1234), read.number("1.234")] == [1.234, 1234, 1234]
    assert np.isnan([read.number(None), read.number(-999), read.number(-999.0)]).all()


def test_an_iso_day_is_a_day_whatever_the_spelling() -> None:
    for spelling in DATES:
        assert Reading("x", "date", spelling=spelling).day("2021-02-03T10:00Z") == "2021-02-03"


@pytest.mark.parametrize(
    ("role", "spelling", "known"),
    [
        ("numeric", "1;234", "is not one of 1234.56, 1234,56, 1,234.56"),
        ("numeric", "DD/MM/YYYY", "is not one of 1234.56"),
        ("numeric", "€1.234,56 €", "is not one of 1234.56"),
        ("date", "1.234,56", "is not one of DD/MM/YYYY, MM/DD/YYYY"),
        ("date", "YYYY-DD-MM", "is not one of DD/MM/YYYY"),
        ("date", "DD/MM", "is not one of DD/MM/YYYY"),
        ("categorical", "1.234,56", "is for numbers and dates, not for categorical"),
    ],
)
def test_an_unknown_spelling_is_refused_with_those_that_are_known(
    role: str, spelling: str, known: str
) -> None:
    with pytest.raises(DataError, match=f"column 'x': spelling '{spelling}' {known}"):
        reading({"name": "x", "role": role, "spelling": spelling})


@pytest.mark.parametrize("spelling", ["YYYY.MM.DD", "YY/MM/DD", "Month DD YYYY", "DDMMYYYY"])
def test_other_orders_may_be_given_by_hand(spelling: str) -> None:
    pattern = spelling
    for token, part in {"Month": "%B", "YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d"}.items():
        pattern = pattern.replace(token, part)
    text = date(2021, 2, 16).strftime(pattern)
    assert Reading("x", "date", spelling=spelling).day(text) == "2021-02-16"
