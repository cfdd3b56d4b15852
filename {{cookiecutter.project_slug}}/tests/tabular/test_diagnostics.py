"""Diagnostics and importance: the same as scikit-learn's, and true to the model they explain."""

import json
import tarfile
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import sklearn.calibration
import sklearn.metrics
from conftest import Trained

import inference
import train
from tabular import curves, diagnostics, importance
from tabular.artifact import opened
from tabular.importance import contributions
from tabular.records import Split, read_records
from tabular.scoring import Scored, score
from tabular.values import DataError

from {{ cookiecutter.package_name }}.plots import evaluation_plots


@pytest.fixture(params=["ties", "few rows", "rare", "sure"])
def scores(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    """Marks of positive rows, and probabilities that say something about them."""
    random = np.random.default_rng(7)
    rows = 60 if request.param == "few rows" else 3_000
    actual = random.random(rows) < (0.01 if request.param == "rare" else 0.4)
    score = (1 / (1 + np.exp(1 - 2 * actual - random.normal(size=rows)))).astype("float32")
    if request.param == "sure":
        score = actual.astype("float32")
    return actual, np.round(score, 2) if request.param == "ties" else score


def farthest(points: np.ndarray, among: np.ndarray) -> float:
    """The distance to the nearest of `among`, of the one of `points` for which it is largest."""
    return np.abs(points[:, None] - among[None]).max(axis=2).min(axis=1).max()


def test_roc_agrees_with_scikit_learn(scores: tuple[np.ndarray, np.ndarray]) -> None:
    false_rate, true_rate, _ = sklearn.metrics.roc_curve(*scores, drop_intermediate=False)
    points = np.column_stack(list(curves.roc(*scores).values()))
    assert len(points) == len(false_rate) or 50 < len(points) <= curves.POINTS
    assert farthest(points, np.column_stack([false_rate, true_rate])) < 1e-5
    assert points[0].tolist() == [0, 0] and points[-1].tolist() == [1, 1]
    area = sklearn.metrics.roc_auc_score(*scores)
    assert np.trapezoid(points[:, 1], points[:, 0]) == pytest.approx(area, abs=0.005)


def test_precision_recall_agrees_with_scikit_learn(scores: tuple[np.ndarray, np.ndarray]) -> None:
    precision, recall, thresholds = sklearn.metrics.precision_recall_curve(*scores)
    known = np.column_stack([thresholds, precision[:-1], recall[:-1]])
    points = np.column_stack(list(curves.precision_recall(*scores).values()))
    assert len(points) == len(thresholds) or 10 < len(points) <= curves.POINTS
    assert farthest(points, known) < 1e-5
    assert (np.diff(points[:, 2]) >= 0).all() and points[-1, 2] == 1


def test_calibration_agrees_with_scikit_learn(scores: tuple[np.ndarray, np.ndarray]) -> None:
    observed, predicted = sklearn.calibration.calibration_curve(
        *scores, n_bins=curves.BINS, strategy="quantile"
    )
    found = curves.calibration(*scores)
    assert found["observed"] == pytest.approx(observed, rel=1e-5)
    assert found["predicted"] == pytest.approx(predicted, rel=1e-5)
    assert sum(found["rows"]) == len(scores[0])


def test_no_threshold_has_a_better_f1(scores: tuple[np.ndarray, np.ndarray]) -> None:
    actual, score = scores
    chosen = curves.best_threshold(actual, score)
    best = max(
        sklearn.metrics.f1_score(actual, score >= value, zero_division=0)
        for value in np.unique(score)[:: max(1, len(score) // 500)]
    )
    assert 0 < chosen < 1
    assert sklearn.metrics.f1_score(actual, score.astype(float) > chosen) >= best


def scored(kind: str, truth: list[str], predictions: list[dict[str, Any]]) -> Scored:
    """Predictions as if a model had made them."""
    signature = {"problem_type": kind, "classes": sorted(set(truth))}
    return Scored(signature, truth, predictions, {}, [])


def test_labels_agree_with_scikit_learn() -> None:
    random = np.random.default_rng(7)
    truth, table = random.choice(list("abcd"), 300), random.dirichlet([1, 1, 1], 300)
    rows = [
        {"prediction": "abc"[row.argmax()], "probabilities": dict(zip("abc", row, strict=True))}
        for row in table
    ]
    found = diagnostics.diagnose(scored("multiclass_classification", list(truth), rows))
    labels = [row["prediction"] for row in rows]
    assert found["confusion"] == {
        "labels": list("abcd"),
        "rows": sklearn.metrics.confusion_matrix(truth, labels).tolist(),
    }
    report = sklearn.metrics.classification_report(truth, labels, output_dict=True, zero_division=0)
    for label, measured in found["classes"].items():
        expected = report[label]
        assert measured == pytest.approx(
            {
                "rows": expected["support"],
                "precision": expected["precision"],
                "recall": expected["recall"],
                "f1": expected["f1-score"],
            }
        )


def test_many_labels_stay_readable() -> None:
    truth = [f"label {number % (1 + number % 60):02}" for number in range(3_000)]
    found = diagnostics.confusion(truth, truth[1:] + truth[:1])
    assert len(found["labels"]) == diagnostics.MAX_LABELS + 1
    assert found["labels"][-1] == "(other)"
    assert np.sum(found["rows"]) == 3_000


def test_residuals_agree_with_pandas() -> None:
    random = np.random.default_rng(7)
    predicted = random.normal(size=1_000)
    actual = predicted + random.standard_t(2, 1_000)
    rows = [{"prediction": value} for value in predicted]
    found = diagnostics.diagnose(scored("regression", [str(value) for value in actual], rows))
    residual = pd.Series(actual - predicted)
    for share, value in found["residuals"]["quantiles"].items():
        assert value == pytest.approx(residual.quantile(float(share)), rel=1e-5)
    assert sum(found["residuals"]["histogram"]["rows"]) == 1_000
    by_decile = residual.groupby(pd.qcut(predicted, 10, labels=False))
    for (_, expected), decile in zip(by_decile, found["deciles"], strict=True):
        assert decile["rows"] == len(expected)
        assert decile["mae"] == pytest.approx(expected.abs().mean(), rel=1e-5)
        assert decile["mean_residual"] == pytest.approx(expected.mean(), rel=1e-4)
    sample = found["sample"]
    assert len(sample["actual"]) == len(sample["predicted"]) == diagnostics.MAX_POINTS
    points = np.column_stack([sample["actual"], sample["predicted"]])
    assert farthest(points, np.column_stack([actual, predicted])) < 1e-3


def test_an_evaluation_is_json_of_a_sensible_size(trained: Trained) -> None:
    text = trained.evaluation.read_text(encoding="utf-8")
    evaluation = json.loads(text, parse_constant=pytest.fail)
    assert len(text) < 60_000
    for measure in ("permutation", "shap"):
        values = list(evaluation["importance"][measure].values())
        assert values == sorted(values, reverse=True)
        signature = json.loads((trained.model / "signature.json").read_text())
        names = [column["name"] for column in signature["columns"]]
        assert sorted(evaluation["importance"][measure]) == sorted(names)


# Importance


def test_what_the_target_is_made_of_is_important(trained: Trained) -> None:
    found = json.loads(trained.evaluation.read_text())["importance"]
    for measure in ("permutation", "shap"):
        names = list(found[measure])
        assert "first_registered" in names[:2]
        assert names.index("colour") > 3


@pytest.fixture
def car(trained: Trained) -> dict[str, str]:
    """A raw test record, one of its values unknown."""
    record = next(read_records(trained.data / "test" / "test.csv"))
    return record | {"colour": ""}


def test_reasons_add_up_to_the_prediction(trained: Trained, car: dict[str, str]) -> None:
    explained = importance.explain_record(trained.model, car)
    model = inference.model_fn(str(trained.model))
    [predicted] = inference.predict_fn([car], model)
    assert explained["prediction"] == predicted["prediction"]
    total = explained["base"] + sum(each["contribution"] for each in explained["contributions"])
    if trained.problem_type == "regression":
        assert total == pytest.approx(predicted["prediction"], rel=1e-4)
    elif trained.problem_type == "binary_classification":
        assert 1 / (1 + np.exp(-total)) == pytest.approx(
            predicted["probabilities"][model.classes[1]], rel=1e-3
        )
    else:
        with opened("model", trained.model) as artifact:
            assert artifact is not None
            values, base = contributions(artifact, model.encoder.matrix([car]))
        sums = values.sum(axis=2) + base
        powers = np.exp(sums - sums.max())[0]
        assert powers / powers.sum() == pytest.approx(
            list(predicted["probabilities"].values()), rel=1e-3
        )
        assert total == pytest.approx(sums.max(), rel=1e-4)


def test_reasons_are_by_column_the_strongest_first(
    trained: Trained, car: dict[str, str], tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        archive.add(trained.model, arcname=".")
    reasons = importance.explain_record(tmp_path, car)["contributions"]
    strengths = [abs(each["contribution"]) for each in reasons]
    assert strengths == sorted(strengths, reverse=True)
    assert {each["column"]: each["value"] for each in reasons} == {
        name: value for name, value in car.items() if name != trained.target
    }
    with pytest.raises(DataError, match="holds no model; give the folder of an artifact"):
        importance.explain_record(trained.data, car)


def test_shuffling_is_of_whole_columns(trained: Trained) -> None:
    """Shuffling encoded numbers gives what shuffling the raw values and predicting would give."""
    with opened("model", trained.model) as artifact:
        assert artifact is not None
        wanted = [], importance.PERMUTED_ROWS
        kept = score(
            Split(trained.data / "test" / "test.csv"), artifact.signature, artifact.predict, *wanted
        )
        records = kept.sample
        primary = json.loads(trained.evaluation.read_text())["primary_metric"]
        found = importance.by_column(artifact, records, primary)["permutation"]
        times = importance.PERMUTED_ROWS // len(records)
        records = records * times
        order = np.random.default_rng(importance.SEED).permutation(len(records))
        shuffled = [
            record | {"model": records[place]["model"]}
            for record, place in zip(records, order, strict=True)
        ]
        worse = Scored(
            artifact.signature,
            [record[trained.target] for record in records],
            artifact.predict(shuffled),
            {},
            [],
        )
        lost = kept.measured()[primary] - worse.measured()[primary]
    assert found["model"] == pytest.approx(lost, abs=1e-5)


# Pictures


def test_pictures_show_the_numbers_of_the_evaluation(trained: Trained, car: dict[str, str]) -> None:
    evaluation = json.loads(trained.evaluation.read_text())
    panels = evaluation_plots.diagnostics(evaluation).axes
    if trained.problem_type == "regression":
        drawn = panels[0].collections[0].get_offsets()
        assert drawn[:, 0].tolist() == evaluation["diagnostics"]["sample"]["actual"]
    else:
        counts = [int(text.get_text().replace(",", "")) for text in panels[0].texts]
        assert counts == np.ravel(evaluation["diagnostics"]["confusion"]["rows"]).tolist()
    lengths = [bar.get_width() for bar in evaluation_plots.importance(evaluation).axes[1].patches]
    assert lengths == list(evaluation["importance"]["shap"].values())[: evaluation_plots.MAX_BARS]
    explained = importance.explain_record(trained.model, car)
    axes = evaluation_plots.reasons(explained).axes[0]
    assert axes.patches[0].get_width() == explained["contributions"][0]["contribution"]
    first = explained["contributions"][0]
    assert axes.get_yticklabels()[0].get_text() == f"{first['column']} = {first['value']}"
    plt.close("all")


# Threshold


def test_a_threshold_decides_labels_only(trained: Trained, tmp_path: Path) -> None:
    channels = [f"--{name}={trained.data / name}" for name in ("train", "validation", "schema")]
    family = f"--model-family={trained.family}"
    train.main([*channels, family, f"--model-dir={tmp_path}", "--threshold=0.8"])
    records = list(read_records(trained.data / "test" / "test.csv"))
    before, after = (
        inference.predict_fn(records, inference.model_fn(str(folder)))
        for folder in (trained.model, tmp_path)
    )
    if trained.problem_type != "binary_classification":
        assert before == after
        return
    no, yes = inference.model_fn(str(tmp_path)).classes
    for old, new in zip(before, after, strict=True):
        assert old["probabilities"] == new["probabilities"]
        assert new["prediction"] == (yes if new["probabilities"][yes] > 0.8 else no)
    assert before != after


@pytest.mark.parametrize("word", ["1", "0", "nan", "-0.5", "often"])
def test_a_threshold_is_a_probability(word: str, trained: Trained, tmp_path: Path) -> None:
    channels = [f"--{name}={trained.data / name}" for name in ("train", "validation", "schema")]
    with pytest.raises(SystemExit, match=r"^train: `threshold`: [^;]*$"):
        train.main([*channels, f"--model-dir={tmp_path / 'model'}", f"--threshold={word}"])
