"""A column's values as points with weights: exact while few, quantiles where they are many.

A baseline keeps these points, and a window of new rows is brought to the same form, so that both
are compared without the rows themselves.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

POINTS = 1_000
BUFFER = 20_000
OTHERS = "(all others)"  # texts that a baseline does not know, where there are too many of them


@dataclass(frozen=True)
class Numbers:
    """Numbers of a column.

    Attributes:
        values: ascending, each once.
        weights: how many rows each stands for.
        missing: rows without a value.
    """

    values: np.ndarray
    weights: np.ndarray
    missing: int = 0

    @property
    def known(self) -> float:
        """Rows with a value."""
        return float(self.weights.sum())

    @classmethod
    def of(cls, values: np.ndarray, missing: int = 0) -> "Numbers":
        """From values; those that are not finite count as missing."""
        finite = values[np.isfinite(values)]
        points, counts = np.unique(finite, return_counts=True)
        return cls(points, counts.astype(float), missing + len(values) - len(finite))

    def merged(self, other: "Numbers") -> "Numbers":
        """Both columns' rows together."""
        values = np.concatenate([self.values, other.values])
        points, places = np.unique(values, return_inverse=True)
        weights = np.bincount(places, np.concatenate([self.weights, other.weights]), len(points))
        return Numbers(points, weights, self.missing + other.missing)

    def shortened(self, most: int = POINTS) -> "Numbers":
        """The same with so many points at most: quantiles, each for an equal share of the rows.

        The share of rows below any number changes by at most half a point's share.
        """
        if len(self.values) <= most:
            return self
        ranks = (np.arange(most) + 0.5) * self.known / most
        quantiles = self.values[np.searchsorted(np.cumsum(self.weights), ranks)]
        points, counts = np.unique(quantiles, return_counts=True)
        return Numbers(points, counts * (self.known / most), self.missing)


@dataclass(frozen=True)
class Categories:
    """Texts of a column: how many rows have each, and how many have none."""

    counts: Mapping[str, int]
    missing: int = 0

    @property
    def known(self) -> float:
        """Rows with a value."""
        return float(sum(self.counts.values()))

    @classmethod
    def of(cls, values: Iterable[str | None]) -> "Categories":
        """From values; None is missing."""
        counts = Counter(values)
        missing = counts.pop(None, 0)
        return cls({str(value): count for value, count in counts.items()}, missing)

    def merged(self, other: "Categories") -> "Categories":
        """Both columns' rows together."""
        return Categories(
            Counter(dict(self.counts)) + Counter(dict(other.counts)), self.missing + other.missing
        )


Distribution = Numbers | Categories


class NumberCounter:
    """Takes in numbers batch after batch, in memory that does not grow with the rows."""

    def __init__(self) -> None:
        self._whole = Numbers.of(np.empty(0))
        self._buffer: list[np.ndarray] = []
        self._buffered = 0

    def add(self, values: np.ndarray) -> None:
        """Take in the numbers of some rows; NaN is missing."""
        self._buffer.append(np.asarray(values, dtype=float))
        self._buffered += len(values)
        if self._buffered > BUFFER:
            self._flush()

    def distribution(self) -> Numbers:
        """All that was taken in."""
        self._flush()
        return self._whole

    def _flush(self) -> None:
        if self._buffer:
            self._whole = self._whole.merged(Numbers.of(np.concatenate(self._buffer)))
            self._whole = self._whole.shortened(10 * POINTS)
            self._buffer, self._buffered = [], 0


def document(column: Distribution) -> dict[str, Any]:
    """The points as a plain document, which `read` takes."""
    if isinstance(column, Numbers):
        short = column.shortened()
        return {
            "values": short.values.tolist(),
            "weights": short.weights.tolist(),
            "missing": short.missing,
        }
    return {"counts": dict(column.counts), "missing": column.missing}


def read(found: Mapping[str, Any]) -> Distribution:
    """A column from its document."""
    if "counts" in found:
        return Categories({k: int(v) for k, v in found["counts"].items()}, int(found["missing"]))
    values, weights = (np.asarray(found[key], dtype=float) for key in ("values", "weights"))
    return Numbers(values, weights, int(found["missing"]))
