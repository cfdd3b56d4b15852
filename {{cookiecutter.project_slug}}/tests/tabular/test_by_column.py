"""Many records by column, and one by one: the same numbers, refusals and answers, to the bit."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import features
from tabular import contract, encoding, payloads, records
from tabular.predictions import Predictions, by_column
from tabular.records import Columns
from tabular.spelling import reading
from tabular.values import DataError
from tabular.violations import RecordCheck

COLUMNS: list[dict[str, Any]] = [
    {"name": "km", "role": "numeric"},
    {"name": "rent", "role": "numeric", "spelling": "1.234,56", "missing": ["-1", "k.A."]},
    {"name": "day", "role": "date"},
    {"name": "seen", "role": "date", "spelling": "DD/MM/YYYY", "missing": ["?"]},
    {"name": "fuel", "role": "categorical", "missing": ["n/k"]},
]
NAMES = [column["name"] for column in COLUMNS]
texts = st.sampled_from(
    [
        *("", " ", "NA", "nan", "1", " 1 ", "1.0", "-0", "1e400", "1_0", "1.234,5", "-1", "k.A."),
        *("?", "2024-02-29", "2024-02-30", "20240229", "2024-02-29T10:00", "29/02/2024", "petrol"),
        *("N/K", "0001-01-01", "9999-12-31", "inf", "Benzin", "n/k", "12345678901234567890"),
    ]
)
good = {
    "km": st.integers(-5, 5).map(str) | st.floats(-1e9, 1e9).map(str) | st.just(""),
    "rent": st.sampled_from(["1.234,5", "7", "-1", "K.A.", ""]),
    "day": st.dates().map(str) | st.just(""),
    "seen": st.dates().map(lambda day: day.strftime("%d/%m/") + f"{day.year:04}") | st.just("?"),
    "fuel": st.sampled_from(["petrol", "diesel", "n/k", "NA", "steam", ""]),
}
raw = {
    "km": st.integers() | st.floats() | st.booleans() | st.none(),
    "rent": st.sampled_from([-1, -1.0, 7, None, "1.234,5"]),
    "day": st.dates().map(str) | st.none() | st.sampled_from([20240101, 5.0]),
    "seen": st.sampled_from(["29/02/2024", None, "?"]),
    "fuel": st.sampled_from(["petrol", None, 5, 5.0, True, float("nan"), ["a"]]),
}
tables_of_texts = st.lists(st.fixed_dictionaries(good), min_size=1, max_size=8) | st.lists(
    st.fixed_dictionaries({name: texts | each for name, each in good.items()}),
    min_size=1,
    max_size=4,
)
tables = tables_of_texts | st.lists(
    st.fixed_dictionaries({name: good[name] | raw[name] for name in NAMES}), min_size=1, max_size=5
)
TRAINED = [
    {"km": "1", "rent": "1.000,5", "day": "2020-01-01", "seen": "01/02/2020", "fuel": fuel}
    for fuel in ["petrol"] * 5 + ["diesel"] * 6 + [""] * 5
]
ENCODERS = [features.Encoder(features.fit(TRAINED, COLUMNS, impute)) for impute in (True, False)]


def columns_of(table: Sequence[Mapping[str, Any]]) -> Columns:
    """Records by column, as a large request has them."""
    found = records.by_column([*table] * records.MANY, NAMES)
    assert isinstance(found, Columns)
    return found[: len(table)]


def outcome(ask: Callable[[], Any]) -> tuple[str, Any]:
    """What came back, or what was refused and why."""
    try:
        return "given", ask()
    except DataError as error:
        return "refused", str(error)
    except (OverflowError, TypeError) as error:
        return "broken", type(error)


@given(table=tables)
@example(table=[{"km": 10**400, "rent": "7", "day": "", "seen": "", "fuel": ""}])
@example(table=[{"km": "1", "rent": "7", "day": "20240229", "seen": "", "fuel": ""}])
def test_many_records_are_encoded_as_each_is(table: list[dict[str, Any]]) -> None:
    for encoder in ENCODERS:
        kind, expected = outcome(lambda encoder=encoder: encoder.matrix(table))
        found_kind, found = outcome(lambda encoder=encoder: encoder.matrix(columns_of(table)))
        assert found_kind == kind
        if kind == "given":
            assert found.tobytes() == expected.tobytes()
            small = encoder.small(columns_of(table))
            if small is not None:
                numbers = np.column_stack(encoder.by_column.numbers(small)).astype(float)
                assert np.ascontiguousarray(numbers).tobytes() == expected.tobytes()
        else:
            assert found == expected


def test_to_say_which_of_many_records_is_at_fault_they_are_made_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not once for each column: a server has one thread for requests that are wrong, too."""
    made: list[Any] = []
    each = Columns.__iter__
    monkeypatch.setattr(Columns, "__iter__", lambda self: made.append(self) or each(self))
    table = columns_of([*TRAINED, {**TRAINED[0], "seen": "soon"}])
    with pytest.raises(DataError, match=f"record {len(table)}: field 'seen'"):
        ENCODERS[0].matrix(table)
    assert len(made) == 1


