"""How often rules of drift alarm in calm windows, and how often they find a shifted column.

    python benchmarks/drift_rules.py --calm 1000 --shifted 200

The windows are those of `tests/drift_windows.py`, on which the project's rule is tested.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from drift_windows import Columns, Rule, Violations, comparisons, rates


def robust_distance(reference: Columns, new: Columns) -> set[str]:
    """Model Monitor's default: the largest distance, less what chance gives, above 0.1."""
    named = set()
    for name, column in new.items():
        n, m = reference[name].known, column.known
        distance = comparisons.compare(reference[name], column).effect
        if distance - 1.8 * np.sqrt((n + m) / (n * m)) > 0.1:
            named.add(name)
    return named


def stability_above(reference: Columns, new: Columns) -> set[str]:
    """The columns whose PSI is above 0.2."""
    return {name for name in new if comparisons.stability_index(reference[name], new[name]) > 0.2}


def each_at_5_percent(reference: Columns, new: Columns) -> set[str]:
    """The columns whose own p-value is below 0.05."""
    return {name for name in new if comparisons.compare(reference[name], new[name]).p_value < 0.05}


RULES: dict[str, Rule] = {
    "this project": Violations(),
    "Model Monitor's default": robust_distance,
    "PSI > 0.2": stability_above,
    "p < 0.05 per column": each_at_5_percent,
}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name, count in {"calm": 1_000, "shifted": 200, "references": 5}.items():
        parser.add_argument(f"--{name}", type=int, default=count)
    asked = parser.parse_args()
    print("| rule | calm windows with an alarm | found (worst column) | another column named |")
    print("|---|---|---|---|")
    for rule, named in RULES.items():
        found = rates(named, asked.calm, asked.shifted, asked.references)
        worst = min(found.found, key=found.found.__getitem__)
        share = f"{np.mean([*found.found.values()]):.1%} ({worst} {found.found[worst]:.1%})"
        print(f"| {rule} | {found.alarms:.2%} | {share} | {found.others:.2%} |")
