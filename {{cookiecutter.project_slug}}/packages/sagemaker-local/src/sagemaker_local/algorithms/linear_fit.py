"""A linear model of scikit-learn in place of the one that SageMaker's Linear Learner would find.

The loss and both regularizations are the service's: the mean loss of the rows, ``wd`` / 2 times the
squares of the weights, ``l1`` times their sizes, all of normalized features. What minimizes it is a
solver of scikit-learn's, which needs no learning rate, batches or epochs.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import linear_model, svm
from sklearn.exceptions import ConvergenceWarning

from .hyperparameters import UserError
from .linear_data import Rows
from .linear_hyperparameters import AUTO, MULTICLASS, REGRESSOR
from .linear_model import LinearModel

# What ``auto`` is for ``wd``; for ``l1`` it is 0.
_LIGHT = 1e-4
_MOST_ITERATIONS = 5_000
_NEVER = -1e4  # the output of a class that no row has
_SEED = 0


@dataclass(frozen=True)
class _Scale:
    means: Any
    deviations: Any

    @classmethod
    def of(cls, values: Any, is_asked: bool) -> _Scale:
        if not is_asked:
            return cls(np.zeros(values.shape[1:]), np.ones(values.shape[1:]))
        deviations = values.std(axis=0)
        return cls(values.mean(axis=0), np.where(deviations > 0, deviations, 1.0))

    def __call__(self, values: Any) -> Any:
        return (values - self.means) / self.deviations


def fitted(rows: Rows, settings: dict[str, Any]) -> LinearModel:
    """The model of some rows; its threshold is the middle.

    Args:
        rows: to train with.
        settings: validated hyperparameters.

    Raises:
        UserError: there is none of such rows.
    """
    kind = settings["predictor_type"]
    # A model without a bias goes through the origin of the features, which stays where it is.
    has_bias = settings["use_bias"] != "false"
    scale = _Scale.of(rows.features, settings["normalize_data"] != "false")
    features = scale(rows.features) if has_bias else rows.features / scale.deviations
    is_scaled = kind == REGRESSOR and has_bias and settings["normalize_label"] != "false"
    target = _Scale.of(rows.labels, is_scaled)
    estimator = _estimator(settings, len(rows.labels), has_bias)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            estimator.fit(features, target(rows.labels) if kind == REGRESSOR else rows.labels)
        except ValueError as error:
            raise UserError(f"The data cannot be trained with: {error}") from error
    weights, bias = _by_class(estimator, settings.get("num_classes", 0))
    weights, bias = weights / scale.deviations, bias.astype(float)
    if has_bias:
        bias = bias - weights @ scale.means
    weights, bias = weights * target.deviations, bias * target.deviations + target.means
    threshold = 0.5 if settings["loss"] == "logistic" else 0.0
    return LinearModel(kind, settings["loss"], weights.tolist(), bias.tolist(), threshold)


def _estimator(settings: dict[str, Any], count: int, has_bias: bool) -> Any:
    loss = settings["loss"]
    l1 = 0.0 if settings["l1"] == AUTO else settings["l1"]
    l2 = _LIGHT if settings["wd"] == AUTO else settings["wd"]
    common = {"fit_intercept": has_bias}
    if settings["predictor_type"] != REGRESSOR:
        return _classifier(settings, l1, l2, count, common)
    if loss == "squared_loss":
        # Its loss is half the square.
        if l1:
            share = (l1 + l2) / 2
            return linear_model.ElasticNet(
                alpha=share, l1_ratio=l1 / (l1 + l2), max_iter=_MOST_ITERATIONS, **common
            )
        return linear_model.Ridge(alpha=l2 * count / 2, **common)
    if loss == "quantile_loss":
        return linear_model.QuantileRegressor(quantile=settings["quantile"], alpha=l1, **common)
    if loss == "huber_loss":
        return _descending("huber", settings["huber_delta"], l1, l2, has_bias)
    if l1:
        margin = 0.0 if loss == "absolute_loss" else settings["loss_insensitivity"]
        name = "squared_epsilon_insensitive" if "squared" in loss else "epsilon_insensitive"
        return _descending(name, margin, l1, l2, has_bias)
    is_squared = loss == "eps_insensitive_squared_loss"
    return svm.LinearSVR(
        epsilon=0.0 if loss == "absolute_loss" else settings["loss_insensitivity"],
        loss="squared_epsilon_insensitive" if is_squared else "epsilon_insensitive",
        C=1 / (max(l2, _LIGHT) * count),
        max_iter=_MOST_ITERATIONS,
        random_state=_SEED,
        dual="auto",
        **common,
    )


def _descending(loss: str, epsilon: float, l1: float, l2: float, has_bias: bool) -> Any:
    strength = l1 + l2
    return linear_model.SGDRegressor(
        loss=loss,
        epsilon=epsilon,
        penalty="elasticnet",
        alpha=strength,
        l1_ratio=l1 / strength if strength else 0.0,
        max_iter=_MOST_ITERATIONS,
        random_state=_SEED,
        fit_intercept=has_bias,
    )


def _classifier(
    settings: dict[str, Any], l1: float, l2: float, count: int, common: dict[str, Any]
) -> Any:
    weights = _class_weights(settings)
    if settings["loss"] == "hinge_loss":
        return svm.LinearSVC(
            loss="hinge",
            C=1 / (max(l1 + l2, _LIGHT) * count),
            class_weight=weights,
            max_iter=_MOST_ITERATIONS,
            random_state=_SEED,
            **common,
        )
    strength = l1 + l2
    return linear_model.LogisticRegression(
        C=1 / (strength * count) if strength else np.inf,
        l1_ratio=l1 / strength if strength else 0.0,
        solver="saga" if l1 else "lbfgs",
        class_weight=weights,
        max_iter=_MOST_ITERATIONS,
        random_state=_SEED,
        **common,
    )


def _class_weights(settings: dict[str, Any]) -> Any:
    if settings["predictor_type"] == MULTICLASS:
        return "balanced" if settings["balance_multiclass_weights"] == "true" else None
    given = settings["positive_example_weight_mult"]
    return "balanced" if given == "balanced" else {0: 1.0, 1: 1.0 if given == AUTO else given}


def _by_class(estimator: Any, classes: int) -> tuple[Any, Any]:
    """Weights and biases of an estimator, of several classes those that it never saw, too."""
    weights, bias = np.atleast_2d(estimator.coef_), np.atleast_1d(estimator.intercept_)
    if not classes:
        return weights, np.broadcast_to(bias, len(weights))
    if len(estimator.classes_) == 2:
        weights, bias = np.vstack([-weights, weights]) / 2, np.array([-bias[0], bias[0]]) / 2
    every, biases = np.zeros((classes, weights.shape[1])), np.full(classes, _NEVER)
    seen = estimator.classes_.astype(int)
    every[seen], biases[seen] = weights, bias
    return every, biases
