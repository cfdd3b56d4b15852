"""The same raw records give the same predictions wherever they are asked for.

Four ways: record by record, by column as evaluate.py does and large requests are handled, over CSV
in a fresh process that has nothing but the artifact, and straight from the trained model with an
encoding written here once more, with pandas.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Trained

import inference
from tabular import payloads
from tabular.artifact import opened
from tabular.records import MANY, by_column

SERVE = """
import json, sys
import inference
model = inference.model_fn(sys.argv[1])
records = inference.input_fn(sys.stdin.buffer.read(), "text/csv")
print(inference.output_fn(inference.predict_fn(records, model), "application/json")[0])
"""


@pytest.fixture(scope="module")
def records(trained: Trained) -> pd.DataFrame:
    """Raw test rows as text, among them missing values and categories that training never saw."""
    frame = pd.read_csv(trained.data / "test" / "test.csv", dtype=str, keep_default_na=False)
    frame = frame.drop(columns=trained.target).head(60)
    assert (frame == "").any(axis=None)
    frame.loc[0, ["make", "fuel"]] = ["Trabant", "steam"]
    frame.loc[1, :] = ""
    frame.loc[2, "mileage_km"] = "NA"
    frame.loc[3, "power_kw"] = "77.5"
    return frame


def test_predictions_agree(trained: Trained, records: pd.DataFrame) -> None:
    evaluated = as_evaluated(trained, records)
    np.testing.assert_allclose(served(trained, records), evaluated, rtol=1e-6)
    np.testing.assert_allclose(direct(trained, records), evaluated, rtol=1e-6)


def test_many_records_get_the_answers_that_each_gets(
    trained: Trained, records: pd.DataFrame
) -> None:
    """As one table, as one large request, and by code of an artifact, to the bit."""
    rows = records.to_dict("records") * 20
    assert len(rows) > MANY
    model = inference.model_fn(str(trained.model))
    one_by_one = np.array([model.encoder.encode(row) for row in rows])
    expected = list(inference.answers(model.score(one_by_one), model))
    assert list(inference.predict(rows, model)) == expected
    body = pd.DataFrame(rows)[model.columns].to_csv(index=False)
    assert len(body) > payloads.LARGE
    read = inference.input_fn(body.encode(), "text/csv")
    assert isinstance(read, payloads.Cells)
    assert list(inference.predict_fn(read, model)) == expected
    with opened("model", trained.model) as artifact:
        assert artifact is not None
        assert list(artifact.predict(by_column(rows, model.columns))) == expected


def scores(trained: Trained, predictions: Sequence[dict[str, Any]]) -> np.ndarray:
    """Predicted numbers, or probabilities of shape (records, classes)."""
    if trained.problem_type == "regression":
        return np.array([row["prediction"] for row in predictions])
    for row in predictions:
        assert row["prediction"] == max(row["probabilities"], key=row["probabilities"].get)
    return np.array([list(row["probabilities"].values()) for row in predictions])


def as_evaluated(trained: Trained, records: pd.DataFrame) -> np.ndarray:
    """As evaluate.py predicts: the artifact's own inference.py, on records from a CSV split."""
    with opened("model", trained.model) as artifact:
        assert artifact is not None
        return scores(trained, artifact.predict(records.to_dict("records")))


def served(trained: Trained, records: pd.DataFrame) -> np.ndarray:
    """As a server predicts: a process whose only code of ours is in the artifact."""
    finished = subprocess.run(
        [sys.executable, "-c", SERVE, str(trained.model)],
        input=records.to_csv(index=False).encode(),
        cwd=trained.model / "code",
        capture_output=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr.decode()
    return scores(trained, json.loads(finished.stdout)["predictions"])


def direct(trained: Trained, records: pd.DataFrame) -> np.ndarray:
    """From the trained model itself, by an encoding that shares no code with the scripts."""
    numbers = encode_with_pandas(trained.model, records)
    if trained.family == "xgboost":
        import xgboost

        booster = xgboost.Booster(model_file=trained.model / "model.ubj")
        raw = booster.predict(xgboost.DMatrix(numbers))
    else:
        linear = json.loads((trained.model / "linear.json").read_text())
        raw = numbers @ np.array(linear["weights"]).T + linear["intercept"]
        raw = {
            "regression": lambda sums: sums[:, 0],
            "binary_classification": lambda sums: 1 / (1 + np.exp(-sums[:, 0])),
            "multiclass_classification": lambda sums: (
                np.exp(sums) / np.exp(sums).sum(axis=1, keepdims=True)
            ),
        }[trained.problem_type](raw)
    return np.column_stack([1 - raw, raw]) if trained.problem_type.startswith("binary") else raw


def encode_with_pandas(model: Path, records: pd.DataFrame) -> np.ndarray:
    """preprocessing.json applied by pandas, column by column."""
    preprocessing = json.loads((model / "preprocessing.json").read_text())
    known = records.where(~records.isin(["", "NA"]))
    parts = []
    for column in preprocessing["columns"]:
        values = known[column["name"]]
        if column["role"] == "numeric":
            parts.append(pd.to_numeric(values).fillna(fill_of(column["fill"])).to_frame())
        elif column["role"] == "date":
            days = pd.to_datetime(values)
            since = (days - pd.Timestamp(preprocessing["reference_date"])).dt.days
            dates = pd.concat([days.dt.year, days.dt.month, since], axis=1).astype(float)
            dates.columns = range(3)
            fills = column["fill"] or [np.nan] * 3
            parts.append(dates.fillna(dict(enumerate(map(fill_of, fills)))))
        else:
            categories = [*column["categories"], "\0other"]
            texts = values.fillna("")
            texts = texts.where(texts.isin(column["categories"]), "\0other")
            parts.append(pd.get_dummies(pd.Categorical(texts, categories), dtype=float))
    return np.column_stack([part.to_numpy(float) for part in parts])


def fill_of(value: float | None) -> float:
    """The fill of a missing number, NaN where the model takes care of it."""
    return np.nan if value is None else value
