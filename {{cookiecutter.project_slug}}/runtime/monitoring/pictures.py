"""A column then and now: how its values are distributed, and how predictions move with them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import svg
from .dependence import Profile
from .distributions import Categories, Distribution, Numbers
from .svg import LINE, NOW, THEN, Point

WIDTH = 440.0
BINS, MOST_BARS, LEAST_ROWS, LARGEST = 28, 8, 10, 1e100
LOW, HIGH = 0.005, 0.995  # what is beyond these shares of the rows is drawn at the edge
TOP, MIDDLE, GAP, BOTTOM = 6.0, 96.0, 36.0, 82.0  # heights of a picture of numbers
LEFT, RIGHT, MISSING = 48.0, 12.0, 54.0
NAMES, ROW, BARS, DOTS = 112.0, 24.0, 132.0, (334.0, 410.0)  # of one of categories


@dataclass(frozen=True)
class Side:
    """A column at one time.

    Attributes:
        column: its distribution.
        profile: how predictions moved with it; None where nobody knows.
    """

    column: Distribution
    profile: Profile | None = None


def of_column(then: Side, now: Side, label: str) -> str:
    """Both times over each other: grey then, blue now.

    Args:
        then: of the baseline.
        now: of the window.
        label: the class whose share is drawn below; "" for the mean of numbers.
    """
    if isinstance(then.column, Numbers) and isinstance(now.column, Numbers):
        return _Numeric(then, now, label).picture()
    assert isinstance(then.column, Categories) and isinstance(now.column, Categories)
    return _of_categories(then, now, label)


def said_of(label: str) -> str:
    """What is drawn of the predictions."""
    return f"share of {label!r}" if label else "mean prediction"


class _Numeric:
    """Histograms above, the predictions below, on one axis."""

    def __init__(self, then: Side, now: Side, label: str) -> None:
        self._sides, self._label = (then, now), label
        self._columns = [side.column for side in self._sides if isinstance(side.column, Numbers)]
        known = [each for each in self._columns if each.known]
        self._low = max(-LARGEST, min((_quantile(each, LOW) for each in known), default=0.0))
        self._high = min(LARGEST, max((_quantile(each, HIGH) for each in known), default=1.0))
        if self._high <= self._low:
            self._low, self._high = self._low - 0.5, self._high + 0.5
        self._edges = self._cut()
        self._low, self._high = float(self._edges[0]), float(self._edges[-1])
        profiles = [side.profile for side in self._sides if side.profile]
        self._profiled = any(each.rows.any() for each in profiles)
        self._missing = any(each.rows[-1] >= LEAST_ROWS for each in profiles)
        self._right = WIDTH - RIGHT - MISSING * self._missing

    def _cut(self) -> np.ndarray:
        low, high = self._low, self._high
        if any((each.values % 1).any() for each in self._columns):
            return np.linspace(low, high, BINS + 1)
        width = max(1.0, np.ceil((high - low) / BINS))  # whole numbers: as many in each bin
        return np.arange(low - 0.5, high + width, width)

    def picture(self) -> str:
        drawn = [*self._histograms(), self._axis()]
        if not self._profiled:
            return svg.picture(WIDTH, MIDDLE + 20, drawn)
        drawn += self._predictions()
        return svg.picture(WIDTH, MIDDLE + GAP + BOTTOM + 8, drawn)

    def _x(self, value: float) -> float:
        share = (min(max(value, self._low), self._high) - self._low) / (self._high - self._low)
        return LEFT + share * (self._right - LEFT)

    def _histograms(self) -> list[str]:
        shares = []
        for each in self._columns:
            values = np.clip(each.values, self._low, self._high)
            counts = np.histogram(values, self._edges, weights=each.weights)[0]
            shares.append(counts / max(1.0, each.known))
        top = max(float(each.max()) for each in shares) or 1.0
        return [
            svg.area(self._steps(found / top), colour, opacity)
            for found, colour, opacity in zip(shares, (THEN, NOW), (0.35, 0.22), strict=True)
        ]

    def _steps(self, shares: np.ndarray) -> list[Point]:
        xs = [self._x(float(edge)) for edge in self._edges]
        points: list[Point] = [(xs[0], MIDDLE)]
        for place, share in enumerate(shares):
            y = MIDDLE - float(share) * (MIDDLE - TOP)
            points += [(xs[place], y), (xs[place + 1], y)]
        return [*points, (xs[-1], MIDDLE)]

    def _axis(self) -> str:
        found = ticks(self._low, self._high)
        marks = [((self._x(each), MIDDLE), (self._x(each), MIDDLE + 4)) for each in found]
        texts = [svg.text(self._x(each), MIDDLE + 15, short(each), "middle") for each in found]
        base = ((LEFT, MIDDLE), (self._right, MIDDLE))
        return svg.segments([base, *marks], LINE) + "".join(texts)

    def _said(self, value: float) -> str:
        return _percent(value) if self._label else short(value)

    def _predictions(self) -> list[str]:
        top, bottom = MIDDLE + GAP, MIDDLE + GAP + BOTTOM
        points = [_points(side.profile, self._label) for side in self._sides]
        values = [value for found in points for _, value, _, _ in found]
        low, high = _range(values, bool(self._label))

        def y(value: float) -> float:
            return bottom - (min(max(value, low), high) - low) / (high - low) * (bottom - top)

        at = WIDTH - RIGHT - MISSING / 2 + 6
        drawn = [
            svg.segments([((LEFT, y(each)), (self._right, y(each))) for each in (low, high)], LINE),
            *(svg.text(LEFT - 6, y(each) + 4, self._said(each), "end") for each in (low, high)),
            svg.text(LEFT, top - 7, said_of(self._label), most=60),
        ]
        if self._missing:
            drawn.append(svg.text(at, MIDDLE + 15, "missing", "middle"))
        for found, colour in zip(points, (THEN, NOW), strict=True):
            known = [(self._x(x), y(value)) for x, value, _, last in found if not last]
            placed = [(at if last else self._x(x), v, error) for x, v, error, last in found]
            bars = [((x, y(v - 2 * error)), (x, y(v + 2 * error))) for x, v, error in placed]
            drawn += [
                svg.path(known, colour),
                svg.segments(bars, colour),
                svg.dots([(x, y(v)) for x, v, _ in placed], colour),
            ]
        return drawn


def _quantile(column: Numbers, share: float) -> float:
    place = np.searchsorted(np.cumsum(column.weights), share * column.known)
    return float(column.values[min(int(place), len(column.values) - 1)])


def _points(profile: Profile | None, label: str) -> list[tuple[float, float, float, bool]]:
    """Of each bin with enough rows: where it is, mean, standard error, whether it is missing."""
    if profile is None or label not in profile.means:
        return []
    last = profile.bins.size - 1
    return [
        (
            float(profile.centres[place]),
            float(profile.means[label][place]),
            float(profile.errors[label][place]),
            place == last,
        )
        for place in np.flatnonzero(profile.rows >= LEAST_ROWS).tolist()
    ]


def _range(values: Sequence[float], is_share: bool) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = (high - low) * 0.08 or max(abs(high) * 0.05, 1e-9)
    low, high = low - room, high + room
    return (max(low, 0.0), min(high, 1.0)) if is_share else (low, high)


def _of_categories(then: Side, now: Side, label: str) -> str:
    sides = (then, now)
    shares = {name: [_share(side.column, name) for side in sides] for name in _shown(then, now)}
    top = max((max(each) for each in shares.values()), default=0.0) or 1.0
    drawn = []
    for place, (name, found) in enumerate(shares.items()):
        y = TOP + place * ROW
        drawn.append(svg.text(NAMES - 6, y + 14, name, "end", most=17))
        for row, (share, colour) in enumerate(zip(found, (THEN, NOW), strict=True)):
            drawn.append(svg.boxes([(NAMES, y + 2 + row * 9, share / top * BARS, 8)], colour, 0.9))
        said = f"{_percent(found[0])} → {_percent(found[1])}"
        drawn.append(svg.text(NAMES + max(found) / top * BARS + 5, y + 14, said))
    height = TOP + len(shares) * ROW
    dots = _dots(sides, list(shares), label)
    return svg.picture(WIDTH, height + 18 * bool(dots), [*drawn, *dots])


def _shown(then: Side, now: Side) -> list[str]:
    """The categories that changed most, in the order of their share then."""
    names: set[str] = set()
    for side in (then, now):
        assert isinstance(side.column, Categories)
        names |= side.column.counts.keys()
    shares = {name: (_share(then.column, name), _share(now.column, name)) for name in names}
    changed = sorted(names, key=lambda name: (-abs(shares[name][0] - shares[name][1]), name))
    return sorted(changed[:MOST_BARS], key=lambda name: (-shares[name][0], -shares[name][1], name))


def _share(column: Distribution, name: str) -> float:
    assert isinstance(column, Categories)
    return column.counts.get(name, 0) / max(1.0, column.known)


def _percent(share: float) -> str:
    return f"{share:.1%}" if 0 < share < 0.0995 else f"{share:.0%}"


def _dots(sides: Sequence[Side], names: Sequence[str], label: str) -> list[str]:
    found = []
    for side, colour in zip(sides, (THEN, NOW), strict=True):
        if side.profile is None or label not in side.profile.means:
            continue
        known = {name: place for place, name in enumerate(side.profile.bins.categories)}
        for row, name in enumerate(names):
            place = known.get(name)
            if place is not None and side.profile.rows[place] >= LEAST_ROWS:
                mean, error = (
                    float(each[label][place]) for each in (side.profile.means, side.profile.errors)
                )
                found.append((row, mean, error, colour))
    if not found:
        return []
    low, high = _range([mean for _, mean, _, _ in found], bool(label))
    left, right = DOTS

    def x(value: float) -> float:
        return left + (min(max(value, low), high) - low) / (high - low) * (right - left)

    bottom = TOP + len(names) * ROW
    drawn = [svg.segments([((at, TOP), (at, bottom)) for at in DOTS], LINE)]
    for row, mean, error, colour in found:
        y = TOP + row * ROW + (6 if colour == THEN else 15)
        drawn.append(svg.segments([((x(mean - 2 * error), y), (x(mean + 2 * error), y))], colour))
        drawn.append(svg.dots([(x(mean), y)], colour))
    said = [_percent(each) if label else short(each) for each in (low, high)]
    ends = [svg.text(at, bottom + 13, each, "middle") for at, each in zip(DOTS, said, strict=True)]
    return [*drawn, *ends, svg.text(NAMES, bottom + 13, f"right: {said_of(label)}", most=34)]


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers in a range, so many at most."""
    size = (high - low) / most
    step = 10.0 ** math.floor(math.log10(size)) if size > 0 else 1.0
    step *= next((each for each in (1, 2, 5) if each * step >= size), 10)
    first = math.ceil(low / step)
    return [place * step for place in range(first, math.floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """A number beside a picture."""
    if abs(value) >= 1e6 or (value and abs(value) < 1e-3):
        return f"{value:.2e}" if abs(value) >= 1e10 or abs(value) < 1 else f"{value / 1e6:,.3g}M"
    if abs(value) >= 100_000:
        return f"{value / 1e3:,.0f}k"
    if abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1000 else f"{value:.3g}"
