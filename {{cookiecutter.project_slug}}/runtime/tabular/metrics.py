"""How good predictions are: every metric of a problem type, from the truth and the predictions.

A prediction is what inference.py gives: {"prediction": value or label} and, for a label,
{"probabilities": {label: probability}}. All metrics are finite.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

PRIMARY = {
    "regression": "r2",
    "binary_classification": "roc_auc",
    "multiclass_classification": "balanced_accuracy",
}
MINIMIZED = {"mse", "rmse", "mae", "log_loss"}
Predictions = Sequence[Mapping[str, Any]]


def measure(
    problem_type: str, classes: Sequence[str], truth: Sequence[str], predictions: Predictions
) -> dict[str, float]:
    """All metrics of `problem_type`; the positive class of two is the last of `classes`."""
    if problem_type == "regression":
        metrics = regression(truth, predictions)
    elif problem_type == "binary_classification":
        metrics = binary(truth, predictions, positive=classes[-1])
    else:
        metrics = multiclass(truth, predictions)
    return {name: float(value) for name, value in metrics.items()}


def document(measured: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Metrics as the model registry shows them."""
    return {name: {"value": value} for name, value in measured.items()}


def regression(truth: Sequence[str], predictions: Predictions) -> dict[str, float]:
    """Errors in the target's unit (mse in its square), and the share of variance explained (r2)."""
    actual = np.array(truth, dtype=float)
    error = np.array([row["prediction"] for row in predictions]) - actual
    mse, variance = np.mean(error**2), np.var(actual)
    r2 = 1 - mse / variance if variance else 0.0
    return {"mse": mse, "rmse": np.sqrt(mse), "mae": np.mean(np.abs(error)), "r2": r2}


def binary(truth: Sequence[str], predictions: Predictions, positive: str) -> dict[str, float]:
    """Ranking (roc_auc, average_precision) and decisions (f1, accuracy) on the positive class."""
    actual = np.array(truth) == positive
    score = np.array([row["probabilities"].get(positive, 0.0) for row in predictions])
    labels = np.array([row["prediction"] for row in predictions])
    return {
        "roc_auc": roc_auc(actual, score),
        "average_precision": average_precision(actual, score),
        "f1": f1(actual, labels == positive),
        "accuracy": np.mean(labels == np.array(truth)),
        "log_loss": log_loss(truth, predictions),
    }


def multiclass(truth: Sequence[str], predictions: Predictions) -> dict[str, float]:
    """Decisions, counted by class (balanced_accuracy, macro_f1) and by row (accuracy)."""
    actual, labels = np.array(truth), np.array([row["prediction"] for row in predictions])
    known = np.unique(actual)
    recalls = [np.mean(labels[actual == label] == label) for label in known]
    either = np.union1d(known, labels)
    return {
        "balanced_accuracy": np.mean(recalls),
        "macro_f1": np.mean([f1(actual == label, labels == label) for label in either]),
        "accuracy": np.mean(labels == actual),
        "log_loss": log_loss(truth, predictions),
    }


def f1(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Harmonic mean of precision and recall; 0 when nothing was found."""
    marked = actual.sum() + predicted.sum()
    return 2 * (actual & predicted).sum() / marked if marked else 0.0


def log_loss(truth: Sequence[str], predictions: Predictions) -> float:
    """Mean surprise at the true labels; none is thought impossible, known to the model or not."""
    given = [
        row["probabilities"].get(label, 0.0) for label, row in zip(truth, predictions, strict=True)
    ]
    return -np.mean(np.log(np.clip(given, np.finfo(float).eps, 1)))


def roc_auc(actual: np.ndarray, score: np.ndarray) -> float:
    """Chance that a positive row scores above a negative one, ties counting half."""
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    positives = actual.sum()
    above = ranks[actual].sum() - positives * (positives + 1) / 2
    return above / (positives * (len(actual) - positives))


def average_precision(actual: np.ndarray, score: np.ndarray) -> float:
    """Precision at each threshold, weighted by the positives that it adds."""
    _, place, counts = np.unique(-score, return_inverse=True, return_counts=True)
    found = np.bincount(place, weights=actual)
    return (np.cumsum(found) / np.cumsum(counts) * found).sum() / actual.sum()