@given(table=tables_of_texts, impute=st.booleans())
def test_an_encoding_is_learned_from_columns_as_from_records(
    table: list[dict[str, Any]], impute: bool
) -> None:
    limits: Any = (impute, features.REFERENCE_DATE, 2, 1)
    expected = outcome(lambda: encoding.fit([table], COLUMNS, *limits))
    halves = [columns_of(table)[:2], columns_of(table)[2:]]
    assert outcome(lambda: encoding.fit(halves, COLUMNS, *limits)) == expected


def test_what_is_derived_of_many_records_is_what_is_derived_of_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def double(record: Mapping[str, Any]) -> Any:
        return 2 * record["rent"] if record["rent"] else None

    monkeypatch.setitem(features.DERIVED, "double", ("numeric", double))
    monkeypatch.setitem(features.DERIVED, "kind", ("categorical", lambda record: record["fuel"]))
    table = [*TRAINED, {**TRAINED[0], "rent": "k.A.", "fuel": "n/k"}]
    fitted = features.fit(columns_of(table), COLUMNS, impute=False)
    assert fitted == features.fit(table, COLUMNS, impute=False)
    encoder = features.Encoder(fitted)
    assert {"double", "kind=diesel", "kind=(missing)"} <= {*encoder.names}
    expected = np.array([encoder.encode(record) for record in table])
    assert encoder.matrix(columns_of(table)).tobytes() == expected.tobytes()


AGREED = contract.from_document(
    {
        "target": "price",
        "columns": {
            "km": {"role": "numeric", "type": "integer", "range": [-4, 100], "usual": [1, 90]},
            "rent": {
                "role": "numeric",
                "type": "number",
                "range": [0, 2000],
                "spelling": "1.234,56",
                "missing": ["-1", "k.A."],
                "missing_at_most": 0,
            },
            "day": {"role": "date", "type": "date", "range": ["1000-01-01", "today"]},
            "seen": {
                "role": "date",
                "type": "date",
                "spelling": "DD/MM/YYYY",
                "missing": ["?"],
                "severity": {"type": "warning"},
            },
            "fuel": {"role": "categorical", "type": "text", "categories": ["petrol", "diesel"]},
            "price": {"role": "target", "type": "number"},
        },
        "severity": {"type": "warning", "unit": "warning", "future_date": "warning"},
    }
)


@given(table=tables)
def test_many_records_are_held_to_the_contract_as_each_is(table: list[dict[str, Any]]) -> None:
    check = RecordCheck(AGREED, NAMES)
    kind, expected = outcome(lambda: check.hold(table))
    found_kind, found = outcome(lambda: check.hold(columns_of(table)))
    assert found_kind == kind
    if kind == "given":
        listed = [{name: record[name] for name in NAMES} for record in expected]
        assert repr(list(found)) == repr(listed)
    else:
        assert found == expected


