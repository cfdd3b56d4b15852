"""Several records at once are read as each by itself, to the bit; JSON by orjson as by json."""

import csv
import json
from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np
import pytest
from conftest import Trained
from hypothesis import given, settings
from hypothesis import strategies as st

import inference
from tabular import contract, json_text
from tabular.few_records import FEW
from tabular.values import DataError
from tabular.violations import RecordCheck

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["", " 12 ", "NA", "1e400", "-inf", "1_000", "2024-02-30", "2020-01-01T10"]),
    st.sampled_from([10**400, [], {"a": 1}, "petrol ", "BMW", 5.0, -0.0]),
)


@pytest.fixture(scope="module")
def model(trained: Trained) -> inference.Model:
    return inference.model_fn(str(trained.model))


@pytest.fixture(scope="module")
def check(trained: Trained, model: inference.Model) -> RecordCheck:
    """A contract of the sample's columns."""
    columns: dict[str, Any] = {
        "make": {"role": "categorical", "type": "text", "categories": ["BMW", "Ford"]},
        "mileage_km": {"role": "numeric", "type": "integer", "range": [0, 200_000]},
        "power_kw": {"role": "numeric", "type": "number", "missing": ["0"], "missing_at_most": 0},
        "first_registered": {"role": "date", "type": "date", "range": ["2001-01-01", "today"]},
        "listed_on": {"role": "date", "type": "date", "missing": ["-"]},
        trained.target: {"role": "target", "type": "text"},
    }
    agreed = contract.from_document({"columns": columns, "target": trained.target})
    return RecordCheck(agreed, model.columns)


@pytest.fixture(scope="module")
def rows(trained: Trained) -> list[dict[str, Any]]:
    with (trained.data / "test" / "test.csv").open(encoding="utf-8", newline="") as file:
        return list(islice(csv.DictReader(file), 8))


def changed(rows: list[dict[str, Any]], data: st.DataObject) -> list[Mapping[str, Any]]:
    """The rows, some with odd values or without a field."""
    found: list[Mapping[str, Any]] = []
    for row in rows[: data.draw(st.integers(FEW, len(rows)))]:
        each = {**row, **data.draw(st.dictionaries(st.sampled_from([*row]), ODD, max_size=2))}
        if data.draw(st.integers(0, 20)) == 7:
            each.pop(data.draw(st.sampled_from([*row])))
        found.append(each)
    return found


@settings(max_examples=60)
@given(data=st.data())
def test_several_records_are_encoded_as_each_is(
    model: inference.Model, rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    records = changed(rows, data)
    try:
        expected = np.array([model.encoder.encode(each) for each in records])
    except DataError as error:
        with pytest.raises(DataError) as told:
            model.encoder.matrix(records)
        assert str(told.value).endswith(str(error)) and str(told.value).startswith("record ")
        return
    assert model.encoder.matrix(records).tobytes() == expected.tobytes()


@settings(max_examples=60)
@given(data=st.data())
def test_several_records_are_held_to_a_contract_as_each_is(
    check: RecordCheck, rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    records = changed(rows, data)
    one_by_one, at_once = [check._odd(each) for each in records], check._odd_ones(records)
    assert str(check._report(records, at_once)) == str(check._report(records, one_by_one))
    assert list(map(check._readable, records, at_once)) == list(
        map(check._readable, records, one_by_one)
    )


@given(st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_is_read_as_json_reads_it(value: Any) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        body = text.encode("utf-8", "surrogatepass")
        try:
            expected = repr(json.loads(body.decode("utf-8")))
        except ValueError:
            with pytest.raises(ValueError):
                json_text.loads(body)
            continue
        assert repr(json_text.loads(body)) == expected


@pytest.mark.parametrize("text", ["1e400", "-0", "123456789012345678901", '"\\ud800"', "NaN", "{"])
def test_json_that_orjson_knows_otherwise(text: str) -> None:
    try:
        expected = repr(json.loads(text))
    except ValueError:
        with pytest.raises(ValueError):
            json_text.loads(text.encode())
        return
    assert repr(json_text.loads(text.encode())) == expected
