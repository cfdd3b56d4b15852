"""How good predictions are: every metric of a problem type, from the truth and the predictions.

A prediction is what inference.py gives: {"prediction": value or label} and, for a label,
{"probabilities": {label: probability}}. All metrics are finite.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from .predictions import Answer, Predictions, by_column

PRIMARY = {
    "regression": "r2",
    "binary_classification": "roc_auc",
    "multiclass_classification": "balanced_accuracy",
}
MINIMIZED = {"mse", "rmse", "mae", "log_loss"}


def measure(
    problem_type: str,
    classes: Sequence[str],
    truth: Sequence[str] | np.ndarray,
    predictions: Sequence[Answer],
) -> dict[str, float]:
    """All metrics of `problem_type`; the positive class of two is the last of `classes`."""
    answers = by_column(predictions)
    if problem_type == "regression":
        metrics = regression(np.asarray(truth, dtype=float), answers)
    elif problem_type == "binary_classification":
        metrics = binary(np.asarray(truth), answers, positive=classes[-1])
    else:
        metrics = multiclass(np.asarray(truth), answers)
    return {name: float(value) for name, value in metrics.items()}


def document(measured: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """Metrics as the model registry shows them."""
    return {name: {"value": value} for name, value in measured.items()}


def regression(actual: np.ndarray, predictions: Predictions) -> dict[str, float]:
    """Errors in the target's unit (mse in its square), and the share of variance explained (r2)."""
    error = predictions.values - actual
    mse, variance = np.mean(error**2), np.var(actual)
    r2 = 1 - mse / variance if variance else 0.0
    return {"mse": mse, "rmse": np.sqrt(mse), "mae": np.mean(np.abs(error)), "r2": r2}


def binary(truth: np.ndarray, predictions: Predictions, positive: str) -> dict[str, float]:
    """Ranking (roc_auc, average_precision) and decisions (f1, accuracy) on the positive class."""
    actual, labels = truth == positive, predictions.values
    score = predictions.probability(positive)
    return {
        "roc_auc": roc_auc(actual, score),
        "average_precision": average_precision(actual, score),
        "f1": f1(actual, labels == positive),
        "accuracy": np.mean(labels == truth),
        "log_loss": log_loss(truth, predictions),
    }


def multiclass(actual: np.ndarray, predictions: Predictions) -> dict[str, float]:
    """Decisions, counted by class (balanced_accuracy, macro_f1) and by row (accuracy)."""
    labels = predictions.values
    known = np.unique(actual)
    recalls = [np.mean(labels[actual == label] == label) for label in known]
    either = np.union1d(known, labels)
    return {
        "balanced_accuracy": np.mean(recalls),
        "macro_f1": np.mean([f1(actual == label, labels == label) for label in either]),
        "accuracy": np.mean(labels == actual),
        "log_loss": log_loss(actual, predictions),
    }


def f1(actual: np.ndarray, predicted: np.ndarray) -> float:
    """Harmonic mean of precision and recall; 0 when nothing was found."""
    marked = actual.sum() + predicted.sum()
    return 2 * (actual & predicted).sum() / marked if marked else 0.0


def log_loss(truth: np.ndarray, predictions: Predictions) -> float:
    """Mean surprise at the true labels; none is thought impossible, known to the model or not."""
    given = predictions.probability_of(truth)
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
