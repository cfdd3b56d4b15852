"""A split as a model fits it: numbers, targets as positions of classes, and a constant to beat."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from .families import Table
from .records import read_batches


class Encoder(Protocol):
    """Turns raw records into numbers, as `features.Encoder` does."""

    def matrix(self, records: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Records as an array of shape (records, numbers)."""


def read_split(path: Path, encoder: Encoder, target: str) -> tuple[np.ndarray, list[str]]:
    """A split as an array of shape (rows, numbers) and the texts of its target."""
    matrices, truth = [], []
    for batch in read_batches(path):
        matrices.append(encoder.matrix(batch))
        truth += [row[target] for row in batch]
    return np.concatenate(matrices), truth


def table(matrix: np.ndarray, truth: Sequence[str], classes: Sequence[str]) -> Table:
    """What a model fits: labels become positions; rows with unknown labels are left out."""
    if not classes:
        return matrix, np.array(truth, dtype=float)
    positions = {label: position for position, label in enumerate(classes)}
    codes = np.array([positions.get(label, -1) for label in truth])
    return matrix[codes >= 0], codes[codes >= 0]


def constant_prediction(truth: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    """The best prediction that ignores its input: the mean, or the shares of the classes."""
    if not classes:
        return {"prediction": float(np.mean(np.array(truth, dtype=float)))}
    counts = Counter(truth)
    shares = {label: counts[label] / len(truth) for label in classes}
    return {"prediction": counts.most_common(1)[0][0], "probabilities": shares}
