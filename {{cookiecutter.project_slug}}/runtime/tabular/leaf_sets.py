"""Boosted trees as sets of leaves: the margins of some rows, to the bit, sooner than by XGBoost.

The value of a number rules out, in every tree, the leaves behind the nodes that ask for it and take
the other way. Which ones are left is looked up by where the value lies among the thresholds of the
number, for all trees at once. What all numbers leave of a tree is one leaf.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .forest import Forest

MOST_LEAVES = 64  # of a tree: a bit for each
MOST_BYTES = 16 << 20  # of all tables
# A row reads so many bytes of a tree before XGBoost has gone down a level of it.
BYTES_PER_LEVEL = 12
TOGETHER = 5  # numbers with one threshold that are looked up together
STATES = 3  # of such a number: below, not below, missing
EXPONENT = 127  # what a float's bits have for the power 0


@dataclass(frozen=True)
class LeafSets:
    """The tables; a row of one has the leaves that are left of each tree, as bits.

    Attributes:
        scales: of each number with several thresholds: its place; the thresholds, and NaN behind
            them; and a table with a row for each part of the scale.
        steps: places of the numbers with one threshold.
        edges: those thresholds.
        weights: what the state of each adds to the row of each of its tables: (steps, tables).
        tables: with a row for each combination of states of some such numbers.
        values: of all leaves, tree by tree.
        starts: where each tree starts in them, less what an exponent adds.
        base: where each output starts from.
    """

    scales: list[tuple[int, np.ndarray, np.ndarray]]
    steps: np.ndarray
    edges: np.ndarray
    weights: np.ndarray
    tables: list[np.ndarray]
    values: np.ndarray
    starts: np.ndarray
    base: np.ndarray

    def margins(self, matrix: np.ndarray) -> np.ndarray:
        """Of numbers of shape (rows, numbers), each output before its link: (rows, outputs).

        There are several rows: of a single one NumPy would add the trees in pairs.
        """
        with np.errstate(over="ignore"):  # what is too large for XGBoost is infinite to it
            numbers = matrix.astype(np.float32)
        # One bit is left of each tree, and its place is the exponent of a float.
        leaves = self._left(numbers).astype(np.float32).view(np.int32) >> 23
        leaves += self.starts
        outputs = len(self.base)
        sums = len(matrix) * outputs
        summed = np.empty((len(self.starts) // outputs + 1, sums), np.float32)
        summed[0] = np.tile(self.base, len(matrix))
        summed[1:] = self.values.take(leaves, mode="clip").reshape(sums, -1).T
        # One after another along this axis, as XGBoost adds.
        return np.add.reduce(summed, axis=0).reshape(-1, outputs)

    def _left(self, numbers: np.ndarray) -> np.ndarray:
        """The leaves that all numbers leave: (rows, trees)."""
        looked_up = self._looked_up(numbers)
        table, rows = next(looked_up)
        left = table.take(rows, axis=0, mode="clip")
        found = np.empty_like(left)
        for table, rows in looked_up:
            table.take(rows, axis=0, out=found, mode="clip")
            np.bitwise_and(left, found, out=left)
        return left

    def _looked_up(self, numbers: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Each table with, for each row of numbers, the row of it."""
        for place, thresholds, table in self.scales:
            yield table, thresholds.searchsorted(numbers[:, place], side="right")
        if self.tables:
            asked = numbers.take(self.steps, axis=1)
            states = (asked >= self.edges).astype(np.float32)
            states[np.isnan(asked)] = STATES - 1
            rows = np.ascontiguousarray((states @ self.weights).T, np.intp)
            yield from zip(self.tables, rows, strict=True)


