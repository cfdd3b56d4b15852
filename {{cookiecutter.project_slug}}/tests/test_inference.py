"""Requests and scores of an artifact that is written here, by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

import inference
from tabular import payloads
from tabular.values import DataError


def write(folder: Path, **documents: Any) -> inference.Model:
    """An artifact of one number, loaded."""
    column = {"name": "x", "role": "numeric"}
    documents["signature"] = {"columns": [column], **documents["signature"]}
    documents["preprocessing"] = {
        "reference_date": "2000-01-01",
        "columns": [{**column, "fill": 0}],
    }
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
    return inference.model_fn(str(folder))


def test_scores_of_any_size_are_probabilities(tmp_path: Path) -> None:
    model = write(
        tmp_path,
        signature={"model_family": "linear", "classes": ["a", "b", "c"]},
        linear={"link": "softmax", "weights": [[1000], [0], [-1000]], "intercept": [0, 0, 0]},
    )
    [answer] = inference.predict_fn([{"x": 1}], model)
    assert answer == {"prediction": "a", "probabilities": {"a": 1.0, "b": 0.0, "c": 0.0}}


@pytest.mark.parametrize(
    ("text", "content_type", "records"),
    [
        ('[{"x": 1}]', "application/json", [{"x": 1}]),
        ('{"x": 1}\n{"x": 2}\n', "application/jsonlines", [{"x": 1}, {"x": 2}]),
        ("x\n1\n", "text/csv", [["x"], ["1"]]),
    ],
)
def test_a_mark_of_the_byte_order_is_no_part_of_a_request(
    text: str, content_type: str, records: list[Any]
) -> None:
    assert inference.input_fn(text.encode("utf-8-sig"), content_type) == records
    assert inference.input_fn(text.encode("utf-8"), content_type) == records


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json, text/plain;q=0.5", "application/json"),
        ("text/html, text/*;q=0.8, application/json;q=0.2", "text/csv"),
        ("Text/CSV; charset=utf-8", "text/csv"),
        ("application/*;q=0.1, application/json;q=0", "application/jsonlines"),
    ],
)
def test_an_answer_has_the_type_that_the_caller_accepts_most(
    accept: str, content_type: str
) -> None:
    body, given = inference.output_fn([{"prediction": 1.5}], accept)
    assert given == content_type
    assert "1.5" in body


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "text/csv;q=x"])
def test_a_type_that_is_not_written_is_refused(accept: str) -> None:
    with pytest.raises(payloads.NotAcceptable, match=f"accept '{accept}' allows none of") as error:
        inference.output_fn([{"prediction": 1.5}], accept)
    assert error.value.status == 406


@pytest.mark.parametrize(
    ("body", "content_type", "sentence"),
    [
        (b"\xff\xfe", "application/json; charset=utf-16", "not valid application/json: 'utf-8'"),
        ("9" * 5000, "application/json", "not valid application/json: "),
        ("[" * 100_000, "application/json", "not valid application/json: "),
        ('"' + "x" * 200_000, "text/csv", "not valid text/csv: field larger than"),
    ],
)
def test_a_request_that_cannot_be_read_is_refused(
    body: bytes | str, content_type: str, sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence) as error:
        inference.input_fn(body, content_type)
    assert error.value.status == 400


def test_a_number_without_end_is_refused(tmp_path: Path) -> None:
    linear = {"link": "identity", "weights": [[1]], "intercept": [0]}
    model = write(tmp_path, signature={"model_family": "linear", "classes": []}, linear=linear)
    with pytest.raises(DataError, match="field 'x' holds a number that is too large"):
        inference.predict_fn([{"x": 10**400}], model)
