"""How often rules of drift alarm in calm windows, and how often they find a shifted column.

    python benchmarks/drift_rules.py --calm 1000 --shifted 200

References of 10,000 rows, windows of 1,000, ten numeric and five categorical columns.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

RUNTIME = Path(__file__).parent.parent / "{{cookiecutter.project_slug}}" / "runtime"
sys.path.insert(0, str(RUNTIME))

from monitoring import comparisons, drift  # noqa: E402
from monitoring.distributions import Categories, Distribution, Numbers  # noqa: E402

Columns = dict[str, Distribution]
LEVELS = {"two": 2, "four": 4, "eight": 8, "fifteen": 15, "fifty": 50}
NUMERIC: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "normal": lambda draw, rows: draw.normal(size=rows),
    "lognormal": lambda draw, rows: draw.lognormal(size=rows),
    "exponential": lambda draw, rows: draw.exponential(size=rows),
    "uniform": lambda draw, rows: draw.uniform(size=rows),
    "bimodal": lambda draw, rows: draw.normal(size=rows) + 4 * draw.integers(0, 2, rows),
    "poisson": lambda draw, rows: draw.poisson(3, rows).astype(float),
    "zeros": lambda draw, rows: draw.exponential(size=rows) * (draw.random(rows) > 0.6),
    "student": lambda draw, rows: draw.standard_t(3, rows),
    "years": lambda draw, rows: draw.integers(1995, 2025, rows).astype(float),
    "rounded": lambda draw, rows: draw.normal(50, 20, rows).round(-1),
}


def window(draw: np.random.Generator, rows: int, shifted: str = "") -> Columns:
    """Rows of every column; one of them shifted by 0.25 deviations, or by 10 points."""
    found: Columns = {}
    for name, make in NUMERIC.items():
        by = 0.25 * make(np.random.default_rng(0), 100_000).std() if name == shifted else 0.0
        found[name] = Numbers.of(make(draw, rows) + by)
    for name, count in LEVELS.items():
        shares = np.arange(count, 0, -1) + count / 2
        shares = shares / shares.sum()
        if name == shifted:
            taken = np.minimum(shares, np.maximum(0.0, 0.1 - (np.cumsum(shares) - shares)))
            shares = shares - taken
            shares[-1] += 0.1
        drawn = draw.multinomial(rows, shares)
        found[name] = Categories({str(n): int(c) for n, c in enumerate(drawn) if c})
    return found


def ours(reference: Columns, new: Columns) -> set[str]:
    """The columns that the project's rule names."""
    return {each.column for each in drift.find(reference, new) if each.drifted}


def each_at_5_percent(reference: Columns, new: Columns) -> set[str]:
    """The columns whose own p-value is below 0.05."""
    return {name for name in new if comparisons.compare(reference[name], new[name]).p_value < 0.05}


def stability_above(reference: Columns, new: Columns) -> set[str]:
    """The columns whose PSI is above 0.2."""
    return {name for name in new if comparisons.stability_index(reference[name], new[name]) > 0.2}


def robust_distance(reference: Columns, new: Columns) -> set[str]:
    """Model Monitor's default: the largest distance, less what chance gives, above 0.1."""
    named = set()
    for name, column in new.items():
        n, m = reference[name].known, column.known
        distance = comparisons.compare(reference[name], column).effect
        if distance - 1.8 * np.sqrt((n + m) / (n * m)) > 0.1:
            named.add(name)
    return named


RULES = {
    "ours": ours,
    "Model Monitor's default": robust_distance,
    "PSI > 0.2": stability_above,
    "p < 0.05 per column": each_at_5_percent,
}


def measured(calm: int, shifted: int, references: int) -> None:
    """Print a line for each rule."""
    alarms = dict.fromkeys(RULES, 0)
    found = {rule: {name: [0, 0] for name in (*NUMERIC, *LEVELS)} for rule in RULES}
    others = dict.fromkeys(RULES, 0)
    for number in range(references):
        draw = np.random.default_rng([11, number])
        reference = window(draw, 10_000)
        reference = {
            name: each.shortened() if isinstance(each, Numbers) else each
            for name, each in reference.items()
        }
        for _ in range(calm // references):
            new = window(draw, 1_000)
            for rule, named in RULES.items():
                alarms[rule] += bool(named(reference, new))
        for name in (*NUMERIC, *LEVELS):
            for _ in range(shifted // references):
                new = window(draw, 1_000, name)
                for rule, named in RULES.items():
                    hit = named(reference, new)
                    found[rule][name][0] += name in hit
                    found[rule][name][1] += 1
                    others[rule] += bool(hit - {name})
    runs = sum(tries for _, tries in found["ours"].values())
    for rule in RULES:
        share = {name: hits / tries for name, (hits, tries) in found[rule].items()}
        worst = min(share, key=share.__getitem__)
        print(
            f"{rule}: {alarms[rule] / calm:.2%} of calm windows alarm; found "
            f"{np.mean(list(share.values())):.1%} (worst {worst} {share[worst]:.1%}); "
            f"another column named in {others[rule] / runs:.2%}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calm", type=int, default=1_000)
    parser.add_argument("--shifted", type=int, default=200)
    parser.add_argument("--references", type=int, default=5)
    asked = parser.parse_args()
    measured(asked.calm, asked.shifted, asked.references)
