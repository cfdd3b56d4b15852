"""Requests and scores of an artifact that is written here, by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

import inference


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