@dataclass(frozen=True)
class Nodes:
    """All nodes that ask for a number.

    Attributes:
        number: its place.
        threshold: what it may be below.
        tree: whose node it is.
        below: the leaves of the tree that are left where it is below; as bits, like the next.
        above: where it is not.
        missing: where it is missing.
        whole: of each tree, all leaves.
    """

    number: np.ndarray
    threshold: np.ndarray
    tree: np.ndarray
    below: np.ndarray
    above: np.ndarray
    missing: np.ndarray
    whole: np.ndarray

    def scale(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The thresholds of a number, with NaN, and its table: see `LeafSets`."""
        own = self.number == number
        thresholds, place = np.unique(self.threshold[own], return_inverse=True)
        tree = self.tree[own]
        below = np.tile(self.whole, (len(thresholds) + 1, 1))
        above, missing = below.copy(), self.whole.copy()
        np.bitwise_and.at(below, (place, tree), self.below[own])
        np.bitwise_and.at(above, (place + 1, tree), self.above[own])
        np.bitwise_and.at(missing, tree, self.missing[own])
        below = np.bitwise_and.accumulate(below[::-1], axis=0)[::-1]
        known = below & np.bitwise_and.accumulate(above, axis=0)
        return np.append(thresholds, np.float32(np.nan)), np.vstack([known, missing])


def of(forest: Forest) -> LeafSets | None:
    """The tables of a forest; None where XGBoost is as quick."""
    found = _read(forest)
    if found is None:
        return None
    nodes, values, starts = found
    scales, steps, edges, single = [], [], [], []
    size = 0
    for number in np.unique(nodes.number).tolist():
        thresholds, table = nodes.scale(number)
        size += table.nbytes
        if len(thresholds) > 2:
            scales.append((number, thresholds, table))
        else:
            steps.append(number)
            edges.append(thresholds[0])
            single.append(table)
        if size > MOST_BYTES:
            return None
    parts = [slice(start, start + TOGETHER) for start in range(0, len(steps), TOGETHER)]
    bytes_of_a_tree = (len(scales) + len(parts)) * nodes.whole.itemsize
    if bytes_of_a_tree > BYTES_PER_LEVEL * forest.depth:
        return None
    weights = np.zeros((len(steps), len(parts)), np.float32)
    for place, part in enumerate(parts):
        count = len(single[part])
        weights[part, place] = STATES ** np.arange(count)[::-1]
    return LeafSets(
        scales,
        np.array(steps, np.intp),
        np.array(edges, np.float32),
        weights,
        [_combined(single[part]) for part in parts],
        values,
        (starts - EXPONENT).astype(np.int32),
        forest.base,
    )


def _combined(tables: Sequence[np.ndarray]) -> np.ndarray:
    """One table with a row for each combination of rows of some tables."""
    found, *others = tables
    for table in others:
        found = (found[:, None] & table[None]).reshape(-1, table.shape[1])
    return found


def _read(forest: Forest) -> tuple[Nodes, np.ndarray, np.ndarray] | None:
    """A forest's nodes, the values of its leaves, and where those of each tree start."""
    leaf = forest.child == np.arange(len(forest.child))
    levels, tree = _levels(forest, leaf)
    leaves = np.flatnonzero(leaf)
    leaves = leaves[np.argsort(tree[leaves], kind="stable")]
    counts = np.bincount(tree[leaves])
    if counts.max() > MOST_LEAVES or not levels:
        return None
    starts = np.cumsum(counts) - counts
    places = (np.arange(len(leaves)) - starts[tree[leaves]]).astype(np.uint64)
    sets = np.zeros(len(leaf), np.uint64)
    sets[leaves] = np.uint64(1) << places
    for inner in reversed(levels):
        sets[inner] = sets[forest.child[inner]] | sets[forest.child[inner] + 1]
    bits = next(each for each in (8, 16, 32, 64) if counts.max() <= each)
    nodes = _nodes(forest, np.concatenate(levels), tree, sets.astype(f"u{bits // 8}"))
    return nodes, forest.value[leaves], starts


def _levels(forest: Forest, leaf: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The nodes of each level that ask for a number, and the tree of every node."""
    levels, tree = [], np.zeros(len(leaf), np.intp)
    level = forest.roots.reshape(-1)
    tree[level] = np.arange(len(level))
    while len(inner := level[~leaf[level]]):
        levels.append(inner)
        first = forest.child[inner]
        tree[first] = tree[first + 1] = tree[inner]
        level = np.concatenate([first, first + 1])
    return levels, tree


def _nodes(forest: Forest, inner: np.ndarray, tree: np.ndarray, sets: np.ndarray) -> Nodes:
    """The inner nodes; a number with the other sign, which `Forest` has, is the number itself."""
    feature, asked = forest.feature[inner], forest.threshold[inner]
    plain = feature < forest.width
    first, second = ~sets[forest.child[inner] + 1], ~sets[forest.child[inner]]
    return Nodes(
        feature % forest.width,
        np.where(plain, asked, np.nextafter(-asked, np.float32(np.inf))),
        tree[inner],
        np.where(plain, second, first),
        np.where(plain, first, second),
        first,
        sets[forest.roots.reshape(-1)],
    )
