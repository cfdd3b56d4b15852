"""Whether a model still is as good as it was: its metrics on a window, against the baseline's.

A bound equal to the baseline's value alarms in half of all calm windows. So the baseline carries
an interval: how far a metric of so many rows strays by chance, from resampled test rows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tabular.metrics import MINIMIZED
from tabular.predictions import Predictions

from .violations import Violation

SAMPLES = 400
CHANCE = 0.001

Measure = Callable[[np.ndarray, Predictions], Mapping[str, float]]


@dataclass(frozen=True)
class Bound:
    """What a metric must reach in a window.

    Attributes:
        value: the baseline's.
        threshold: beyond it is a violation.
        comparison_operator: GreaterThanThreshold or LessThanThreshold, which is the violation.
    """

    value: float
    threshold: float
    comparison_operator: str


def bounds(
    truth: np.ndarray, predictions: Predictions, measure: Measure, rows: int, seed: int = 0
) -> dict[str, Bound]:
    """Bounds for a window of so many rows, from the rows of the test set.

    Args:
        truth: what was true of the test rows.
        predictions: what the model said.
        measure: the metrics of some rows.
        rows: of the window.
        seed: of the resampling.
    """
    baseline = measure(truth, predictions)
    draw = np.random.default_rng(seed)
    drawn: dict[str, list[float]] = {name: [] for name in baseline}
    for _ in range(SAMPLES):
        places = draw.integers(0, len(truth), rows)
        if len(np.unique(truth[places])) < 2:
            continue
        for name, value in measure(truth[places], predictions.take(places)).items():
            drawn[name].append(value)
    # The test set itself is a sample, too, of its own size.
    wider = np.sqrt(1 + rows / len(truth))
    return {
        name: _bound(name, value, np.array(drawn[name]), wider) for name, value in baseline.items()
    }


def _bound(name: str, value: float, drawn: np.ndarray, wider: float) -> Bound:
    from scipy import special

    # Few draws say little of a tail: the tail is a normal one, of the worse half's width.
    minimized = name in MINIMIZED
    off = (drawn - value) if minimized else (value - drawn)
    width = float(np.sqrt(np.mean(np.maximum(off, 0) ** 2) * 2)) if len(off) else 0.0
    reach = -float(special.ndtri(CHANCE)) * width * wider
    operator = "GreaterThanThreshold" if minimized else "LessThanThreshold"
    return Bound(value, value + reach if minimized else value - reach, operator)


def violations(measured: Mapping[str, float], bounds: Mapping[str, Bound]) -> list[Violation]:
    """The metrics of a window that are beyond their bounds."""
    found = []
    for name, bound in bounds.items():
        value = measured[name]
        above = bound.comparison_operator == "GreaterThanThreshold"
        if value > bound.threshold if above else value < bound.threshold:
            said = f"Metric {name} with {value:.4g} was {bound.comparison_operator} "
            said += f"{bound.threshold:.4g}"
            found.append(Violation(name, bound.comparison_operator, said, of_metric=True))
    return found
