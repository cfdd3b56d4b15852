"""Boosted trees as arrays, which numpy walks all at once: XGBoost's margins, to the bit.

A call of XGBoost costs as much for one row as for many, and for a few rows more than the walk. What
is not plain trees of numbers (categorical splits, leaves that are vectors, dropped or linear
boosters) is left to XGBoost, and so is a forest whose margins are not equal to XGBoost's on rows
beside all of its thresholds. Training compares them, and keeps what XGBoost said beside the model:
by that a server knows its forest without having loaded XGBoost.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import ubjson

FILE = "forest.json"  # beside the model
CHECKED = 64  # rows on which a forest is compared with XGBoost
# A walk visits a node of every tree at each level, for each row. So many visits take less than a
# call of XGBoost; benchmarks/serving.py measures it.
VISITS = 20_000
# For one row all nodes are asked at once, where there are not many more than a walk would visit.
MORE_NODES = 8


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
        width: how many numbers a row has.
    """

    feature: np.ndarray
    threshold: np.ndarray
    child: np.ndarray
    value: np.ndarray
    roots: np.ndarray
    base: np.ndarray
    depth: int
    width: int

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
        outputs, trees = self.roots.shape
        summed = np.empty((rows, outputs, trees + 1), np.float32)
        summed[:, :, 0] = self.base
        leaves = self._leaves(numbers)
        summed[:, :, 1:] = self.value.take(leaves, mode="clip").reshape(rows, outputs, trees)
        # One after another, as XGBoost adds; numpy's `sum` adds pairs.
        return np.cumsum(summed, axis=2)[:, :, -1]

    def _leaves(self, numbers: np.ndarray) -> np.ndarray:
        """Where each row ends in each tree: of shape (rows, trees)."""
        rows, width = numbers.shape
        numbers = numbers.reshape(-1)
        if rows == 1 and len(self.child) <= MORE_NODES * self.roots.size * self.depth:
            asked = numbers.take(self.feature, mode="clip")
            following, node = self.child + (asked < self.threshold), self.roots.reshape(1, -1)
            for _ in range(self.depth):
                node = following.take(node, mode="clip")
            return node
        node = np.repeat(self.roots.reshape(1, -1), rows, axis=0)
        start = np.arange(0, rows * width, width)[:, None]
        for _ in range(self.depth):
            asked = numbers.take(self.feature.take(node, mode="clip") + start, mode="clip")
            node = self.child.take(node, mode="clip") + (asked < self.threshold.take(node))
        return node


def of(booster: Any) -> Forest | None:
    """A booster's forest; None where XGBoost has to answer itself."""
    learner = ubjson.loads(bytes(booster.save_raw("ubj")))["learner"]
    if not _is_plain(learner):
        return None
    forest = _forest(learner, _base(booster))
    probes = _probes(forest)
    expected = booster.inplace_predict(probes, predict_type="margin")
    same = np.array_equal(forest.margins(probes), expected.reshape(len(probes), -1))
    return forest if same else None


def write(booster: Any, model: Path) -> None:
    """Keep beside a model's file what a forest of it gives, if that is what XGBoost gives."""
    model.with_name(FILE).unlink(missing_ok=True)
    if forest := of(booster):
        content = model.read_bytes()
        document = {
            "model": hashlib.sha256(content).hexdigest(),
            "objective": ubjson.loads(content)["learner"]["objective"]["name"],
            "base": forest.base.tolist(),
            "margins": _digest(forest.margins(_probes(forest))),
        }
        model.with_name(FILE).write_text(json.dumps(document), encoding="utf-8")


def kept(model: Path) -> Mapping[str, Any] | None:
    """What training has kept beside a model's file; None where nothing, or of another model."""
    try:
        document = json.loads(model.with_name(FILE).read_text(encoding="utf-8"))
        same = hashlib.sha256(model.read_bytes()).hexdigest() == document["model"]
        return document if same and document["objective"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read(model: Path) -> Forest | None:
    """The forest of a model's file, without XGBoost.

    None where XGBoost has to answer or to be asked: nothing was kept, or this machine's numpy gives
    other bits.
    """
    document = kept(model)
    if document is None:
        return None
    try:
        learner = ubjson.loads(model.read_bytes())["learner"]
        forest = _forest(learner, np.array(document["base"]))
        same = _digest(forest.margins(_probes(forest))) == document["margins"]
        return forest if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _digest(margins: np.ndarray) -> str:
    return hashlib.sha256(margins.astype("<f4").tobytes()).hexdigest()


def _is_plain(learner: Mapping[str, Any]) -> bool:
    booster = learner["gradient_booster"]
    if booster["name"] != "gbtree" or not booster["model"]["trees"]:
        return False
    per_output = np.bincount(booster["model"]["tree_info"])
    return len(set(per_output)) == 1 and all(
        int(tree["tree_param"]["size_leaf_vector"]) <= 1 and not np.any(tree["split_type"])
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


def _forest(learner: Mapping[str, Any], base: np.ndarray) -> Forest:
    """The arrays, with the nodes of a level of all trees together."""
    model = learner["gradient_booster"]["model"]
    width = int(learner["learner_model_param"]["num_feature"])
    starts = np.cumsum([0] + [len(tree["left_children"]) for tree in model["trees"]])

    def whole(name: str) -> np.ndarray:
        return np.concatenate([np.asarray(tree[name]) for tree in model["trees"]])

    tree = np.repeat(starts[:-1], np.diff(starts))  # where the tree of a node starts
    left, right = whole("left_children"), whole("right_children")
    to_left, asked = whole("default_left").astype(bool), whole("split_indices").astype(np.intp)
    leaf = left < 0
    first = np.where(leaf, 0, np.where(to_left, left, right) + tree)
    second = np.where(leaf, 0, np.where(to_left, right, left) + tree)
    condition = whole("split_conditions").astype(np.float32)
    opposite = np.nextafter(-condition, np.float32(np.inf))
    levels = [starts[:-1]]
    while len(inner := levels[-1][~leaf[levels[-1]]]):
        levels.append(np.stack([first[inner], second[inner]], axis=1).reshape(-1))
    order = np.concatenate(levels)
    place = np.zeros(len(leaf), np.intp)
    place[order] = np.arange(len(order))
    threshold = np.where(leaf, np.float32(-np.inf), np.where(to_left, opposite, condition))
    info = np.asarray(model["tree_info"])
    return Forest(
        np.where(leaf, 0, asked + to_left * width)[order],
        threshold[order],
        np.where(leaf, place, place[first])[order],
        np.where(leaf, condition, np.float32(0))[order],
        np.stack([np.flatnonzero(info == output) for output in np.unique(info)]),
        base.astype(np.float32),
        len(levels) - 1,
        width,
    )


def _probes(forest: Forest) -> np.ndarray:
    """Rows with values missing, at a threshold or right below it, by which all answers differ."""
    random, width = np.random.default_rng(7), forest.width
    rows = np.zeros((CHECKED, width), np.float32)
    inner = np.isfinite(forest.threshold)
    for place in range(width):
        plain = forest.threshold[inner & (forest.feature == place)]
        opposite = -forest.threshold[inner & (forest.feature == place + width)]
        if len(plain) + len(opposite):
            rows[:, place] = random.choice(np.concatenate([plain, opposite]), CHECKED)
    rows = np.where(random.random(rows.shape) < 0.5, rows, np.nextafter(rows, np.float32(-np.inf)))
    return np.where(random.random(rows.shape) < 0.1, np.float32(np.nan), rows)
