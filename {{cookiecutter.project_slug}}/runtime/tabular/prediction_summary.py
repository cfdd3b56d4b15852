"""What a model predicts, summed up over any number of rows: how values or labels are distributed.

The diagnostics of `evaluation.json` have that of the test rows, for a batch job to compare with.
"""

from collections import Counter
from typing import Any

import numpy as np

from .curves import rounded
from .predictions import Predictions

KEPT = 1 << 16  # values, drawn evenly, that tell the quantiles
STEPS = 21  # quantiles: 0, 0.05, ... 1


class PredictionSummary:
    """Sums up predictions as they come, in a memory that does not grow with them."""

    def __init__(self) -> None:
        self.rows = 0
        self._total, self._least, self._most = 0.0, np.inf, -np.inf
        self._drawn, self._stride = np.empty(0), 1
        self._labels: Counter[str] = Counter()
        self._shares: Counter[str] = Counter()

    def add(self, predictions: Predictions) -> None:
        """Take in the predictions of some more rows."""
        values, shares = predictions.values, predictions.probabilities
        if not len(values):
            return
        if shares is None:
            self._add_numbers(np.asarray(values, dtype=float))
        else:
            labels, counts = np.unique(values, return_counts=True)
            self._labels.update(dict(zip(labels.tolist(), counts.tolist(), strict=True)))
            sums = shares.sum(axis=0).tolist()
            self._shares.update(dict(zip(predictions.classes, sums, strict=True)))
        self.rows += len(values)

    def _add_numbers(self, values: np.ndarray) -> None:
        self._total += float(values.sum())
        self._least = min(self._least, float(values.min()))
        self._most = max(self._most, float(values.max()))
        every = values[-self.rows % self._stride :: self._stride]
        self._drawn = np.concatenate([self._drawn, every])
        while len(self._drawn) > KEPT:
            self._drawn, self._stride = self._drawn[::2], self._stride * 2

    def document(self) -> dict[str, Any]:
        """The summary as plain data.

        Of numbers the mean and the quantiles from least to most; of labels the share of the rows
        that have each, and the mean of its probability.
        """
        if not self.rows:
            return {"rows": 0}
        if not self._shares:
            quantiles = np.quantile(self._drawn, np.linspace(0, 1, STEPS))
            quantiles[0], quantiles[-1] = self._least, self._most
            mean = np.array([self._total / self.rows])
            return {"rows": self.rows, "mean": rounded(mean)[0], "quantiles": rounded(quantiles)}
        return {
            "rows": self.rows,
            "labels": {each: self._labels[each] / self.rows for each in self._shares},
            "probabilities": {each: sums / self.rows for each, sums in self._shares.items()},
        }


def of(predictions: Predictions) -> dict[str, Any]:
    """The summary of predictions that are all there."""
    summary = PredictionSummary()
    summary.add(predictions)
    return summary.document()
