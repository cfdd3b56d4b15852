"""A split as a model fits it: numbers, targets as positions of classes, and a constant to beat."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .encoding import Encoder
from .families import Batch, Table
from .records import Split
from .spool import Spool
from .targets import reading_of_target, targets
from .values import DataError


class EncodedSplit:
    """A split's rows as numbers, encoded once; few of them are in memory at a time.

    Attributes:
        truth: the target of each row: a number, or a label.
    """

    def __init__(self, split: Split, encoder: Encoder, schema: Mapping[str, Any]) -> None:
        target = reading_of_target(schema)
        self._encoder, self._spool = encoder, Spool()
        truth = []
        for batch in split.batches():
            small = encoder.small(batch)
            self._spool.add([encoder.matrix(batch)] if small is None else small)
            truth.append(targets(batch, target))
        if not truth:
            raise DataError("a host has no rows to train on, or to validate by; give fewer hosts")
        self.truth = np.concatenate(truth)

    def table(self, classes: Sequence[str]) -> Table:
        """What a model fits: labels become positions; rows with unknown labels are left out."""
        target = self.truth
        if classes:
            places = np.searchsorted(classes, target).clip(max=len(classes) - 1)
            target = np.where(np.array(classes)[places] == target, places, -1)
        known = target >= 0 if classes else np.ones(len(target), dtype=bool)

        def batches() -> Iterator[Batch]:
            end = 0
            for arrays in self._spool:
                start, end = end, end + len(arrays[0])
                rows = known[start:end]
                if not rows.all():
                    arrays = [array[rows] for array in arrays]
                yield Batch(self._numbers(arrays), target[start:end][rows])

        return Table(self._encoder.names, target[known], batches)

    def _numbers(self, arrays: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        """An array for each number, of columns that are kept small or of a matrix."""
        if arrays[0].ndim == 2:
            return list(arrays[0].T)
        return self._encoder.by_column.numbers(arrays)


def constant_prediction(truth: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """The best prediction that ignores its input: the mean, or the shares of the classes."""
    if not classes:
        return {"prediction": float(np.mean(truth))}
    labels, first, counts = np.unique(truth, return_index=True, return_counts=True)
    shares = dict(zip(labels.tolist(), (counts / len(truth)).tolist(), strict=True))
    most = min(zip(-counts, first, labels.tolist(), strict=True))[2]
    return {"prediction": most, "probabilities": {label: shares[label] for label in classes}}
