"""Whether a model still is as good as it was: its metrics on a window, against the baseline's.

A bound equal to the baseline's value alarms in half of all calm windows. So the baseline carries
how far a metric strays by chance, from resampled test rows, and a bound gives that room.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from tabular import job
from tabular.metrics import MINIMIZED
from tabular.predictions import Predictions
from tabular.values import DataError

from .violations import Violation

SAMPLES, MOST_DRAWN = 400, 4_000
CHANCE = 0.001
WINDOW = 1_000
ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"
MEMBERS = ("threshold", "comparison_operator", "additional_properties")

Measure = Callable[[np.ndarray, Predictions], Mapping[str, float]]


@dataclass(frozen=True)
class Bound:
    """What a metric must reach in a window.

    Attributes:
        value: the baseline's.
        threshold: beyond it is a violation.
        comparison_operator: GreaterThanThreshold or LessThanThreshold, which is the violation.
        suggested: the threshold that the baseline suggested for a window of `WINDOW` rows.
        rows: of the test set.
    """

    value: float
    threshold: float
    comparison_operator: str
    suggested: float
    rows: int

    def for_window(self, rows: int) -> float:
        """The threshold for so many rows; one that a person has set stands as it is."""
        if self.threshold != self.suggested:
            return self.threshold
        room = math.sqrt((1 / rows + 1 / self.rows) / (1 / WINDOW + 1 / self.rows))
        return self.value + (self.threshold - self.value) * room


def suggested(
    truth: np.ndarray, predictions: Predictions, measure: Measure, seed: int = 0
) -> dict[str, Bound]:
    """Bounds for windows, from the rows of the test set.

    Args:
        truth: what was true of the test rows.
        predictions: what the model said.
        measure: the metrics of some rows.
        seed: of the resampling.
    """
    draw, rows = np.random.default_rng(seed), len(truth)
    size = min(rows, MOST_DRAWN)
    drawn: dict[str, list[float]] = {}
    for _ in range(SAMPLES):
        places = draw.integers(0, rows, size)
        if len(np.unique(truth[places])) > 1:
            for name, value in measure(truth[places], predictions.take(places)).items():
                drawn.setdefault(name, []).append(value)
    return {
        name: _bound(name, value, np.array(drawn.get(name, [value])), size, rows)
        for name, value in measure(truth, predictions).items()
    }


def _bound(name: str, value: float, drawn: np.ndarray, size: int, rows: int) -> Bound:
    # Few draws say little of a tail: it is taken for a normal one of the worse half's width.
    worse = np.maximum(drawn - value if name in MINIMIZED else value - drawn, 0)
    of_a_row = float(np.sqrt(2 * np.mean(worse**2) * size))
    room = -float(special.ndtri(CHANCE)) * of_a_row * math.sqrt(1 / WINDOW + 1 / rows)
    threshold = value + room if name in MINIMIZED else value - room
    return Bound(value, threshold, ABOVE if name in MINIMIZED else BELOW, threshold, rows)


def document(problem_type: str, bounds: Mapping[str, Bound]) -> dict[str, Any]:
    """Bounds as a constraints file in Model Monitor's format, for people to edit `threshold`."""
    metrics = {
        name: {
            "threshold": bound.threshold,
            "comparison_operator": bound.comparison_operator,
            "additional_properties": {
                "value": bound.value,
                "suggested": bound.suggested,
                "rows": bound.rows,
            },
        }
        for name, bound in bounds.items()
    }
    return {"version": 0.0, f"{problem_type}_constraints": metrics}


def statistics(problem_type: str, rows: int, bounds: Mapping[str, Bound]) -> dict[str, Any]:
    """The baseline's metrics as a statistics file in Model Monitor's format."""
    deviation = {
        name: abs(each.suggested - each.value)
        / -float(special.ndtri(CHANCE))
        / math.sqrt(each.rows / WINDOW + 1)
        for name, each in bounds.items()
    }
    metrics = {
        name: {"value": each.value, "standard_deviation": deviation[name]}
        for name, each in bounds.items()
    }
    return {
        "version": 0.0,
        "dataset": {"item_count": rows},
        f"{problem_type}_metrics": metrics,
    }


def read(problem_type: str, found: Mapping[str, Any]) -> dict[str, Bound]:
    """Bounds from a constraints file, as it was suggested or as a person changed it.

    Raises:
        DataError: a bound is unknown or no number, or its operator is unknown.
    """
    section, bounds = f"{problem_type}_constraints", {}
    _check_names(found, {"version", section}, "the file")
    kept = found.get(section, {})
    if not isinstance(kept, Mapping) or not all(isinstance(e, Mapping) for e in kept.values()):
        raise DataError(f"{section} in constraints.json is no object of metrics")
    for name, said in kept.items():
        _check_names(said, MEMBERS, f"metric {name!r}")
        threshold, operator = said.get("threshold"), said.get("comparison_operator")
        if isinstance(threshold, bool) or not isinstance(threshold, int | float):
            raise DataError(f"threshold of {name} in constraints.json is {threshold!r}, no number")
        if operator not in (ABOVE, BELOW):
            raise DataError(
                f"comparison_operator of {name} in constraints.json is {operator!r}"
                f"{job.suggest(str(operator), (ABOVE, BELOW))}"
            )
        known = said.get("additional_properties") or {}
        try:
            value, rows = float(known.get("value", threshold)), int(known.get("rows", 1))
            suggested = float(known.get("suggested", math.nan))
        except (TypeError, ValueError, AttributeError):
            raise DataError(
                f"additional_properties of {name} in constraints.json hold {known!r}; leave them "
                "as the baseline wrote them, or out"
            ) from None
        bounds[name] = Bound(value, float(threshold), operator, suggested, max(1, rows))
    return bounds


def _check_names(found: Any, known: Collection[str], place: str) -> None:
    if not isinstance(found, Mapping):
        raise DataError(f"{place} in quality/constraints.json is {found!r}; give an object")
    for name in found:
        if name not in known:
            raise DataError(
                f"{place} in quality/constraints.json has a bound {name!r}, which nobody would "
                f"look at{job.suggest(name, known)}"
            )


def check_measured(bounds: Iterable[str], measured: Collection[str]) -> None:
    """Raise a DataError where a bound is on a metric that is not measured."""
    for name in bounds:
        if name not in measured:
            raise DataError(
                f"quality/constraints.json has a bound on {name!r}, which is not measured"
                f"{job.suggest(name, measured)}"
            )


def violations(
    measured: Mapping[str, float], bounds: Mapping[str, Bound], rows: int
) -> list[Violation]:
    """The metrics of a window of so many rows that are beyond their bounds."""
    check_measured(bounds, measured)
    found = []
    for name, bound in bounds.items():
        value, threshold = measured[name], bound.for_window(rows)
        if value > threshold if bound.comparison_operator == ABOVE else value < threshold:
            said = f"Metric {name} with {value:.4g} was {bound.comparison_operator} "
            said += f"{threshold:.4g}"
            found.append(Violation(name, bound.comparison_operator, said, of_metric=True))
    return found
