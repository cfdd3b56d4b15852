"""A window's data and predictions against a model's baseline: what drifted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tabular.values import DataError

from . import baseline, constraints, distributions, drift, edits, violations
from .columns import MOST_TEXTS, ColumnCounters, ColumnReader, Values
from .consolidation import Batch
from .constraints import Constraints
from .dependence import Profile, ProfileCounter
from .distributions import Distribution, Numbers
from .drift import Compare, Finding
from .violations import Violation

SMALL_SHIFT, SMALL_SHARE = 0.5, 0.2


@dataclass
class DataResult:
    """How a window's data is.

    Attributes:
        before: distributions of the baseline's columns, and that of `prediction`.
        rows: of the window.
        columns: their distributions, and that of `prediction`.
        profiles: how predictions move with the columns.
        findings: comparisons with the baseline.
        violations: of constraints.
        notes: sentences.
    """

    before: dict[str, Distribution]
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
    known_before = baseline.read(folder, "data/statistics.json")
    before = baseline.data(known_before)
    document = baseline.read(folder, "data/constraints.json")
    kept = constraints.read(document, before.columns)
    reader = ColumnReader(signature["columns"])
    _check_same(before.columns, reader, bool(signature["classes"]), folder)
    counters = ColumnCounters(reader.readings, before.columns)
    said = PredictionCounter(bool(signature["classes"]))
    profiled = ProfileCounter({name: each.bins for name, each in before.profiles.items()})
    for batch in rows:
        columns = reader.read(batch.records)
        counters.add(columns, len(batch.records))
        said.add(batch)
        answered = {name: _taken(each, batch.answered) for name, each in columns.items()}
        profiled.add(answered, batch.answers)
    known = {k: v for k, v in counters.distributions().items() if k in before.columns}
    found = DataResult(before.columns, counters.rows, known, profiled.profiles())
    found.notes += [
        f"{name} has more than {MOST_TEXTS:,} different texts; those that the baseline does not "
        "have are compared as one"
        for name in counters.with_others()
        if name in before.columns
    ]
    off = [name for name, each in kept.columns.items() if not each.evaluated]
    found.notes += edits.note("data", known_before, document, off)
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
                f"{few(found.rows, watched, found.columns)}: only shifts of {shift:.2g} standard "
                f"deviations, or of {share:.0%} of a category, would surely have been seen"
            )
    return found


def few(
    rows: int, reference: Mapping[str, Distribution], window: Mapping[str, Distribution]
) -> str:
    """What a window has little of: rows, or a column's values, here or in the baseline."""
    both = sorted(reference.keys() & window.keys())
    known, then = min((reference[name].known, name) for name in both)
    here, now = min((window[name].known, name) for name in both)
    if known < here:
        return f"the baseline has only {known:,.0f} values of {then}"
    return f"{here:,.0f} values of {now} are few" if here < rows / 2 else f"{rows:,} rows are few"


def _check_same(
    then: Mapping[str, Distribution], reader: ColumnReader, classes: bool, folder: Path
) -> None:
    """Raise a DataError where a baseline is of another model."""
    numeric = {name: each.role == "numeric" for name, each in reader.readings.items()}
    numeric[baseline.PREDICTION] = not classes
    lacking = [name for name, is_number in numeric.items() if is_number and name not in then]
    for name, each in then.items():
        if numeric.get(name) is not isinstance(each, Numbers):
            lacking.append(name)
    if lacking:
        raise DataError(
            f"the baseline in {folder} is of another model, by {', '.join(sorted(lacking)[:5])}; "
            "give the baseline of the model version that answered"
        )


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
