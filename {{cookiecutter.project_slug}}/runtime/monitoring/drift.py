"""Which columns drifted: all comparisons of a window under one bound for false alarms.

Holm's correction keeps the chance of any false alarm in a calm window at `LEVEL`, however many
columns there are. A difference counts only if it is also as large as matters.
"""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from scipy import special

from .comparisons import Comparison, compare, compare_missing, stability_index
from .constraints import LEAST, LEVEL
from .distributions import Distribution, Numbers

POWER = 0.95

Compare = Callable[[Distribution, Distribution], Comparison]


@dataclass(frozen=True)
class Finding:
    """One comparison of one column.

    Attributes:
        column: its name.
        comparison: what was found.
        drifted: whether it counts as drift.
        stability_index: PSI of the column.
    """

    column: str
    comparison: Comparison
    drifted: bool
    stability_index: float


def find(
    reference: Mapping[str, Distribution],
    window: Mapping[str, Distribution],
    own: Mapping[str, Compare] | None = None,
    level: float = LEVEL,
    least: Mapping[str, float] = LEAST,
    bounded: Collection[str] = (),
) -> list[Finding]:
    """Compare the columns that both have.

    Args:
        reference: columns of the baseline.
        window: columns of the new rows.
        own: comparisons that replace the usual one, by column.
        level: how likely any false alarm of a calm window may be.
        least: the smallest effect that counts, by kind of comparison.
        bounded: columns whose missing values have a bound, and so need no comparison.
    """
    names = reference.keys() & window.keys()
    compared: list[tuple[str, Comparison]] = []
    for name in names:
        before, now = reference[name], window[name]
        compared.append((name, (own or {}).get(name, compare)(before, now)))
        if name not in bounded:
            compared.append((name, compare_missing(before, now)))
    marks = _holm([each.p_value for _, each in compared], level)
    order = {name: place for place, name in enumerate(reference)}
    stability = {name: stability_index(reference[name], window[name]) for name in names}
    found = [
        Finding(name, each, significant and each.effect >= least[each.kind], stability[name])
        for (name, each), significant in zip(compared, marks, strict=True)
    ]
    return sorted(found, key=lambda each: (order[each.column], each.comparison.kind == "missing"))


def _holm(p_values: list[float], level: float) -> list[bool]:
    marks = [False] * len(p_values)
    ordered = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, place in enumerate(ordered):
        if p_values[place] > level / (len(p_values) - rank):
            break
        marks[place] = True
    return marks


def smallest_shift(
    reference: Mapping[str, Distribution], window: Mapping[str, Distribution], level: float = LEVEL
) -> tuple[float, float]:
    """What these windows would show nineteen times of twenty.

    Returns:
        The shift of a numeric column in standard deviations, and the change of a category's share
        (0 to 1); infinite where a window has no rows.
    """
    names = reference.keys() & window.keys()
    bound = level / max(1, 4 * len(names))
    score = -float(special.ndtri(bound / 2)) + float(special.ndtri(POWER))
    shift, share = 0.0, 0.0
    for name in names:
        n, m = reference[name].known, window[name].known
        if not n or not m:
            return math.inf, math.inf
        if isinstance(reference[name], Numbers):
            wins = 0.5 + score * math.sqrt((n + m + 1) / (12 * n * m))
            seen = math.sqrt(2) * float(special.ndtri(wins)) if wins < 1 else math.inf
            shift = max(shift, seen)
        else:
            share = max(share, min(1.0, score * math.sqrt(0.25 * (1 / n + 1 / m))))
    return shift, share
