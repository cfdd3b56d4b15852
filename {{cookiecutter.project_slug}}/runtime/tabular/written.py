"""What preprocessing has written: how many rows of which label are in each split and fold."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import job, splits
from .splits import SPLITS

Labels = dict[str, Counter[str]]  # of each split: the target's values with their rows


@dataclass
class Written:
    """What was written: the target's values in each split, and the same of each fold."""

    labels: Labels
    folds: list[Labels]
    facts: list[dict[str, Any]]  # of each fold, beside its rows

    def rows(self) -> dict[str, int]:
        """How many rows each split has."""
        return count(self.labels)

    def merge(self, other: "Written") -> None:
        """Take in what another host wrote; one without rows has no folds either."""
        self.folds = self.folds or [no_labels() for _ in other.folds]
        self.facts = self.facts or other.facts
        _add_labels(self.labels, other.labels)
        for own, others in zip(self.folds, other.folds, strict=False):
            _add_labels(own, others)


def count(labels: Labels) -> dict[str, int]:
    """How many rows each split has."""
    return {name: labels[name].total() for name in SPLITS}


def no_labels() -> Labels:
    """No rows in any split."""
    return {name: Counter() for name in SPLITS}


def _add_labels(labels: Labels, others: Labels) -> None:
    for name, counts in others.items():
        labels[name].update(counts)


def check(written: Written, kind: str) -> None:
    """Raise a DataError when a split, or one of a fold, has no rows, or one class of several."""
    splits.check_splits(written.labels, kind)
    for number, labels in enumerate(written.folds, start=1):
        splits.check_splits(labels, kind, f"fold {number}'s ")


def untrained(written: Written, kind: str) -> list[str]:
    """A sentence for classes that no training row has."""
    if kind == "regression":
        return []
    train = written.labels["train"]
    others = Counter[str]()
    for labels in written.labels.values():
        others.update({label: rows for label, rows in labels.items() if label not in train})
    if not others:
        return []
    found = ", ".join(f"{label!r} ({rows})" for label, rows in others.most_common(5))
    return [
        f"no training row has {found} as its target, so the model can never say so; give more such "
        "rows, or leave these out"
    ]


def write_fold_facts(folder: Path, written: Written, kind: str) -> None:
    """Write folds/folds.json: the rows of each fold and, in a backtest, its days."""
    facts = [
        {"fold": number, "rows": count(labels), **each}
        for number, (labels, each) in enumerate(zip(written.folds, written.facts, strict=True), 1)
    ]
    job.write_json(folder / "folds" / "folds.json", {"kind": kind, "folds": facts})
