"""Pictures over windows: lines of values, and a strip for each column; events are marked in them.

Windows stand beside each other in their order, however much time is between them.
"""

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from . import svg
from .bookmark import moment
from .history import Entry, Event
from .pictures import short
from .svg import ALERT, LINE, NOW, Point

WIDTH, HEIGHT, LEFT, RIGHT = 290.0, 104.0, 46.0, 8.0
TOP, BOTTOM = 8.0, 20.0
STRIP_WIDTH, NAMES, CELL = 940.0, 210.0, 15.0
LEVELS = (0.02, 0.05, 0.1, 0.2, 0.4)  # effects from which a cell gets darker
MARKS = {"deployed": "deployed", "rolled back": "deployed", "retrained": "retrained"}


@dataclass(frozen=True)
class Line:
    """A value over windows.

    Attributes:
        values: of each window; None where it has none.
        colour: a variable of the page.
        alerts: the places of windows in which it is out of bounds.
        dashed: whether it is a bound.
    """

    values: Sequence[float | None]
    colour: str = NOW
    alerts: frozenset[int] = frozenset()
    dashed: bool = False


class Course:
    """Where windows and events are, from 0 at the first window to 1 at the last.

    Args:
        entries: the windows, the newest last.
        events: what happened besides.
    """

    def __init__(self, entries: Sequence[Entry], events: Sequence[Event]) -> None:
        self.entries = entries
        self._ends = [moment(each.end) for each in entries]
        found = [(self._place(each), mark(each)) for each in events]
        self.marks = [(place, mark) for place, mark in found if place is not None]

    def window(self, place: int) -> float:
        """Where a window is."""
        return (place + 0.5) / max(1, len(self.entries))

    def _place(self, event: Event) -> float | None:
        """Between the windows before and after it; None of one that was before all of them."""
        time = moment(event.time)
        after = bisect.bisect_left(self._ends, time)
        if after == len(self._ends):
            return 1.0
        if not after:
            return 0.0 if self._ends and (self._ends[0] - time).days < 1 else None
        before, next_one = self._ends[after - 1], self._ends[after]
        share = (time - before) / (next_one - before)
        return (after - 0.5 + share) / len(self._ends)


def mark(event: Event) -> str:
    """The colour of an event's kind."""
    return MARKS.get(event.kind, "other")


def chart(
    course: Course,
    lines: Sequence[Line],
    least: float | None = None,
    most: float | None = None,
) -> str:
    """Lines over windows, on one scale.

    Args:
        course: of the windows.
        lines: of one value for each window; a gap is a window without one.
        least: that the scale reaches down to, such as 0.
        most: that it reaches up to.
    """
    known = [value for each in lines for value in each.values if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    low = low if least is None else min(low, least)
    high = high if most is None else max(high, most)
    if high <= low:
        high = low + (abs(low) * 0.1 or 1.0)
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT

    def point(place: int, value: float) -> Point:
        x = LEFT + course.window(place) * (right - LEFT)
        return x, bottom - (value - low) / (high - low) * (bottom - TOP)

    drawn = [
        svg.segments([((LEFT, y), (right, y)) for y in (TOP, bottom)], LINE),
        svg.text(LEFT - 5, TOP + 4, short(high), "end"),
        svg.text(LEFT - 5, bottom + 4, short(low), "end"),
        *_events(course, LEFT, right, TOP, bottom),
    ]
    for line in lines:
        drawn += _drawn(line, [p and point(*p) for p in _places(line.values)])
    return svg.picture(WIDTH, HEIGHT, [*drawn, *_dates(course, LEFT, right, HEIGHT - 5)])


def _places(values: Sequence[float | None]) -> list[tuple[int, float] | None]:
    return [None if value is None else (place, value) for place, value in enumerate(values)]


def _drawn(line: Line, points: Sequence[Point | None]) -> list[str]:
    runs: list[list[Point]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    dashes = "4 3" if line.dashed else ""
    drawn = [svg.path(run, line.colour, 1.0 if line.dashed else 1.5, dashes) for run in runs]
    if line.dashed:
        return drawn
    calm = [p for place, p in enumerate(points) if p and place not in line.alerts]
    red = [p for place, p in enumerate(points) if p and place in line.alerts]
    size = 4.0 if len(points) <= 60 else 2.5
    return [*drawn, svg.dots(calm, line.colour, size), svg.dots(red, ALERT, size + 3)]


def _events(course: Course, left: float, right: float, top: float, bottom: float) -> list[str]:
    """A line for each event, in the colour of its kind."""
    found: dict[str, list[tuple[Point, Point]]] = {}
    for place, mark in course.marks:
        x = left + place * (right - left)
        found.setdefault(mark, []).append(((x, top), (x, bottom)))
    return [svg.segments(pairs, mark, 1.5) for mark, pairs in found.items()]


def _dates(course: Course, left: float, right: float, y: float) -> list[str]:
    if not course.entries:
        return []
    first, last = course.entries[0].end, course.entries[-1].end
    form = slice(5, 16) if first[:10] == last[:10] else slice(0, 10)
    texts = [first[form].replace("T", " "), last[form].replace("T", " ")]
    drawn = [svg.text(left, y, texts[0])] if len(course.entries) > 1 else []
    return [*drawn, svg.text(right, y, texts[1], "end")]


def strips(course: Course, names: Sequence[str]) -> str:
    """A row of cells for each column: darker where it changed more, red where it drifted."""
    width = (STRIP_WIDTH - NAMES) / max(1, len(course.entries))
    bottom = TOP + len(names) * CELL
    shades: dict[tuple[str, float], list[tuple[float, float, float, float]]] = {}
    for row, name in enumerate(names):
        for place, entry in enumerate(course.entries):
            level = sum(entry.drift.get(name, 0.0) >= each for each in LEVELS)
            red = name in entry.violations
            if level or red:
                box = (NAMES + place * width, TOP + row * CELL, max(width - 1, 0.5), CELL - 2)
                shade = (ALERT if red else NOW, 0.9 if red else (level / len(LEVELS)) ** 1.5)
                shades.setdefault(shade, []).append(box)
    rows = [(NAMES, TOP + row * CELL, STRIP_WIDTH - NAMES, CELL - 2) for row in range(len(names))]
    drawn = [
        svg.boxes(rows, LINE, 0.45),
        *(svg.boxes(boxes, *shade) for shade, boxes in shades.items()),
        *(
            svg.text(NAMES - 8, TOP + row * CELL + 10.5, name, "end", most=34)
            for row, name in enumerate(names)
        ),
        *_events(course, NAMES, STRIP_WIDTH, TOP - 6, bottom),
        *_dates(course, NAMES, STRIP_WIDTH, bottom + 14),
    ]
    return svg.picture(STRIP_WIDTH, bottom + 20, drawn)


def of_entries(entries: Sequence[Entry], values: Sequence[Mapping[str, float]], name: str) -> Line:
    """The line of a named value, red in windows of which it violates something."""
    red = frozenset(place for place, each in enumerate(entries) if name in each.violations)
    return Line([each.get(name) for each in values], alerts=red)
