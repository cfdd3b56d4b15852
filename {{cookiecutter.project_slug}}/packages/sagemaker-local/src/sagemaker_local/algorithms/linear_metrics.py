"""The metrics of SageMaker's Linear Learner, and the threshold that a criterion asks for.

Names: "Tune a linear learner model" in the SageMaker Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn import metrics

from .linear_data import Rows
from .linear_hyperparameters import BINARY, MULTICLASS
from .linear_model import LinearModel

_OBJECTIVES = {
    "squared_loss": "mse",
    "logistic": "binary_classification_cross_entropy",
    "softmax_loss": "multiclass_cross_entropy",
}
_LEAST = 1e-15  # a probability below which its logarithm is not taken


def with_threshold(model: LinearModel, rows: Rows, settings: dict[str, Any]) -> LinearModel:
    """A model of two classes with the threshold that its criterion wants for some rows."""
    criterion = settings["binary_classifier_model_selection_criteria"]
    if model.predictor_type != BINARY or criterion in ("loss_function", "cross_entropy_loss"):
        return model
    scores, positive = model.scores(rows.features), rows.labels == 1
    precision, recall, thresholds = metrics.precision_recall_curve(positive, scores)
    precision, recall = precision[:-1], recall[:-1]
    true = recall * positive.sum()
    if criterion == "accuracy":
        predicted = np.divide(true, precision, out=np.zeros_like(true), where=precision > 0)
        worth = true - (predicted - true)  # right answers, up to a constant
    elif criterion in ("f1", "f_beta"):
        square = (settings["f_beta"] if criterion == "f_beta" else 1.0) ** 2
        below = square * precision + recall
        worth = np.divide(
            (1 + square) * precision * recall, below, out=np.zeros_like(below), where=below > 0
        )
    elif criterion == "precision_at_target_recall":
        worth = np.where(recall >= settings["target_recall"], precision, -1.0)
    else:
        worth = np.where(precision >= settings["target_precision"], recall, -1.0)
    best = np.flatnonzero(worth == worth.max())
    # Of equally good ones that nearest to the loss's own, midway to the score below it.
    chosen = thresholds[best[np.abs(thresholds[best] - model.threshold).argmin()]]
    lower = scores[scores < chosen]
    middle = (chosen + lower.max()) / 2 if lower.size else chosen
    return replace(model, threshold=float(middle))


def objective(model: LinearModel, rows: Rows, settings: dict[str, Any]) -> tuple[str, float]:
    """The name and the mean of the loss that is minimized, without regularization."""
    name = f"{_OBJECTIVES.get(model.loss, model.loss)}_objective"
    return name, float(np.mean(_losses(model, rows, settings)))


def _losses(model: LinearModel, rows: Rows, settings: dict[str, Any]) -> Any:
    scores, labels = model.scores(rows.features), rows.labels
    if model.predictor_type == MULTICLASS:
        return -np.log(np.maximum(scores[np.arange(len(labels)), labels.astype(int)], _LEAST))
    if model.loss == "logistic":
        return -np.log(np.maximum(np.where(labels == 1, scores, 1 - scores), _LEAST))
    if model.loss == "hinge_loss":
        return np.maximum(0, 1 - np.where(labels == 1, 1, -1) * scores)
    errors = labels - scores
    sizes = np.abs(errors)
    if model.loss == "quantile_loss":
        return np.maximum(settings["quantile"] * errors, (settings["quantile"] - 1) * errors)
    if model.loss == "huber_loss":
        delta = settings["huber_delta"]
        return np.where(sizes <= delta, errors**2 / 2, delta * (sizes - delta / 2))
    if model.loss.startswith("eps_insensitive"):
        beyond = np.maximum(0, sizes - settings["loss_insensitivity"])
        return beyond**2 if "squared" in model.loss else beyond
    return sizes if model.loss == "absolute_loss" else errors**2


def qualities(
    model: LinearModel, rows: Rows, settings: dict[str, Any]
) -> Iterator[tuple[str, str, float]]:
    """Names, kinds (``loss`` or ``score``) and values, as the log tells them."""
    yield (objective(model, rows, settings)[0], "loss", objective(model, rows, settings)[1])
    scores, labels = model.scores(rows.features), rows.labels
    found = model.labels(scores)
    if model.predictor_type == BINARY:
        yield from _of_two(labels, found, scores, settings["f_beta"])
    elif model.predictor_type == MULTICLASS:
        yield from _of_several(labels.astype(int), found, scores, settings)
    else:
        errors = labels - scores
        yield "mse", "loss", float(np.mean(errors**2))
        yield "absolute_loss", "loss", float(np.mean(np.abs(errors)))
        yield "rmse", "loss", float(np.sqrt(np.mean(errors**2)))


def _of_two(labels: Any, found: Any, scores: Any, beta: float) -> Iterator[tuple[str, str, float]]:
    yield "binary_classification_accuracy", "score", float(np.mean(labels == found))
    value = metrics.fbeta_score(labels, found, beta=beta, zero_division=0)
    yield f"binary_f_{beta:.3f}", "score", float(value)
    yield "precision", "score", float(metrics.precision_score(labels, found, zero_division=0))
    yield "recall", "score", float(metrics.recall_score(labels, found, zero_division=0))
    if len(np.unique(labels)) > 1:
        yield "roc_auc_score", "score", float(metrics.roc_auc_score(labels, scores))


def _of_several(
    labels: Any, found: Any, scores: Any, settings: dict[str, Any]
) -> Iterator[tuple[str, str, float]]:
    own = scores[np.arange(len(labels)), labels][:, None]
    ranks = (scores > own).sum(axis=1)
    top, beta = settings["accuracy_top_k"], settings["f_beta"]
    every = {"average": "macro", "zero_division": 0}
    yield "multiclass_accuracy", "score", float(np.mean(labels == found))
    yield f"multiclass_top_k_accuracy_{top}", "score", float(np.mean(ranks < top))
    yield "dcg", "score", float(np.mean(1 / np.log2(ranks + 2)))
    yield "macro_recall", "score", float(metrics.recall_score(labels, found, **every))
    yield "macro_precision", "score", float(metrics.precision_score(labels, found, **every))
    value = metrics.fbeta_score(labels, found, beta=beta, **every)
    yield f"macro_f_{beta:.3f}", "score", float(value)
