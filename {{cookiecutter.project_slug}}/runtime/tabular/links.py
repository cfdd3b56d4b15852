"""How a model's sums become its scores: one definition for every way to get at the sums."""

from collections.abc import Callable

import numpy as np

Link = Callable[[np.ndarray], np.ndarray]  # (rows, outputs) -> (rows,) or (rows, classes)


def identity(sums: np.ndarray) -> np.ndarray:
    """Numbers as they are."""
    return sums[:, 0]


def logistic(sums: np.ndarray) -> np.ndarray:
    """The probability of the second of two classes, from its log-odds."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-sums[:, 0].astype(float)))


def softmax(sums: np.ndarray) -> np.ndarray:
    """The probability of each class."""
    powers = np.exp((sums - sums.max(axis=1, keepdims=True)).astype(float))
    return powers / powers.sum(axis=1, keepdims=True)


LINKS: dict[str, Link] = {"identity": identity, "logistic": logistic, "softmax": softmax}
