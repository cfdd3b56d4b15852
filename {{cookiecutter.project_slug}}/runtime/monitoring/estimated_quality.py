"""How good a classifier's answers probably are, before anyone knows the truth.

Calibrated probabilities say how often an answer is right, if only the inputs changed: where the
truth changes for the same inputs, this is blind. Source: NannyML's "confidence-based performance
estimation", here by pooling adjacent violators.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Calibration:
    """How often answers of a given confidence were right.

    Attributes:
        confidence: ascending.
        right: the share of right answers at each, not descending.
    """

    confidence: np.ndarray
    right: np.ndarray

    @classmethod
    def of(cls, confidence: np.ndarray, right: np.ndarray) -> "Calibration":
        """Fit by isotonic regression on rows whose truth is known."""
        points, places = np.unique(confidence, return_inverse=True)
        weights = np.bincount(places).astype(float)
        means = np.bincount(places, right.astype(float)) / weights
        pools: list[list[float]] = []  # mean, weight, points
        for mean, weight in zip(means, weights, strict=True):
            pools.append([mean, weight, 1])
            while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
                last, before = pools.pop(), pools.pop()
                total = last[1] + before[1]
                mean = (last[0] * last[1] + before[0] * before[1]) / total
                pools.append([mean, total, last[2] + before[2]])
        fitted = np.repeat([each[0] for each in pools], [int(each[2]) for each in pools])
        return cls(points, fitted)

    def accuracy(self, confidence: np.ndarray) -> float:
        """The share of right answers to expect; NaN without answers."""
        if not len(confidence):
            return float("nan")
        return float(np.interp(confidence, self.confidence, self.right).mean())
