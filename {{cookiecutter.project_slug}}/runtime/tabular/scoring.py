"""Predicting all rows of a split, one batch after another, and keeping what judging them needs."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

import numpy as np

from . import metrics
from .predictions import Answer, Predictions, by_column, joined
from .records import Columns, Record, Split, column_of
from .targets import reading_of_target, targets

Predict = Callable[[Sequence[Any]], Sequence[Answer]]


@dataclass(frozen=True)
class Scored:
    """The true targets of a split's rows, their predictions, and what was kept of the rows."""

    signature: Mapping[str, Any]
    truth: Sequence[str] | np.ndarray
    predictions: Sequence[Answer]
    columns: dict[str, list[str]]
    sample: list[Record]

    @cached_property
    def answers(self) -> Predictions:
        """The predictions, by column."""
        return by_column(self.predictions)

    def measured(self) -> dict[str, float]:
        """Every metric of the predictions."""
        return self._measure(self.answers)

    def constant_measured(self) -> dict[str, float]:
        """The same of the signature's constant, which ignores its input."""
        constant = by_column([self.signature["constant"]])
        return self._measure(constant.take(np.zeros(len(self.truth), dtype=int)))

    def _measure(self, predictions: Predictions) -> dict[str, float]:
        kind, classes = self.signature["problem_type"], self.signature["classes"]
        return metrics.measure(kind, classes, self.truth, predictions)


def score(
    split: Split,
    signature: Mapping[str, Any],
    predict: Predict,
    columns: Sequence[str] = (),
    sample: int = 0,
) -> Scored:
    """Predict the raw rows of a split.

    Args:
        split: its records.
        signature: of the model that predicts.
        predict: its predictions of some records.
        columns: whose raw values to keep.
        sample: keep so many whole records, drawn evenly and always the same.
    """
    truth, predictions = [], []
    kept: dict[str, list[str]] = {name: [] for name in columns}
    drawn = Draw(sample)
    target = reading_of_target(signature)
    for batch in split.batches():
        truth.append(targets(batch, target))
        predictions.append(by_column(predict(batch)))
        for name, values in kept.items():
            values += column_of(batch, name)
        drawn.add(batch)
    return Scored(signature, np.concatenate(truth), joined(predictions), kept, drawn.records)


class Draw:
    """Whole records, drawn evenly and always the same."""

    def __init__(self, size: int) -> None:
        self._size, self._random = size, Random(7)
        self._drawn: list[tuple[float, Record]] = []

    def add(self, records: Sequence[Record]) -> None:
        """Draw from some more records."""
        if not self._size:
            return
        places = [self._random.random() for _ in range(len(records))]
        few = sorted(heapq.nsmallest(self._size, range(len(places)), key=places.__getitem__))
        whole = records.take(few) if isinstance(records, Columns) else [records[p] for p in few]
        new = zip([places[place] for place in few], whole, strict=True)
        self._drawn = heapq.nsmallest(self._size, [*self._drawn, *new], key=lambda each: each[0])

    @property
    def records(self) -> list[Record]:
        """Those that were drawn."""
        return [record for _, record in self._drawn]
