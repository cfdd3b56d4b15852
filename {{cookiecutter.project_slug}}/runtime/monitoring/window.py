"""One window of captured rows against a model's baseline: drift, quality, and what was not read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tabular import metrics
from tabular.spelling import Reading
from tabular.targets import reading_of_target

from . import baseline, captured, constraints, distributions, drift, model_quality, violations
from . import statistics as statistics_file
from .captured import Capture, Unreadable
from .columns import ColumnCounters
from .constraints import Constraints
from .distributions import Distribution
from .drift import Finding
from .violations import Violation

SMALL_SHIFT, SMALL_SHARE = 0.5, 0.2


@dataclass(frozen=True)
class Baseline:
    """What a window is compared with.

    Attributes:
        signature: of the model.
        columns: distributions of the training rows, and `prediction` of the test rows.
        constraints: bounds on the data.
        bounds: bounds on the metrics.
        quality: statistics of model quality.
    """

    signature: Mapping[str, Any]
    columns: Mapping[str, Distribution]
    constraints: Constraints
    bounds: Mapping[str, model_quality.Bound]
    quality: Mapping[str, Any]

    @classmethod
    def open(cls, folder: Path, signature: Mapping[str, Any]) -> "Baseline":
        """From the folder that `baseline.write` filled."""
        data = baseline.read(folder, "data/statistics.json")
        columns = statistics_file.columns(data)
        columns[baseline.PREDICTION] = distributions.read(data["predictions"])
        kind = signature["problem_type"]
        return cls(
            signature,
            columns,
            constraints.read(baseline.read(folder, "data/constraints.json")),
            model_quality.read(kind, baseline.read(folder, "quality/constraints.json")),
            baseline.read(folder, "quality/statistics.json"),
        )


@dataclass
class Result:
    """What a window is like.

    Attributes:
        rows: captured in it.
        labelled: rows of which the truth is known.
        columns: their distributions.
        findings: comparisons with the baseline.
        metrics: of the labelled rows.
        estimated_accuracy: of a classifier, without labels, if only the inputs changed.
        violations: of constraints.
        notes: sentences.
    """

    rows: int = 0
    labelled: int = 0
    columns: dict[str, Distribution] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)
    estimated_accuracy: float | None = None
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Window:
    """Takes in captured requests, and says how they differ from a baseline.

    Args:
        known: the baseline.
        labels: the truth, by the id of a row.
        start: of the window; earlier requests are left out.
        end: of the window; requests from then on are left out.
    """

    def __init__(
        self,
        known: Baseline,
        labels: Mapping[str, str],
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> None:
        self._known, self._labels = known, labels
        self._start, self._end = start, end
        self._counters = ColumnCounters(known.signature["columns"])
        self._classes: list[str] = list(known.signature["classes"])
        self._answers: list[Mapping[str, Any]] = []
        self._truth: list[tuple[int, str]] = []
        self._waiting: list[Any] = []

    def read(self, paths: Iterable[Path]) -> Unreadable:
        """Take in captured files; gives what could not be read."""
        unreadable = Unreadable()
        names = [column["name"] for column in self._known.signature["columns"]]
        for capture in captured.read(paths, names, self._classes, unreadable):
            if self._is_inside(capture):
                self._add(capture)
        self._flush()
        return unreadable

    def _is_inside(self, capture: Capture) -> bool:
        early = self._start is not None and capture.time < self._start
        return not early and (self._end is None or capture.time < self._end)

    def _add(self, capture: Capture) -> None:
        self._waiting += capture.records
        if capture.answers:
            for place, name in enumerate(capture.row_ids(), start=len(self._answers)):
                if name in self._labels:
                    self._truth.append((place, self._labels[name]))
            self._answers += capture.answers
        if len(self._waiting) >= 20_000:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._counters.add(self._waiting)
            self._waiting = []

    def result(self) -> Result:
        """What the window is like."""
        found = Result(rows=self._counters.rows, columns=self._counters.distributions())
        answers = baseline.of_answers(self._answers, self._classes)
        if len(answers):
            found.columns[baseline.PREDICTION] = baseline.of_predictions(answers)
        if found.rows and self._known.constraints.evaluated:
            self._look_at_data(found)
        self._look_at_quality(found)
        return found

    def _look_at_data(self, found: Result) -> None:
        kept = self._known.constraints
        own = {name: each for name, each in found.columns.items() if name != baseline.PREDICTION}
        found.violations += violations.of_columns(kept, own, self._counters.unreadable)
        watched = {
            name: each
            for name, each in self._known.columns.items()
            if name not in kept.columns or kept.columns[name].evaluated
        }
        if kept.compared:
            found.findings = drift.find(watched, found.columns, None, kept.level, kept.least)
            found.violations += violations.of_drift(kept, found.findings)
        shift, share = drift.smallest_shift(watched, found.columns, kept.level)
        if shift > SMALL_SHIFT or share > SMALL_SHARE:
            found.notes.append(
                f"{found.rows} rows are few: only shifts of {shift:.2g} standard deviations, or of "
                f"{share:.0%} of a category, would have been seen"
            )

    def _look_at_quality(self, found: Result) -> None:
        answers = baseline.of_answers(self._answers, self._classes)
        known = baseline.calibration(self._known.quality)
        if known is not None and len(answers):
            found.estimated_accuracy = known.accuracy(baseline.confidence(answers))
        unknown = len(self._labels) - len(self._truth)
        if unknown > 0:
            found.notes.append(f"{unknown} labels belong to no captured row of this window")
        if not self._truth:
            return
        places, labels = zip(*self._truth, strict=True)
        truth = _truth(labels, reading_of_target(self._known.signature))
        measure = partial(metrics.measure, self._known.signature["problem_type"], self._classes)
        found.labelled = len(places)
        found.metrics = dict(measure(truth, answers.take(np.array(places))))
        found.violations += model_quality.violations(
            found.metrics, self._known.bounds, found.labelled
        )


def _truth(labels: Sequence[str], read: Reading) -> np.ndarray:
    if read.role == "numeric":
        return np.array([read.number(label) for label in labels], dtype=float)
    return np.array([read.text(label) for label in labels])