def test_the_contract_of_many_records_warns_as_that_of_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    check = RecordCheck(AGREED, NAMES)
    table = [{**TRAINED[0], "km": "50000", "seen": "soon"}, *TRAINED, {**TRAINED[0], "fuel": "?"}]
    check.hold(table)
    expected = capsys.readouterr().err
    assert "unit" in expected and "categories" in expected and "type" in expected
    assert check.hold(columns_of(table))[0]["seen"] is None
    assert capsys.readouterr().err == expected


CELLS = st.sampled_from(["a", "", " ", "1.5", "NA", "x y", "é", '"q"', 'a"b', "\r", "\0", "'"])


@given(
    lines=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=6),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_a_large_request_of_csv_is_read_as_a_small_one(lines: list[list[str]], ending: str) -> None:
    body = ending.join(",".join(cells) for cells in lines)
    filler = ending + ending.join(["c,d"] * (payloads.LARGE // 3))
    kind, expected = outcome(lambda: payloads.read(body, "text/csv"))
    found_kind, found = outcome(lambda: payloads.read(body + filler, "text/csv"))
    if kind == "given":
        assert [*found[: len(expected)]] == expected
    assert found_kind == kind or '"' in body


def test_a_large_request_is_kept_by_column_whatever_its_format() -> None:
    rows = [["7", "petrol"]] * 20_000
    body = "\n".join(",".join(row) for row in [["km", "fuel"], *rows])
    found = payloads.as_records(payloads.read(body, "text/csv"), ["km", "fuel"])
    assert isinstance(found, Columns) and len(found) == len(rows)
    listed = json.dumps([{"km": "7", "fuel": "petrol"}] * len(rows))
    same = payloads.as_records(payloads.read(listed, "application/json"), ["km", "fuel"])
    assert isinstance(same, Columns) and list(same) == list(found)
    with pytest.raises(DataError, match="record 1 has 2 values, not the 3 of: km, fuel, day"):
        payloads.as_records(payloads.read(body, "text/csv"), ["km", "fuel", "day"])


def test_without_arrow_a_large_request_is_read_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    body = "7,petrol\n" * 20_000
    by_arrow = payloads.as_records(payloads.read(body, "text/csv"), ["km", "fuel"])
    for module in (payloads, records):
        monkeypatch.setattr(module, "arrow", lambda: None)
    rows = payloads.as_records(payloads.read(body, "text/csv"), ["km", "fuel"])
    assert isinstance(rows, list) and rows == list(by_arrow)


numbers = st.floats(allow_nan=True, width=32)
answers = st.builds(
    lambda values: Predictions(np.array(values, dtype=float)), st.lists(numbers, min_size=1)
) | st.builds(
    lambda rows: Predictions(
        np.array(["a", "b%s", 'c"'])[[int(row[0] * 2) for row in rows]],
        np.array(rows, dtype=float),
        ["a", "b%s", 'c"'],
    ),
    st.lists(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3), min_size=1),
)


@given(given=answers, kind=st.sampled_from(payloads.TYPES))
def test_many_answers_are_written_as_each_is(given: Predictions, kind: str) -> None:
    assert payloads.write(given, kind) == payloads.write(list(given), kind)


@given(given=answers)
def test_answers_are_a_sequence_of_mappings(given: Predictions) -> None:
    assert repr(by_column(list(given))) == repr(given)
    assert repr(given[len(given) - 1]) == repr(list(given)[-1])
    assert repr(list(given[:2])) == repr(list(given)[:2])


def test_a_table_of_arrow_texts_is_a_sequence_of_records() -> None:
    table = Columns({"a": pa.array(["1", None]), "b": [2, [3]]}, 2)
    assert list(table) == [{"a": "1", "b": 2}, {"a": None, "b": [3]}]
    assert table[1] == {"a": None, "b": [3]} and list(table[1:]) == [table[1]]
    assert list(table.without([(0, "a")])) == [{"a": None, "b": 2}, table[1]]
    assert reading(COLUMNS[1]).number(table[0]["a"]) == 1
