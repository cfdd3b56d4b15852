"""Windows of rows, calm or with one shifted column, and how often a rule names its columns.

References of 10,000 rows, windows of 1,000: ten numeric and five categorical columns, some with
values that are missing.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

RUNTIME = Path(__file__).parent.parent / "{{cookiecutter.project_slug}}" / "runtime"
sys.path.insert(0, str(RUNTIME))

from monitoring import comparisons, constraints, drift, violations  # noqa: E402
from monitoring.distributions import Categories, Distribution, Numbers  # noqa: E402

Columns = dict[str, Any]  # distributions by name
Rule = Callable[[Columns, Columns], set[str]]

CONTINUOUS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda draw, rows: draw.normal(size=rows),
    "lognormal": lambda draw, rows: draw.lognormal(size=rows),
    "exponential": lambda draw, rows: draw.exponential(size=rows),
    "uniform": lambda draw, rows: draw.uniform(size=rows),
    "bimodal": lambda draw, rows: draw.normal(size=rows) + 4 * draw.integers(0, 2, rows),
    "student": lambda draw, rows: draw.standard_t(3, rows),
}
NUMERIC = CONTINUOUS | {
    "poisson": lambda draw, rows: draw.poisson(3, rows).astype(float),
    "zeros": lambda draw, rows: draw.exponential(size=rows) * (draw.random(rows) > 0.6),
    "years": lambda draw, rows: draw.integers(1995, 2025, rows).astype(float),
    "rounded": lambda draw, rows: draw.normal(50, 20, rows).round(-1),
}
LEVELS = {"two": 2, "four": 4, "eight": 8, "fifteen": 15, "fifty": 50}
NAMES = (*NUMERIC, *LEVELS)
MISSING = {"exponential": 0.1, "years": 0.02, "eight": 0.3}
DEVIATION = {name: make(np.random.default_rng(0), 100_000).std() for name, make in NUMERIC.items()}


def column(
    draw: np.random.Generator, name: str, rows: int, sigma: float = 0.0, moved: float = 0.0
) -> Distribution:
    """A column's values.

    Args:
        draw: what is random.
        name: of the column.
        rows: how many.
        sigma: by how many standard deviations its numbers are shifted.
        moved: the share of rows that go from its most frequent categories to its rarest.
    """
    missing = int(draw.binomial(rows, MISSING.get(name, 0.0)))
    if name in NUMERIC:
        return Numbers.of(NUMERIC[name](draw, rows - missing) + sigma * DEVIATION[name], missing)
    shares = np.arange(LEVELS[name], 0, -1) + LEVELS[name] / 2
    shares /= shares.sum()
    taken = np.clip(moved - (np.cumsum(shares) - shares), 0, shares)
    shares = shares - taken
    shares[-1] += moved
    counts = draw.multinomial(rows - missing, shares)
    return Categories({str(n): int(c) for n, c in enumerate(counts) if c}, missing)


def window(draw: np.random.Generator, rows: int = 1_000, sigma: float = 0.0) -> Columns:
    """All columns; the continuous ones may be shifted."""
    return {name: column(draw, name, rows, sigma * (name in CONTINUOUS)) for name in NAMES}


def references(count: int) -> Iterator[tuple[Columns, np.random.Generator]]:
    """Baselines, each as a file keeps it, and what draws the windows to hold to it."""
    for number in range(count):
        draw = np.random.default_rng([11, number])
        found = window(draw, 10_000)
        yield (
            {
                name: each.shortened() if isinstance(each, Numbers) else each
                for name, each in found.items()
            },
            draw,
        )


class Violations:
    """The project's rule: the columns that violate something at the defaults.

    Windows share columns here, and what was compared once is remembered.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Any, Any, comparisons.Comparison]] = {}

    def __call__(self, reference: Columns, new: Columns) -> set[str]:
        kept = constraints.read(constraints.suggested(reference), reference)
        own = dict.fromkeys(reference, self._compared)
        found = violations.of_columns(kept, new, {})
        found += violations.of_drift(kept, drift.find(reference, new, own, kept.level, kept.least))
        return {each.feature_name for each in found}

    def _compared(self, before: Distribution, now: Distribution) -> comparisons.Comparison:
        key = id(before), id(now)
        if key not in self._known:
            self._known[key] = before, now, comparisons.compare(before, now)
        return self._known[key][2]


@dataclass(frozen=True)
class Rates:
    """How often a rule names columns.

    Attributes:
        alarms: the share of calm windows in which it names any.
        found: the share of windows with a shifted column in which it names that one, by column.
        others: the share of these windows in which it names another.
    """

    alarms: float
    found: dict[str, float]
    others: float


def rates(rule: Rule, calm: int = 1_000, shifted: int = 200, count: int = 5) -> Rates:
    """Measure a rule.

    Args:
        rule: gives the names of columns that drifted, from a reference and a window.
        calm: how many calm windows.
        shifted: how many windows there are for each column in which that one is shifted by 0.25
            standard deviations, or 10 points of its categories.
        count: of references, which share these windows.
    """
    alarms, others, found = 0, 0, dict.fromkeys(NAMES, 0)
    for reference, draw in references(count):
        for number in range(calm // count):
            new = window(draw)
            alarms += bool(rule(reference, new))
            for name in NAMES if number < shifted // count else ():
                named = rule(reference, new | {name: column(draw, name, 1_000, 0.25, 0.1)})
                found[name] += name in named
                others += bool(named - {name})
    return Rates(
        alarms / calm,
        {name: hits / shifted for name, hits in found.items()},
        others / (shifted * len(NAMES)),
    )
