"""How XGBoost's sums become its scores, the same for every way to get at the sums.

Its own steps, of 32 bits where it has them: as good as all scores are equal to its own, to the bit.
"""

from collections.abc import Callable

import numpy as np

Link = Callable[[np.ndarray], np.ndarray]  # (rows, outputs) -> (rows,) or (rows, classes)


def identity(sums: np.ndarray) -> np.ndarray:
    """Numbers as they are."""
    return sums[:, 0]


def logistic(sums: np.ndarray) -> np.ndarray:
    """The probability of the second of two classes, from its log-odds."""
    powers = _exponential(np.minimum(-sums[:, 0], np.float32(88.7)))
    return (1 / ((powers + np.float32(1)).astype(float) + 1e-16)).astype(np.float32)


def softmax(sums: np.ndarray) -> np.ndarray:
    """The probability of each class."""
    powers = _exponential(sums - sums.max(axis=1, keepdims=True))
    total = np.cumsum(powers, axis=1, dtype=float)[:, -1:]
    return powers / total.astype(np.float32)


def _exponential(powers: np.ndarray) -> np.ndarray:
    return np.exp(powers.astype(float)).astype(np.float32)
