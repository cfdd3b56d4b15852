"""Answers of XGBoost's models, compared with what aws/sagemaker-xgboost-container answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from sagemaker_local.algorithms import recordio, xgboost_serving
from sagemaker_local.algorithms.requests import Refused

ROWS = np.array([[i % 5, i % 3] for i in range(30)], dtype=float)
BODY = "1,2\n3,\n"


def saved(folder: Path, objective: str, labels: Any, **settings: Any) -> str:
    folder.mkdir(exist_ok=True)
    rows = xgboost.DMatrix(ROWS, label=labels)
    model = xgboost.train({"objective": objective, **settings}, rows, 3)
    model.save_model(folder / f"xgboost-model-{len(list(folder.iterdir()))}.ubj")
    return str(folder)


def answer(folder: str, accept: str = "text/csv", body: Any = BODY, kind: str = "text/csv") -> Any:
    model = xgboost_serving.model_fn(folder)
    predictions = xgboost_serving.predict_fn(xgboost_serving.input_fn(body, kind), model)
    return xgboost_serving.output_fn(predictions, accept)[0]


@pytest.fixture
def probabilities(tmp_path: Path) -> str:
    return saved(tmp_path / "soft", "multi:softprob", ROWS[:, 1], num_class=3)


def test_a_line_of_csv_has_a_number_for_each_class(probabilities: str) -> None:
    lines = answer(probabilities).splitlines()
    assert [len(line.split(",")) for line in lines] == [3, 3]
    told = json.loads(answer(probabilities, "application/json"))["predictions"]
    assert told[0] == {"score": pytest.approx([float(x) for x in lines[0].split(",")])}


def test_a_batch_has_a_list_for_each_record(
    probabilities: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGEMAKER_BATCH", "true")
    assert [len(json.loads(line)) for line in answer(probabilities).splitlines()] == [3, 3]
    with pytest.raises(Refused, match="Accept type image/png is not supported") as refused:
        answer(probabilities, "image/png")
    assert refused.value.status == 406


def test_images_before_1_2_put_commas_between_predictions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(tmp_path / "m", "reg:squarederror", ROWS[:, 0])
    lines = answer(folder).splitlines()
    assert answer(folder, body="True,2\n3,\n").splitlines() == lines
    monkeypatch.setenv("SAGEMAKER_ALGORITHM_VERSION", "1.0")
    assert answer(folder, "application/json").split(",") == lines


@pytest.mark.parametrize(
    ("objective", "selected", "told"),
    [
        ("binary:logistic", "predicted_label, labels", {"predicted_label": 1, "labels": [0, 1]}),
        ("binary:logistic", "raw_score", {"raw_score": 0.75}),
        ("binary:logistic", "probabilities", {"probabilities": [0.25, 0.75]}),
        ("binary:logitraw", "predicted_label", {"predicted_label": 1}),
        ("binary:logitraw", "probability", {"probability": None}),
        ("reg:squarederror", "predicted_score,labels", {"predicted_score": 0.75, "labels": None}),
        ("multi:softmax", "predicted_label,labels", {"predicted_label": 0.75, "labels": [0, 1, 2]}),
    ],
)
def test_what_is_selected_is_answered(
    objective: str, selected: str, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGEMAKER_INFERENCE_OUTPUT", selected)
    predictions = xgboost_serving.Predictions([0.75], objective, 3)
    body, _ = xgboost_serving.output_fn(predictions, "application/jsonlines")
    found = json.loads(body, parse_constant=lambda _: None)
    assert found == told


def test_what_is_selected_goes_into_csv_and_recordio(
    probabilities: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAGEMAKER_INFERENCE_OUTPUT", "predicted_label,probabilities")
    first, second = answer(probabilities).split("\n")
    assert first.startswith('2,"[')
    assert second.endswith(']"')
    assert answer(probabilities, recordio.TYPE).count(b"predicted_label") == 2
    predictions = xgboost_serving.Predictions([1.0], "count:poisson", 0)
    with pytest.raises(Refused, match="`count:poisson` unsupported for selectable inference"):
        xgboost_serving.output_fn(predictions, "text/csv")


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        ("1,2", "text/csv; label_size=0", "Optional parameter label_size must be equal to 1"),
        ("1,a", "text/csv", "please ensure data is in csv format"),
        ("{}", "application/json", "application/json is not an accepted ContentType"),
        ("1,2", "application/x-parquet", "Content-type application/x-parquet is not supported"),
        (b"1,2", recordio.TYPE, "please ensure data is in recordio-protobuf format"),
    ],
)
def test_a_body_that_it_cannot_read_is_refused(body: Any, kind: str, told: str) -> None:
    with pytest.raises(Refused, match=told) as refused:
        xgboost_serving.input_fn(body, kind)
    assert refused.value.status == 415


def test_several_models_answer_with_their_mean_or_vote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = tmp_path / "both"
    saved(both, "reg:squarederror", ROWS[:, 0])
    one = float(answer(str(both)).splitlines()[0])
    saved(both, "reg:squarederror", ROWS[:, 0] + 10)
    assert float(answer(str(both)).splitlines()[0]) == pytest.approx(one + 5, abs=1)
    monkeypatch.setenv("SAGEMAKER_INFERENCE_ENSEMBLE", "false")
    assert float(answer(str(both)).splitlines()[0]) == pytest.approx(one)


def test_images_before_1_2_pass_over_a_column_of_libsvm_that_the_model_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS's Abalone batch counts columns from 1, and its model was trained on CSV."""
    folder = saved(tmp_path / "m", "reg:squarederror", ROWS[:, 0])
    body, kind = "15 1:2 2:7\n7 1:1\n", "text/libsvm"
    with pytest.raises(Refused, match="Number of columns does not match"):
        answer(folder, body=body, kind=kind)
    monkeypatch.setenv("SAGEMAKER_ALGORITHM_VERSION", "1.0")
    assert answer(folder, body=body, kind=kind) == answer(folder, body="0 1:2\n0 1:1\n", kind=kind)
    with pytest.raises(Refused, match="Number of columns does not match"):
        answer(folder, body="0 3:1\n", kind=kind)
    with pytest.raises(Refused, match="Number of columns does not match"):
        answer(folder, body="1,2,3\n")
