"""Answers of Linear Learner's models, in the forms of the SageMaker Developer Guide."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.algorithms import linear_serving, recordio
from sagemaker_local.algorithms.linear_model import LinearModel
from sagemaker_local.algorithms.requests import Refused

NUMBER = LinearModel("regressor", "squared_loss", [[2.0, 1.0]], [0.5], 0.0)
TWO = LinearModel("binary_classifier", "logistic", [[1.0, 0.0]], [0.0], 0.6)
THREE = LinearModel("multiclass_classifier", "softmax_loss", [[0, 0], [9, 0], [0, 9]], [0, 0, 0], 0)


def answered(model: LinearModel, body: Any, kind: str, accept: str = "application/json") -> Any:
    records = linear_serving.input_fn(body, kind)
    return linear_serving.output_fn(linear_serving.predict_fn(records, model), accept)[0]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", "1,3\n0,1\n"),
        ("text/csv", "True,3\nFalse,1\n"),
        ("application/json", '{"instances": [{"features": [1, 3]}, {"features": [0, 1]}]}'),
        (
            "application/json",
            '{"instances": [{"data": {"features": {"values": [1, 3]}}},'
            ' {"data": {"features": {"keys": [1], "shape": [2], "values": [1]}}}]}',
        ),
        ("application/jsonlines", '{"features": [1, 3]}\n{"features": [0, 1]}\n'),
    ],
)
def test_each_form_of_a_body_is_read(kind: str, body: str) -> None:
    assert json.loads(answered(NUMBER, body, kind)) == {
        "predictions": [{"score": 5.5}, {"score": 1.5}]
    }


def test_each_form_of_an_answer_is_given() -> None:
    assert json.loads(answered(TWO, "0.3,0\n9,0", "text/csv"))["predictions"] == [
        {"score": pytest.approx(0.574, abs=1e-3), "predicted_label": 0},
        {"score": pytest.approx(1, abs=1e-3), "predicted_label": 1},
    ]
    lines = answered(TWO, "9,0\n9,0", "text/csv", "application/jsonlines").splitlines()
    assert [json.loads(line)["predicted_label"] for line in lines] == [1, 1]
    (found,) = json.loads(answered(THREE, "1,2", "text/csv"))["predictions"]
    assert found["predicted_label"] == 2
    assert sum(found["score"]) == pytest.approx(1)
    assert answered(THREE, "1,2", "text/csv", "text/csv").startswith("2,")
    assert b"predicted_label" in answered(TWO, "9,0", "text/csv", recordio.TYPE)


@pytest.mark.parametrize(
    ("kind", "body", "accept", "status"),
    [
        ("text/plain", "1,2", "text/csv", 415),
        ("text/csv", "a,b", "text/csv", 415),
        ("application/json", '{"rows": []}', "text/csv", 415),
        ("text/csv", "1,2,3", "text/csv", 400),
        ("text/csv", "1,2", "image/png", 406),
    ],
)
def test_what_it_cannot_answer_is_refused(kind: str, body: str, accept: str, status: int) -> None:
    with pytest.raises(Refused) as refused:
        answered(NUMBER, body, kind, accept)
    assert refused.value.status == status


def test_a_model_says_whose_it_is_and_another_s_is_not_read(tmp_path: Path) -> None:
    TWO.save(tmp_path)
    assert LinearModel.load(tmp_path) == TWO
    assert "it is not a model of SageMaker's" in (tmp_path / "linear-learner.json").read_text()
    with pytest.raises(ValueError, match="has trained is not read here; train it here"):
        linear_serving.model_fn(str(tmp_path / "other"))
