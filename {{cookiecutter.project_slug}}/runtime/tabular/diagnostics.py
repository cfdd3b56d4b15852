"""Where a model is right and wrong: what to look at before trusting one number.

Labels give a confusion matrix and calibration, two of them also ROC and precision-recall curves;
numbers give residuals (actual minus predicted), a sample to plot and the error by decile. Both sum
up the predictions themselves, with which those of new records can be compared.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import curves, metrics, prediction_summary
from .scoring import Scored

MAX_LABELS = 30  # of a confusion matrix; rarer ones of more are one
MAX_POINTS = 500  # of the sample of predictions
OTHER = "(other)"
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def diagnose(scored: Scored) -> dict[str, Any]:
    """The diagnostics of a problem type, as plain data."""
    kind = scored.signature["problem_type"]
    shared = {"predictions": prediction_summary.of(scored.answers)}
    if kind == "regression":
        return shared | regression(scored)
    shared["confusion"] = confusion(scored.truth, scored.answers.values)
    return shared | (binary(scored) if kind == "binary_classification" else multiclass(scored))


def confusion(
    truth: Sequence[str] | np.ndarray, predicted: Sequence[str] | np.ndarray
) -> dict[str, Any]:
    """Rows by true label (outer list) and predicted label (inner lists), in the order of labels."""
    actual, chosen = np.asarray(truth).tolist(), np.asarray(predicted).tolist()
    common = [label for label, _ in Counter(actual + chosen).most_common(MAX_LABELS)]
    labels = sorted(common)
    rare = not {*actual, *chosen} <= {*common}
    labels += [OTHER] if rare else []
    place = {label: position for position, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=int)
    pairs = Counter(zip(actual, chosen, strict=True))
    for (label, guess), rows in pairs.items():
        counts[place.get(label, len(labels) - 1), place.get(guess, len(labels) - 1)] += rows
    return {"labels": labels, "rows": counts.tolist()}


def binary(scored: Scored) -> dict[str, Any]:
    """Curves of the second class's probability, and the threshold that the model was given."""
    positive = scored.signature["classes"][-1]
    actual = np.array(scored.truth) == positive
    score = scored.answers.probability(positive)
    return {
        "positive": positive,
        "threshold": scored.signature.get("threshold", 0.5),
        "roc": curves.roc(actual, score),
        "precision_recall": curves.precision_recall(actual, score),
        "calibration": curves.calibration(actual, score),
    }


def multiclass(scored: Scored) -> dict[str, Any]:
    """Precision and recall by class, and calibration of the probability of the predicted class."""
    truth = np.array(scored.truth)
    labels, shares = scored.answers.values, scored.answers.probabilities
    top = np.zeros(len(labels)) if shares is None else shares.max(axis=1)
    by_class = {}
    for label in np.union1d(truth, labels).tolist():
        actual, chosen = truth == label, labels == label
        right = (actual & chosen).sum()
        by_class[label] = {
            "rows": int(actual.sum()),
            "precision": float(right / max(chosen.sum(), 1)),
            "recall": float(right / max(actual.sum(), 1)),
            "f1": float(metrics.f1(actual, chosen)),
        }
    return {"classes": by_class, "calibration": curves.calibration(truth == labels, top)}


def regression(scored: Scored) -> dict[str, Any]:
    """Residuals, a sample of predicted against actual, and the error by decile of prediction."""
    actual = np.array(scored.truth, dtype=float)
    predicted = scored.answers.values
    residual = actual - predicted
    quantiles = np.quantile(residual, QUANTILES)
    inner = residual.clip(quantiles[0], quantiles[-1])  # outliers go into the outermost bins
    counts, edges = np.histogram(inner, bins=30)
    drawn = np.random.default_rng(7).permutation(len(actual))[:MAX_POINTS]
    return {
        "residuals": {
            "quantiles": dict(zip(map(str, QUANTILES), curves.rounded(quantiles), strict=True)),
            "histogram": {"edges": curves.rounded(edges), "rows": counts.tolist()},
        },
        "sample": {
            "actual": curves.rounded(actual[drawn]),
            "predicted": curves.rounded(predicted[drawn]),
        },
        "deciles": deciles(predicted, residual),
    }


def deciles(predicted: np.ndarray, residual: np.ndarray) -> list[dict[str, float]]:
    """Size and mean of the residuals of each tenth of the rows, from low to high predictions."""
    found = []
    for rows in np.array_split(np.argsort(predicted, kind="stable"), 10):
        if len(rows):
            facts = predicted[rows[0]], predicted[rows[-1]], np.abs(residual[rows]).mean()
            low, high, mae, bias = curves.rounded(np.array([*facts, residual[rows].mean()]))
            found.append(
                {"from": low, "to": high, "rows": len(rows), "mae": mae, "mean_residual": bias}
            )
    return found
