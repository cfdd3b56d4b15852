"""The metrics that SageMaker's XGBoost image computes beside XGBoost's own.

Source: ``metrics/custom_metrics.py`` of sagemaker-xgboost-container. XGBoost gives such a function
margins, so a class is told by their sign, or by the largest of several.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn import metrics

Evaluate = Callable[[Any, Any], list[tuple[str, float]]]


def _root_mean_squared_error(labels: Any, predicted: Any) -> float:
    """That of scikit-learn came with its 1.4."""
    return float(metrics.mean_squared_error(labels, predicted) ** 0.5)


_OF_CLASSES: dict[str, Callable[[Any, Any], float]] = {
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "f1": partial(metrics.f1_score, average="macro"),
    "f1_binary": partial(metrics.f1_score, average="binary"),
    "f1_macro": partial(metrics.f1_score, average="macro"),
    "precision": metrics.precision_score,
    "precision_macro": partial(metrics.precision_score, average="macro"),
    "precision_micro": partial(metrics.precision_score, average="micro"),
    "recall": metrics.recall_score,
    "recall_macro": partial(metrics.recall_score, average="macro"),
    "recall_micro": partial(metrics.recall_score, average="micro"),
}
_OF_NUMBERS: dict[str, Callable[[Any, Any], float]] = {
    "mse": metrics.mean_squared_error,
    "rmse": _root_mean_squared_error,
    "mae": metrics.mean_absolute_error,
    "r2": metrics.r2_score,
}
NAMES = frozenset({*_OF_CLASSES, *_OF_NUMBERS})


def evaluation(names: list[str]) -> Evaluate:
    """What ``xgboost.train`` calls for the metrics of these names."""

    def evaluate(predicted: Any, data: Any) -> list[tuple[str, float]]:
        return [(name, _value(name, predicted, data.get_label())) for name in names]

    return evaluate


def _value(name: str, predicted: Any, labels: Any) -> float:
    if name in _OF_NUMBERS:
        return float(_OF_NUMBERS[name](labels, predicted))
    if not predicted.size:
        return 0.0
    classes = predicted.argmax(axis=-1) if predicted.ndim > 1 else (predicted > 0).astype(np.int64)
    return float(_OF_CLASSES[name](labels, classes))
