"""Linear Learner's program: what it finds, what it tells, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from sagemaker_local.algorithms.linear_model import LinearModel
from sagemaker_local.algorithms.linear_training import main
from sagemaker_local.jobs.linear_learner_image import ALGORITHM, OBJECTIVES

from .conftest import AlgorithmJob, Begin

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal([5, -100], [1, 20], size=(300, 2))
NUMBERS = 3 * FEATURES[:, 0] - 0.5 * FEATURES[:, 1] + 7
SIGNS = (NUMBERS + RANDOM.normal(0, 2, 300) > NUMBERS.mean()).astype(int)
THIRDS = np.digitize(NUMBERS, np.quantile(NUMBERS, [0.33, 0.66]))
SMALL = {"mini_batch_size": "100"}


def csv(labels: np.ndarray, rows: slice = slice(None)) -> dict[str, str]:
    table = np.column_stack([labels, FEATURES])[rows]
    return {"rows.csv": "".join(",".join(map(str, line)) + "\n" for line in table)}


def trained(begin: Begin, labels: np.ndarray, **settings: str) -> AlgorithmJob:
    job = begin(
        {**SMALL, **settings},
        "text/csv",
        train=csv(labels, slice(0, 200)),
        validation=csv(labels, slice(200, 250)),
        test=csv(labels, slice(250, 300)),
    )
    assert main([]) == 0
    return job


def told(text: str) -> dict[str, float]:
    return {name: value for line in text.splitlines() for name, value in ALGORITHM.metrics_in(line)}


@pytest.mark.parametrize(
    ("loss", "more", "error"),
    [
        ("auto", {}, 0.01),
        ("squared_loss", {"l1": "0.001", "wd": "0"}, 0.05),
        ("squared_loss", {"normalize_data": "false", "normalize_label": "false"}, 0.1),
        ("absolute_loss", {"wd": "0.0001"}, 0.05),
        ("eps_insensitive_squared_loss", {}, 0.2),
        ("eps_insensitive_absolute_loss", {}, 0.2),
        ("quantile_loss", {}, 0.05),
        ("huber_loss", {}, 0.1),
    ],
)
def test_each_loss_finds_the_line(
    begin: Begin,
    capsys: pytest.CaptureFixture[str],
    loss: str,
    more: dict[str, str],
    error: float,
) -> None:
    job = trained(begin, NUMBERS, predictor_type="regressor", loss=loss, **more)
    model = LinearModel.load(job.model)
    assert np.abs(model.scores(FEATURES) - NUMBERS).mean() < error
    found = told(capsys.readouterr().out)
    assert found["test:mse"] == pytest.approx(
        np.mean((model.scores(FEATURES[250:]) - NUMBERS[250:]) ** 2)
    )
    assert set(found) >= {"train:objective_loss", "validation:objective_loss", "validation:rmse"}


def test_a_quantile_is_above_most(begin: Begin) -> None:
    noisy = NUMBERS + RANDOM.normal(0, 5, 300)
    settings = {"predictor_type": "regressor", "loss": "quantile_loss", "quantile": "0.9"}
    model = LinearModel.load(trained(begin, noisy, **settings).model)
    assert np.mean(model.scores(FEATURES[:200]) > noisy[:200]) == pytest.approx(0.9, abs=0.02)


def test_without_a_bias_the_line_goes_through_the_origin(begin: Begin) -> None:
    job = trained(begin, NUMBERS - 7, predictor_type="regressor", use_bias="false")
    model = LinearModel.load(job.model)
    assert model.scores(np.zeros((1, 2))) == [0.0]
    assert np.abs(model.scores(FEATURES) - (NUMBERS - 7)).mean() < 0.01


@pytest.mark.parametrize("loss", ["auto", "hinge_loss"])
def test_two_classes_are_told_apart(
    begin: Begin, capsys: pytest.CaptureFixture[str], loss: str
) -> None:
    job = trained(begin, SIGNS, predictor_type="binary_classifier", loss=loss)
    model = LinearModel.load(job.model)
    found = told(capsys.readouterr().out)
    right = np.mean(model.labels(model.scores(FEATURES[200:250])) == SIGNS[200:250])
    assert found["validation:binary_classification_accuracy"] == pytest.approx(right)
    assert right > 0.85
    names = ("binary_f_beta", "precision", "recall", "roc_auc_score", "objective_loss")
    assert {f"validation:{name}" for name in names} <= set(found)


@pytest.mark.parametrize(
    ("criterion", "metric", "least"),
    [
        ("precision_at_target_recall", "recall", 0.95),
        ("recall_at_target_precision", "precision", 0.95),
        ("f_beta", "binary_f_beta", 0.85),
    ],
)
def test_the_threshold_is_what_the_criterion_asks_for(
    begin: Begin, capsys: pytest.CaptureFixture[str], criterion: str, metric: str, least: float
) -> None:
    trained(
        begin,
        SIGNS,
        predictor_type="binary_classifier",
        binary_classifier_model_selection_criteria=criterion,
        target_recall="0.95",
        target_precision="0.95",
    )
    assert told(capsys.readouterr().out)[f"validation:{metric}"] >= least


def test_a_class_that_counts_more_is_said_more_often(begin: Begin) -> None:
    settings = {
        "predictor_type": "binary_classifier",
        "binary_classifier_model_selection_criteria": "loss_function",
    }
    job = begin({**SMALL, **settings}, "text/csv", train=csv(SIGNS))
    assert main([]) == 0
    plain = LinearModel.load(job.model).scores(FEATURES).mean()
    begin({**SMALL, **settings, "positive_example_weight_mult": "20"}, "text/csv", train={})
    assert main([]) == 0
    assert LinearModel.load(job.model).scores(FEATURES).mean() > plain + 0.1


def test_several_classes_are_told_apart_and_one_that_was_never_seen_is_never_said(
    begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"predictor_type": "multiclass_classifier", "num_classes": "4"}
    job = trained(begin, THIRDS, balance_multiclass_weights="true", **settings)
    model = LinearModel.load(job.model)
    scores = model.scores(FEATURES)
    assert scores.sum(axis=1) == pytest.approx(np.ones(300))
    assert scores[:, 3].max() == 0
    assert np.mean(model.labels(scores) == THIRDS) > 0.9
    found = told(capsys.readouterr().out)
    names = ("multiclass_accuracy", "multiclass_top_k_accuracy", "dcg", "macro_f_beta")
    assert {f"test:{name}" for name in (*names, "macro_recall", "macro_precision")} <= set(found)
    assert set(found) & set(OBJECTIVES)


@pytest.mark.parametrize(
    ("settings", "labels", "said"),
    [
        ({"predictor_type": "ranker"}, SIGNS, "Hyperparameter predictor_type: ranker is not in"),
        ({}, SIGNS, "Missing required hyperparameter: predictor_type"),
        ({"predictor_type": "multiclass_classifier"}, THIRDS, "hyperparameter: num_classes"),
        (
            {"predictor_type": "regressor", "loss": "logistic"},
            NUMBERS,
            "loss: logistic is none of a regressor's: auto, squared_loss",
        ),
        (
            {"predictor_type": "regressor", "wd": "-1"},
            NUMBERS,
            "wd: -1.0 is not in auto or [0, +in",
        ),
        (
            {"predictor_type": "regressor", "eta": "1"},
            NUMBERS,
            "Extraneous hyperparameter found: eta",
        ),
        (
            {"predictor_type": "regressor", "feature_dim": "3"},
            NUMBERS,
            "has 2 features, and feature",
        ),
        ({"predictor_type": "binary_classifier"}, THIRDS, "has the label 2; labels of 2 classes"),
        ({"predictor_type": "binary_classifier"}, SIGNS * 0, "The data cannot be trained with"),
    ],
)
def test_what_it_cannot_train_is_told(
    begin: Begin, settings: dict[str, str], labels: np.ndarray, said: str
) -> None:
    job = begin({**SMALL, **settings}, "text/csv", train=csv(labels))
    assert main([]) == 1
    assert said in job.failure


def test_a_header_is_refused_and_few_rows_are_told(
    begin: Begin, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"predictor_type": "regressor"}
    job = begin(settings, "text/csv", train={"a.csv": "y,a,b\n1,2,3\n"})
    assert main([]) == 1
    assert "Unable to read data channel 'train'. Requested content-type is 'csv'" in job.failure
    (job.ml / "input/data/train/a.csv").write_text(csv(NUMBERS)["rows.csv"])
    assert main([]) == 0
    assert "has 300 rows, which are no batch of 1000" in capsys.readouterr().err


def test_true_and_false_are_1_and_0(begin: Begin, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"{3 if i % 2 else 5},{i % 2 == 0},{i % 7}\n" for i in range(60))
    job = begin({"predictor_type": "regressor"}, "text/csv", train={"a.csv": rows})
    assert main([]) == 0
    assert "True and False in CSV are read as 1 and 0" in capsys.readouterr().out
    assert LinearModel.load(job.model).scores(np.array([[1, 3]])) == pytest.approx([5], abs=0.01)
