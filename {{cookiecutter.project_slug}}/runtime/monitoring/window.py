"""A window's rows against a model's baseline: what drifted, and how good the answers were."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tabular import metrics
from tabular.predictions import joined
from tabular.spelling import Reading
from tabular.targets import reading_of_target

from . import baseline, constraints, distributions, drift, model_quality, violations
from .columns import ColumnCounters, ColumnReader, Values
from .consolidation import Batch
from .constraints import Constraints
from .dependence import Profile, ProfileCounter
from .distributions import Distribution
from .drift import Compare, Finding
from .model_quality import Bound
from .violations import Violation

SMALL_SHIFT, SMALL_SHARE = 0.5, 0.2


@dataclass
class DataResult:
    """How a window's data is.

    Attributes:
        rows: of the window.
        columns: their distributions, and that of `prediction`.
        profiles: how predictions move with the columns.
        findings: comparisons with the baseline.
        violations: of constraints.
        notes: sentences.
    """

    rows: int = 0
    columns: dict[str, Distribution] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def look_at_data(
    rows: Iterable[Batch],
    signature: Mapping[str, Any],
    folder: Path,
    own: Mapping[str, Compare] | None = None,
) -> DataResult:
    """Hold a window's data and predictions to a baseline.

    Args:
        rows: of the window.
        signature: of the model.
        folder: of the baseline.
        own: comparisons that replace the usual one, by column.
    """
    before = baseline.data(baseline.read(folder, "data/statistics.json"))
    kept = constraints.read(baseline.read(folder, "data/constraints.json"), before.columns)
    reader = ColumnReader(signature["columns"])
    counters = ColumnCounters(reader.readings)
    said = PredictionCounter(bool(signature["classes"]))
    profiled = ProfileCounter({name: each.bins for name, each in before.profiles.items()})
    for batch in rows:
        columns = reader.read(batch.records)
        counters.add(columns, len(batch.records))
        said.add(batch)
        answered = {name: _taken(each, batch.answered) for name, each in columns.items()}
        profiled.add(answered, batch.answers)
    known = {k: v for k, v in counters.distributions().items() if k in before.columns}
    found = DataResult(counters.rows, known, profiled.profiles())
    if not found.rows or not kept.evaluated:
        return found
    found.violations += violations.of_columns(kept, found.columns, counters.unreadable)
    if said.rows:
        found.columns[baseline.PREDICTION] = said.distribution()
    watched = {name: each for name, each in before.columns.items() if _is_watched(kept, name)}
    if kept.compared:
        bounded = {name for name, each in kept.columns.items() if each.completeness is not None}
        found.findings = drift.find(watched, found.columns, own, kept.level, kept.least, bounded)
        found.violations += violations.of_drift(kept, found.findings)
        shift, share = drift.smallest_shift(watched, found.columns, kept.level)
        if shift > SMALL_SHIFT or share > SMALL_SHARE:
            found.notes.append(
                f"{found.rows} rows are few: only shifts of {shift:.2g} standard deviations, or of "
                f"{share:.0%} of a category, would surely have been seen"
            )
    return found


def _taken(values: Values, places: np.ndarray) -> np.ndarray | pa.DictionaryArray:
    known = values.known
    return known[places] if isinstance(known, np.ndarray) else known.take(pa.array(places))


def _is_watched(kept: Constraints, name: str) -> bool:
    return name not in kept.columns or kept.columns[name].evaluated


class PredictionCounter:
    """What a model said in a window."""

    def __init__(self, classes: bool) -> None:
        self._whole: Distribution | None = None
        self._numbers = None if classes else distributions.NumberCounter()
        self.rows = 0

    def add(self, batch: Batch) -> None:
        """Take in some rows."""
        if not len(batch.answers):
            return
        self.rows += len(batch.answers)
        if self._numbers is not None:
            self._numbers.add(np.asarray(batch.answers.values, dtype=float))
            return
        found = baseline.of_predictions(batch.answers)
        self._whole = found if self._whole is None else self._whole.merged(found)  # type: ignore[arg-type]

    def distribution(self) -> Distribution:
        """All that was taken in."""
        found = self._numbers.distribution() if self._numbers is not None else self._whole
        assert found is not None
        return found


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
) -> QualityResult:
    """Hold a window's answers to the truth, where it is known, and to the baseline's metrics.

    Args:
        rows: of the window.
        signature: of the model.
        folder: of the baseline.
        labels: the truth by the id of a row.
    """
    kind, read = signature["problem_type"], reading_of_target(signature)
    found = QualityResult(
        bounds=model_quality.read(kind, baseline.read(folder, "quality/constraints.json"))
    )
    known = baseline.calibration(baseline.read(folder, "quality/statistics.json"))
    truth, said, sure = [], [], [0.0, 0]
    for batch in rows:
        places, given = _labelled(batch, labels)
        if places:
            said.append(batch.answers.take(np.array(places)))
            truth.append(_truth(given, read))
        if known is not None and len(batch.answers):
            rated = known.accuracy(baseline.confidence(batch.answers)) * len(batch.answers)
            sure = [sure[0] + rated, sure[1] + len(batch.answers)]
    if sure[1]:
        found.estimated_accuracy = sure[0] / sure[1]
    found.labelled = sum(map(len, truth))
    if len(labels) > found.labelled:
        found.notes.append(
            f"{len(labels) - found.labelled} labels belong to no answered row of this window"
        )
    if found.labelled:
        measure = partial(metrics.measure, kind, signature["classes"])
        found.metrics = dict(measure(np.concatenate(truth), joined(said)))
        bounds = found.bounds
        found.violations += model_quality.violations(found.metrics, bounds, found.labelled)
    return found


def _labelled(batch: Batch, labels: Mapping[str, str]) -> tuple[list[int], list[str]]:
    """The places among a batch's answers whose truth is known, and the truth."""
    places, given, ids = [], [], batch.ids if labels else []
    for place, row in enumerate(batch.answered.tolist() if labels else []):
        label = labels.get(ids[row])
        if label is not None:
            places.append(place)
            given.append(label)
    return places, given


def _truth(labels: list[str], read: Reading) -> np.ndarray:
    if read.role == "numeric":
        return np.array([read.number(label) for label in labels], dtype=float)
    return np.array([read.text(label) for label in labels])
