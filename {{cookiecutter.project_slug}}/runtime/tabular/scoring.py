"""Predicting all rows of a split, one batch after another, and keeping what judging them needs."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from . import metrics
from .records import read_batches

Predict = Callable[[Sequence[Any]], metrics.Predictions]


@dataclass(frozen=True)
class Scored:
    """The true targets of a split's rows, their predictions, and what was kept of the rows."""

    signature: Mapping[str, Any]
    truth: list[str]
    predictions: metrics.Predictions
    columns: dict[str, list[str]]
    sample: list[dict[str, str]]

    def measured(self) -> dict[str, float]:
        """Every metric of the predictions."""
        return self._measure(self.predictions)

    def constant_measured(self) -> dict[str, float]:
        """The same of the signature's constant, which ignores its input."""
        return self._measure([self.signature["constant"]] * len(self.truth))

    def _measure(self, predictions: metrics.Predictions) -> dict[str, float]:
        kind, classes = self.signature["problem_type"], self.signature["classes"]
        return metrics.measure(kind, classes, self.truth, predictions)


def score_file(
    path: Path,
    signature: Mapping[str, Any],
    predict: Predict,
    columns: Sequence[str] = (),
    sample: int = 0,
) -> Scored:
    """Predict the raw rows of a CSV split.

    Args:
        path: the split.
        signature: of the model that predicts.
        predict: its predictions of some records.
        columns: whose raw values to keep.
        sample: keep so many whole records, drawn evenly and always the same.
    """
    truth: list[str] = []
    predictions: list[Mapping[str, Any]] = []
    kept: dict[str, list[str]] = {name: [] for name in columns}
    drawn: list[tuple[float, dict[str, str]]] = []
    random = Random(7)
    for batch in read_batches(path):
        truth += [row[signature["target"]] for row in batch]
        predictions += predict(batch)
        for name, values in kept.items():
            values += [row[name] for row in batch]
        if sample:
            drawn += [(random.random(), row) for row in batch]
            drawn = heapq.nsmallest(sample, drawn, key=lambda each: each[0])
    return Scored(signature, truth, predictions, kept, [row for _, row in drawn])
