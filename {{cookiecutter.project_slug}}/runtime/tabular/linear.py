"""Linear models in a folder: linear.json, their scores and contributions."""

import json
from pathlib import Path

import numpy as np

from .families import Contributions, Score
from .values import DataError

FILE = "linear.json"


def write(
    folder: Path, weights: np.ndarray, intercept: np.ndarray, mean: np.ndarray, classes: int
) -> None:
    """Write a model: weights of shape (outputs, numbers), for numbers as they are.

    `mean` is the training mean of each number, with which a record's are compared to explain it.
    """
    linear = {
        "link": {0: "identity", 2: "logistic"}.get(classes, "softmax"),
        "weights": weights.tolist(),
        "intercept": intercept.tolist(),
        "mean": mean.tolist(),
    }
    (folder / FILE).write_text(json.dumps(linear), encoding="utf-8")


def load(folder: Path) -> Score:
    """The model's scores."""
    linear = json.loads((folder / FILE).read_text(encoding="utf-8"))
    weights, intercept = np.array(linear["weights"]).T, np.array(linear["intercept"])

    def score(matrix: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            linear_sum = matrix @ weights + intercept
        if not np.isfinite(linear_sum).all():
            raise DataError("a record holds a number that is too large to predict from")
        if linear["link"] == "identity":
            return linear_sum[:, 0]
        if linear["link"] == "logistic":
            with np.errstate(over="ignore"):
                return 1 / (1 + np.exp(-linear_sum[:, 0]))
        powers = np.exp(linear_sum - linear_sum.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    return score


def explain(folder: Path) -> Contributions:
    """The model's contributions: weight times distance from the training mean.

    Where columns are independent, these are SHAP values.
    """
    linear = json.loads((folder / FILE).read_text(encoding="utf-8"))
    weights, mean = np.array(linear["weights"]), np.array(linear["mean"])

    def contributions(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        each = (matrix - mean)[:, None, :] * weights
        return each, np.tile(weights @ mean + linear["intercept"], (len(matrix), 1))

    return contributions
