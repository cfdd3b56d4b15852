"""Tests of whether two samples of a column come from one source: effect and p-value of each.

Numbers: Kolmogorov-Smirnov finds any change of shape, a rank test (Mann and Whitney) finds a shift
that KS sees late. Categories: chi-squared finds many small changes, the largest cell finds two
categories that changed places. The smaller p-value counts, twice (Bonferroni).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from .distributions import OTHERS, Categories, Distribution, Numbers

SMALLEST_CELL = 5.0


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes:
        kind: what was compared: numeric, categorical or missing.
        effect: how large the difference is, from 0 to 1.
        p_value: how likely such a difference is where nothing changed.
    """

    kind: str
    effect: float
    p_value: float


def compare_numbers(reference: Numbers, window: Numbers) -> Comparison:
    """KS distance, with the p-value of KS or of the rank test."""
    n, m = reference.known, window.known
    if not n or not m:
        return Comparison("numeric", 0.0, 1.0)
    points = np.union1d(reference.values, window.values)
    below = [_cumulated(each, points) for each in (reference, window)]
    distance = float(np.abs(below[0] - below[1]).max())
    shape = float(stats.kstwo.sf(distance, max(1, round(n * m / (n + m)))))
    p_value = min(1.0, 2 * min(shape, _rank_p_value(reference, window, points)))
    return Comparison("numeric", distance, p_value)


def _cumulated(column: Numbers, points: np.ndarray) -> np.ndarray:
    """The share of rows at or below each point."""
    totals = np.concatenate([[0.0], np.cumsum(column.weights)])
    return totals[np.searchsorted(column.values, points, side="right")] / column.known


def _rank_p_value(reference: Numbers, window: Numbers, points: np.ndarray) -> float:
    """Two-sided, by the normal approximation with ties."""
    n, m = reference.known, window.known
    here, there = _at(reference, points), _at(window, points)
    below = np.cumsum(here) - here
    wins = float((there * (below + here / 2)).sum()) / (n * m)
    ties = float(((here + there) ** 3 - (here + there)).sum())
    size = n + m
    variance = (size + 1 - ties / (size * max(1.0, size - 1))) / (12 * n * m)
    if variance <= 0:
        return 1.0
    return float(2 * special.ndtr(-abs(wins - 0.5) / math.sqrt(variance)))


def _at(column: Numbers, points: np.ndarray) -> np.ndarray:
    weights = np.zeros(len(points))
    weights[np.searchsorted(points, column.values)] = column.weights
    return weights


def compare_categories(reference: Categories, window: Categories) -> Comparison:
    """The largest change of a category's share, with the p-value of chi-squared or that cell's."""
    n, m = reference.known, window.known
    if not n or not m:
        return Comparison("categorical", 0.0, 1.0)
    names = sorted(reference.counts.keys() | window.counts.keys())
    cells = np.array(
        [[float(each.counts.get(name, 0)) for name in names] for each in (reference, window)]
    )
    small = cells.sum(axis=0) * min(n, m) / (n + m) < SMALLEST_CELL
    if OTHERS in window.counts:  # beside what is as rare in the reference, and no cell of its own
        small |= np.array(names) == OTHERS
        cells, small = _merged(cells, small), np.zeros(0, dtype=bool)
    shares = cells / [[n], [m]]
    effect = float(np.abs(shares[0] - shares[1]).max())
    large = _merged(cells, small)
    if large.shape[1] < 2:
        return Comparison("categorical", effect, 1.0)
    p_value = _independence(large)
    if large.shape[1] > 2:
        p_value = min(1.0, 2 * min(p_value, _largest_cell(large)))
    return Comparison("categorical", effect, p_value)


def _merged(cells: np.ndarray, small: np.ndarray) -> np.ndarray:
    """Cells that expect fewer rows than chi-squared bears, in either sample, put into one."""
    if not small.any():
        return cells
    rest = cells[:, small].sum(axis=1, keepdims=True)
    return np.concatenate([cells[:, ~small], rest], axis=1)


def _independence(cells: np.ndarray) -> float:
    """The p-value of chi-squared; by hand, since SciPy's checks take twenty times as long."""
    expected = cells.sum(axis=1, keepdims=True) * cells.sum(axis=0) / cells.sum()
    statistic = float(((cells - expected) ** 2 / expected).sum())
    return float(special.chdtrc(cells.shape[1] - 1, statistic))


def _largest_cell(cells: np.ndarray) -> float:
    """The p-value of the cell whose share changed most, among so many cells."""
    n, m = cells.sum(axis=1)
    together = cells.sum(axis=0) / (n + m)
    error = np.sqrt(np.maximum(together * (1 - together) * (1 / n + 1 / m), 1e-300))
    score = float((np.abs(cells[0] / n - cells[1] / m) / error).max())
    return float(min(1.0, 2 * special.ndtr(-score) * cells.shape[1]))


def compare_missing(reference: Distribution, window: Distribution) -> Comparison:
    """The change of the share of missing values, with the p-value of Fisher's exact test."""
    n, m = (each.missing + round(each.known) for each in (reference, window))
    if not n or not m or not (reference.missing or window.missing):
        return Comparison("missing", 0.0, 1.0)
    effect = abs(reference.missing / n - window.missing / m)
    return Comparison("missing", effect, _exact(reference.missing, n, window.missing, m))


def _exact(before: int, n: int, now: int, m: int) -> float:
    """Fisher's two-sided p-value of so many among n and among m; SciPy's takes a hundred times."""
    together = before + now
    possible = np.arange(max(0, together - n), min(together, m) + 1)
    chances = np.exp(
        _ways(m, possible) + _ways(n, together - possible) - _ways(n + m, np.array(together))
    )
    seen = chances[now - possible[0]]
    return float(min(1.0, chances[chances <= seen * (1 + 1e-7)].sum()))


def _ways(rows: int, some: np.ndarray) -> np.ndarray:
    """The logarithm of the number of ways to choose some rows."""
    return np.asarray(
        special.gammaln(rows + 1) - special.gammaln(some + 1) - special.gammaln(rows - some + 1)
    )


def compare(reference: Distribution, window: Distribution) -> Comparison:
    """The comparison that fits a column's values; both have the same kind."""
    if isinstance(reference, Numbers) and isinstance(window, Numbers):
        return compare_numbers(reference, window)
    if isinstance(reference, Categories) and isinstance(window, Categories):
        return compare_categories(reference, window)
    raise TypeError("numbers cannot be compared with categories")


def stability_index(reference: Distribution, window: Distribution, bins: int = 10) -> float:
    """PSI: an effect size that many people know; it is reported and decides nothing.

    Numbers are cut at the reference's deciles. Below some hundred rows PSI is large by chance.
    """
    if not reference.known or not window.known:
        return 0.0
    if isinstance(reference, Numbers) and isinstance(window, Numbers):
        ranks = np.arange(1, bins) / bins * reference.known
        places = np.searchsorted(np.cumsum(reference.weights), ranks)
        edges = np.unique(reference.values[places])
        shares = [
            np.bincount(np.searchsorted(edges, each.values), each.weights, len(edges) + 1)
            / each.known
            for each in (reference, window)
        ]
    else:
        assert isinstance(reference, Categories) and isinstance(window, Categories)
        names = sorted(reference.counts.keys() | window.counts.keys())
        shares = [
            np.array([each.counts.get(name, 0) / each.known for name in names])
            for each in (reference, window)
        ]
    before, now = (np.maximum(each, 1e-4) for each in shares)
    return float(((now - before) * np.log(now / before)).sum())
