"""How predictions move with each column: their mean, or each class's share, in bins of it.

Bins are cut where the baseline's values are, so that a window's rows fall into the same ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tabular.predictions import Predictions

from .distributions import Categories, Distribution

CUTS, MOST_CLASSES, LARGEST = 10, 10, 1e100


@dataclass(frozen=True)
class Bins:
    """Where a column is cut: below and above each edge, or by category; missing has the last place.

    Attributes:
        edges: of numbers, ascending; a number on an edge lies below it.
        categories: of texts; all others share a place.
    """

    edges: np.ndarray
    categories: Sequence[str] = ()

    @classmethod
    def of(cls, column: Distribution, cuts: int = CUTS) -> "Bins":
        """Equal shares of a column's rows, or its most frequent categories."""
        if isinstance(column, Categories):
            ordered = sorted(column.counts, key=lambda name: (-column.counts[name], name))
            return cls(np.empty(0), ordered[:cuts])
        if not column.known:
            return cls(np.empty(0))
        ranks = np.arange(1, cuts) / cuts * column.known
        places = np.searchsorted(np.cumsum(column.weights), ranks)
        return cls(np.unique(column.values[np.minimum(places, len(column.values) - 1)]))

    @property
    def size(self) -> int:
        """How many places there are."""
        return len(self.edges) + len(self.categories) + 2

    def places(self, values: np.ndarray | pa.DictionaryArray) -> np.ndarray:
        """The place of each row's value."""
        if isinstance(values, np.ndarray):
            found = np.searchsorted(self.edges, values)
            found[np.isnan(values)] = self.size - 1
            return found
        order = {name: place for place, name in enumerate(self.categories)}
        names = values.dictionary.to_pylist()
        of_each = [order.get(name, self.size - 2) for name in names]
        codes = values.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)
        return np.array([*of_each, self.size - 1])[codes]


@dataclass(frozen=True)
class Profile:
    """How predictions move with one column.

    Attributes:
        bins: of the column.
        rows: in each.
        centres: mean number in each; NaN of categories, of missing values and without rows.
        means: of the predictions in each bin, or the share of each class, by class; "" of numbers.
        errors: the standard error of each mean.
    """

    bins: Bins
    rows: np.ndarray
    centres: np.ndarray
    means: Mapping[str, np.ndarray]
    errors: Mapping[str, np.ndarray]

    def document(self) -> dict[str, Any]:
        """The plain document."""
        return {
            "edges": self.bins.edges.tolist(),
            "categories": list(self.bins.categories),
            "rows": self.rows.tolist(),
            "centres": _known(self.centres),
            "means": {name: _known(each) for name, each in self.means.items()},
            "errors": {name: _known(each) for name, each in self.errors.items()},
        }


def _known(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(each) else float(each) for each in values]


def document(profiles: Mapping[str, Profile]) -> dict[str, Any]:
    """Profiles by column as a plain document, which `profiles` takes."""
    return {name: each.document() for name, each in profiles.items()}


def profiles(found: Mapping[str, Any]) -> dict[str, Profile]:
    """Profiles by column from their document."""
    return {name: _read(each) for name, each in found.items()}


def _read(found: Mapping[str, Any]) -> Profile:
    return Profile(
        Bins(np.array(found["edges"], dtype=float), found["categories"]),
        np.array(found["rows"], dtype=float),
        np.array(found["centres"], dtype=float),
        {name: np.array(each, dtype=float) for name, each in found["means"].items()},
        {name: np.array(each, dtype=float) for name, each in found["errors"].items()},
    )


class ProfileCounter:
    """Takes in rows with their predictions, batch after batch.

    Args:
        bins: of the columns to look at.
    """

    def __init__(self, bins: Mapping[str, Bins]) -> None:
        self._bins = bins
        self._rows = {name: np.zeros(each.size) for name, each in bins.items()}
        self._centres: dict[str, np.ndarray] = {}  # of numbers
        self._sums: dict[str, dict[str, np.ndarray]] = {name: {} for name in bins}
        self._squares: dict[str, dict[str, np.ndarray]] = {name: {} for name in bins}

    def add(self, columns: Mapping[str, Any], answers: Predictions) -> None:
        """Take in the values of some rows, by column, and what was answered to them."""
        given = _by_class(answers)
        for name, values in columns.items():
            if name not in self._bins or not len(values):
                continue
            size, places = self._bins[name].size, self._bins[name].places(values)
            self._rows[name] += np.bincount(places, minlength=size)
            if isinstance(values, np.ndarray):
                before = self._centres.setdefault(name, np.zeros(size))
                before += np.bincount(places, values, size)
            for label, found in given.items():
                for kept, power in ((self._sums, found), (self._squares, found**2)):
                    before = kept[name].setdefault(label, np.zeros(size))
                    before += np.bincount(places, power, size)

    def profiles(self) -> dict[str, Profile]:
        """Those of the columns that rows were taken in of."""
        return {name: self._profile(name) for name, each in self._rows.items() if each.any()}

    def _profile(self, name: str) -> Profile:
        rows = np.where(self._rows[name] > 0, self._rows[name], np.nan)
        means = {label: each / rows for label, each in self._sums[name].items()}
        errors = {
            label: np.sqrt(np.maximum(each / rows - means[label] ** 2, 0) / rows)
            for label, each in self._squares[name].items()
        }
        frequent = sorted(means, key=lambda label: -self._sums[name][label].sum())[:MOST_CLASSES]
        return Profile(
            self._bins[name],
            self._rows[name],
            self._centres.get(name, rows * np.nan) / rows,
            {label: means[label] for label in means if label in frequent},
            {label: errors[label] for label in means if label in frequent},
        )


def _by_class(answers: Predictions) -> dict[str, np.ndarray]:
    """The predicted numbers, or for each class whether it was the answer."""
    if answers.probabilities is None:
        return {"": np.clip(np.asarray(answers.values, dtype=float), -LARGEST, LARGEST)}
    values = np.asarray(answers.values).astype(str)
    return {label: (values == label).astype(float) for label in answers.classes}
