"""Boosted trees as arrays, which numpy walks all at once: XGBoost's margins, to the bit.

A call of XGBoost costs as much for one row as for a hundred, and for a few rows more than the walk.
The trees come from XGBoost's own JSON. What is not plain trees of numbers (categorical splits,
leaves that are vectors, dropped or linear boosters) is left to XGBoost, and so is a forest whose
margins are not equal to XGBoost's on rows beside all of its thresholds.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

CHECKED = 64  # rows on which a forest is compared with XGBoost
# A walk visits a node of every tree at each level, for each row. So many visits take less than a
# call of XGBoost, which is 30 rows for 100 trees of 6 levels; benchmarks/serving.py measures it.
VISITS = 20_000


@dataclass(frozen=True)
class Forest:
    """Every tree's nodes in a row of arrays; the children of a node are side by side.

    A row of numbers is followed by the same numbers with the other sign. A node whose missing
    values go to the right asks for `x < threshold`; one whose go to the left asks the opposite,
    `-x < -threshold`, so that NaN, which no comparison is true of, always takes the first child.
    A leaf asks what is never true, and is its own first child.

    Attributes:
        feature: the place of the number that a node asks for.
        threshold: what it has to be below, for the second child.
        child: the first child.
        value: of a leaf.
        roots: of the trees, those of one output after another: shape (outputs, trees).
        base: where each output starts from.
        depth: the most levels below a root.
    """

    feature: np.ndarray
    threshold: np.ndarray
    child: np.ndarray
    value: np.ndarray
    roots: np.ndarray
    base: np.ndarray
    depth: int

    @property
    def few(self) -> int:
        """How many rows are walked sooner than XGBoost is called."""
        return VISITS // (self.roots.size * max(1, self.depth))

    def margins(self, matrix: np.ndarray) -> np.ndarray:
        """Of numbers of shape (rows, numbers), each output before its link: (rows, outputs)."""
        rows, width = matrix.shape
        numbers = np.empty((rows, 2 * width), np.float32)
        with np.errstate(over="ignore"):  # what is too large for XGBoost is infinite to it
            numbers[:, :width] = matrix
        np.negative(numbers[:, :width], out=numbers[:, width:])
        numbers = numbers.reshape(-1)
        node = np.repeat(self.roots.reshape(1, -1), rows, axis=0)
        start = np.arange(0, rows * 2 * width, 2 * width)[:, None]
        for _ in range(self.depth):
            asked = numbers.take(self.feature.take(node) + start)
            node = self.child.take(node) + (asked < self.threshold.take(node))
        outputs, trees = self.roots.shape
        summed = np.empty((rows, outputs, trees + 1), np.float32)
        summed[:, :, 0] = self.base
        summed[:, :, 1:] = self.value.take(node).reshape(rows, outputs, trees)
        # One after another, as XGBoost adds; numpy's `sum` adds pairs.
        return np.cumsum(summed, axis=2)[:, :, -1]


def of(booster: Any) -> Forest | None:
    """A booster's forest; None where XGBoost has to answer itself."""
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    width = int(learner["learner_model_param"]["num_feature"])
    if not _is_plain(learner):
        return None
    forest = _forest(learner, width, _base(booster))
    probes = _probes(forest, width)
    expected = booster.inplace_predict(probes, predict_type="margin")
    same = np.array_equal(forest.margins(probes), expected.reshape(len(probes), -1))
    return forest if same else None


def _is_plain(learner: Mapping[str, Any]) -> bool:
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree" or not booster["model"]["trees"]:
        return False
    per_output = np.bincount(booster["model"]["tree_info"])
    return len(set(per_output)) == 1 and all(
        int(tree["tree_param"]["size_leaf_vector"]) <= 1 and not any(tree["split_type"])
        for tree in booster["model"]["trees"]
    )


def _base(booster: Any) -> np.ndarray:
    """Where each output starts from: what XGBoost itself says when its leaves hold nothing."""
    from xgboost import Booster

    document = json.loads(bytes(booster[:1].save_raw("json")))
    for tree in document["learner"]["gradient_booster"]["model"]["trees"]:
        nodes = zip(tree["left_children"], tree["split_conditions"], strict=True)
        tree["split_conditions"] = [0.0 if left < 0 else condition for left, condition in nodes]
    empty = Booster(model_file=bytearray(json.dumps(document).encode()))
    row = np.zeros((1, booster.num_features()), np.float32)
    return np.asarray(empty.inplace_predict(row, predict_type="margin")).reshape(-1)


def _forest(learner: Mapping[str, Any], width: int, base: np.ndarray) -> Forest:
    model = learner["gradient_booster"]["model"]
    nodes: list[tuple[int, float, int, float]] = []
    roots: dict[int, list[int]] = {}
    depth = 0
    for tree, output in zip(model["trees"], model["tree_info"], strict=True):
        roots.setdefault(output, []).append(len(nodes))
        depth = max(depth, _add(tree, nodes, width))
    feature, threshold, child, value = (np.array(each) for each in zip(*nodes, strict=True))
    return Forest(
        feature,
        threshold.astype(np.float32),
        child,
        value.astype(np.float32),
        np.array([roots[output] for output in sorted(roots)]),
        base.astype(np.float32),
        depth,
    )


def _add(tree: Mapping[str, Any], nodes: list[tuple[int, float, int, float]], width: int) -> int:
    """Add a tree's nodes, level by level; gives how many levels there are below the root."""
    depth, level, below = -1, [0], list[int]()
    first = len(nodes)
    while level:
        depth, below = depth + 1, []
        for place in level:
            left, right = tree["left_children"][place], tree["right_children"][place]
            condition = float(np.float32(tree["split_conditions"][place]))
            if left < 0:
                nodes.append((0, float("-inf"), len(nodes), condition))
                continue
            child = first + len(level) + len(below)
            if tree["default_left"][place]:
                opposite = float(np.nextafter(np.float32(-condition), np.float32("inf")))
                nodes.append((tree["split_indices"][place] + width, opposite, child, 0.0))
                below += [left, right]
            else:
                nodes.append((tree["split_indices"][place], condition, child, 0.0))
                below += [right, left]
        first, level = len(nodes), below
    return depth


def _probes(forest: Forest, width: int) -> np.ndarray:
    """Rows with values missing, at a threshold or right below it, by which all answers differ."""
    random = np.random.default_rng(7)
    rows = np.zeros((CHECKED, width), np.float32)
    inner = np.isfinite(forest.threshold)
    for place in range(width):
        plain = forest.threshold[inner & (forest.feature == place)]
        opposite = -forest.threshold[inner & (forest.feature == place + width)]
        if len(plain) + len(opposite):
            rows[:, place] = random.choice(np.concatenate([plain, opposite]), CHECKED)
    rows = np.where(random.random(rows.shape) < 0.5, rows, np.nextafter(rows, np.float32(-np.inf)))
    return np.where(random.random(rows.shape) < 0.1, np.float32(np.nan), rows)
