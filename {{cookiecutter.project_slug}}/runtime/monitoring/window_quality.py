"""A window's answers against the truth, where it is known, and the bounds of the baseline."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tabular import metrics
from tabular.predictions import Predictions, joined
from tabular.spelling import Reading
from tabular.targets import reading_of_target
from tabular.values import DataError

from . import baseline, edits, model_quality
from .consolidation import Batch
from .estimated_quality import Calibration
from .model_quality import Bound
from .violations import Violation

OF_PROBABILITIES = {"roc_auc", "average_precision", "log_loss"}  # which not every answer may have


@dataclass
class QualityResult:
    """How good a window's answers are.

    Attributes:
        labelled: rows of which the truth is known.
        metrics: of these rows.
        bounds: what the metrics had to reach.
        estimated_accuracy: of a classifier, without labels, if only the inputs changed.
        violations: of the bounds.
        notes: sentences.
    """

    labelled: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    bounds: dict[str, Bound] = field(default_factory=dict)
    estimated_accuracy: float | None = None
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def look_at_quality(
    rows: Iterable[Batch],
    signature: Mapping[str, Any],
    folder: Path,
    labels: Mapping[str, str],
    new: Collection[str] | None = None,
) -> QualityResult:
    """Hold a window's answers to the truth, where it is known, and to the baseline's metrics.

    Args:
        rows: of the window.
        signature: of the model.
        folder: of the baseline.
        labels: the truth by the id of a row.
        new: ids of the labels that no earlier window has seen; None: all.

    Raises:
        DataError: the baseline is of another problem, or has a bound on what is not measured.
    """
    said = baseline.read(folder, "quality/statistics.json")
    bounds = _bounds(signature["problem_type"], folder, said)
    sure = Sureness(baseline.calibration(said))
    joins = Joined(signature, labels, new)
    for batch in rows:
        joins.add(batch)
        sure.add(batch.answers)
    edited = edits.note("quality", said, baseline.read(folder, "quality/constraints.json"))
    notes = [*edited, *joins.notes()]
    found = QualityResult(joins.rows, {}, bounds, sure.accuracy(), [], notes)
    if joins.rows:
        found.metrics = joins.metrics()
        unknown = sorted(name for name, each in found.metrics.items() if not np.isfinite(each))
        if unknown:
            found.notes.append(
                f"{', '.join(unknown)} cannot be told of these {joins.rows:,} labelled rows"
            )
            found.metrics = {n: each for n, each in found.metrics.items() if n not in unknown}
        kept = {name: each for name, each in bounds.items() if name not in unknown}
        found.violations = model_quality.violations(found.metrics, kept, joins.rows)
    return found


def _bounds(problem_type: str, folder: Path, said: Mapping[str, Any]) -> dict[str, Bound]:
    bounds = model_quality.read(problem_type, baseline.read(folder, "quality/constraints.json"))
    measured = said.get(f"{problem_type}_metrics")
    if measured is None:
        raise DataError(
            f"the baseline in {folder} is of another problem than the model's {problem_type}; give "
            "the baseline of that model version"
        )
    model_quality.check_measured(bounds, measured)
    return bounds


class Sureness:
    """How sure the answers are, on average, as far as they have probabilities."""

    def __init__(self, known: Calibration | None) -> None:
        self._known, self._right, self._rows = known, 0.0, 0

    def add(self, answers: Predictions) -> None:
        """Take in some answers."""
        if self._known is None or answers.probabilities is None or not len(answers):
            return
        given = baseline.confidence(answers)
        given = given[np.isfinite(given)]
        if len(given):
            self._right += self._known.accuracy(given) * len(given)
            self._rows += len(given)

    def accuracy(self) -> float | None:
        """What to expect if only the inputs changed; None where nobody knows."""
        return self._right / self._rows if self._rows else None


class Joined:
    """Answers and their truth, by the ids of rows.

    Args:
        signature: of the model.
        labels: the truth by the id of a row.
        new: ids of the labels that no earlier window has seen; None: all.
    """

    def __init__(
        self,
        signature: Mapping[str, Any],
        labels: Mapping[str, str],
        new: Collection[str] | None = None,
    ) -> None:
        self._reading = reading_of_target(signature)
        self._kind, self._classes = signature["problem_type"], signature["classes"]
        self._labels = {name: each for name, each in labels.items() if self._known(each)}
        self._empty = len(labels) - len(self._labels)
        self._new = self._labels.keys() & (labels.keys() if new is None else new)
        self._used: set[str] = set()
        self._truth: list[np.ndarray] = []
        self._answers: list[Predictions] = []
        self.rows = 0

    def _known(self, label: str) -> bool:
        return bool(self._reading.text(label))

    def add(self, batch: Batch) -> None:
        """Take in the rows whose truth is known."""
        if not self._labels:
            return
        ids = batch.ids
        named = [ids[row] for row in batch.answered.tolist()]
        places = [place for place, name in enumerate(named) if name in self._labels]
        if not places:
            return
        used = [named[place] for place in places]
        self._used.update(used)
        self._truth.append(_truth(used, self._labels, self._reading))
        self._answers.append(batch.answers.take(np.array(places)))
        self.rows += len(places)

    def metrics(self) -> dict[str, float]:
        """Of all rows; one that cannot be told of them is not finite."""
        measure = partial(metrics.measure, self._kind, self._classes)
        with np.errstate(all="ignore"):
            answers = joined(self._answers)
            found = dict(measure(np.concatenate(self._truth), answers))
        if answers.probabilities is not None and not np.isfinite(answers.probabilities).all():
            found |= dict.fromkeys(OF_PROBABILITIES & found.keys(), math.nan)
        return found

    def notes(self) -> list[str]:
        """What there is to say of the labels."""
        found = []
        if self._empty:
            found.append(f"{self._empty:,} labels are empty, and count as none")
        if strange := len(self._new - self._used):  # of earlier ones it was said then
            found.append(f"{strange:,} labels belong to no answered row of this window")
        if self.rows > len(self._used):
            found.append(
                f"{self.rows - len(self._used):,} rows have the id of another row; each counts, "
                "with the same label"
            )
        if self._classes and self._truth:
            truth = np.concatenate(self._truth)
            known = np.isin(truth, self._classes)
            if not known.all():
                names = ", ".join(np.unique(truth[~known])[:5].tolist())
                found.append(
                    f"{int((~known).sum()):,} labels are of classes that the model does not know, "
                    f"and count as wrong answers: {names}"
                )
        return found


def _truth(names: Sequence[str], labels: Mapping[str, str], read: Reading) -> np.ndarray:
    if read.role != "numeric":
        return np.array([read.text(labels[name]) for name in names])
    found = np.empty(len(names))
    for place, name in enumerate(names):
        try:
            found[place] = read.number(labels[name])
        except DataError:
            raise DataError(
                f"the label of {name!r} is {labels[name][:50]!r}, which is no number; mend it or "
                "leave it out"
            ) from None
    return found
