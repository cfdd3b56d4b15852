"""Small pictures for a report, as SVG: a column then and now, and lines over windows."""

import html
from collections.abc import Sequence

import numpy as np

from .distributions import Categories, Distribution, Numbers

WIDTH, HEIGHT = 300, 96
THEN, NOW, ALERT = "#8a8f98", "#2f6f9f", "#b3372f"
BINS, MOST_BARS = 24, 8


def distributions(then: Distribution, now: Distribution) -> str:
    """Both distributions over each other: grey then, blue now."""
    if isinstance(then, Numbers) and isinstance(now, Numbers):
        return _histograms(then, now)
    assert isinstance(then, Categories) and isinstance(now, Categories)
    return _bars(then, now)


def _histograms(then: Numbers, now: Numbers) -> str:
    both = then.merged(now)
    if not both.known:
        return _svg("")
    ends = np.searchsorted(np.cumsum(both.weights), np.array([0.005, 0.995]) * both.known)
    low, high = both.values[np.minimum(ends, len(both.values) - 1)]
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    shares = [
        np.histogram(np.clip(each.values, low, high), edges, weights=each.weights)[0]
        / max(1.0, each.known)
        for each in (then, now)
    ]
    top = max(float(each.max()) for each in shares) or 1.0
    drawn = [_steps(each / top, colour) for each, colour in zip(shares, (THEN, NOW), strict=True)]
    marks = _text(0, HEIGHT - 2, f"{low:.4g}") + _text(WIDTH, HEIGHT - 2, f"{high:.4g}", "end")
    return _svg("".join(drawn) + marks)


def _steps(shares: np.ndarray, colour: str) -> str:
    bottom, width = HEIGHT - 14, WIDTH / len(shares)
    points = [f"0,{bottom}"]
    for place, share in enumerate(shares):
        y = bottom - share * (bottom - 4)
        points += [f"{place * width:.1f},{y:.1f}", f"{(place + 1) * width:.1f},{y:.1f}"]
    points.append(f"{WIDTH},{bottom}")
    style = f'fill="{colour}" fill-opacity="0.25" stroke="{colour}"'
    return f'<polygon points="{" ".join(points)}" {style}/>'


def _bars(then: Categories, now: Categories) -> str:
    shares = {
        name: [each.counts.get(name, 0) / max(1.0, each.known) for each in (then, now)]
        for name in then.counts.keys() | now.counts.keys()
    }
    names = sorted(shares, key=lambda name: (-abs(shares[name][0] - shares[name][1]), name))
    names = names[:MOST_BARS]
    top = max((max(shares[name]) for name in names), default=0.0) or 1.0
    height = HEIGHT / max(1, len(names))
    drawn = []
    for place, name in enumerate(names):
        for number, (share, colour) in enumerate(zip(shares[name], (THEN, NOW), strict=True)):
            y, width = place * height + number * height * 0.4, share / top * (WIDTH - 110)
            size = f'width="{width:.1f}" height="{height * 0.36:.1f}"'
            drawn.append(f'<rect x="100" y="{y:.1f}" {size} fill="{colour}"/>')
        drawn.append(_text(96, place * height + height * 0.6, name[:16], "end"))
    return _svg("".join(drawn))


def line(values: Sequence[float | None], alerts: Sequence[bool] = ()) -> str:
    """Values over windows, the newest last; alerts are red, a gap is a window without a value."""
    known = [each for each in values if each is not None and np.isfinite(each)]
    if not known:
        return _svg("")
    low, high = min(0.0, *known), max(known)
    step = WIDTH / max(1, len(values) - 1)
    drawn, last = [], ""
    for place, value in enumerate(values):
        if value is None or not np.isfinite(value):
            last = ""
            continue
        y = HEIGHT - 14 - (value - low) / ((high - low) or 1.0) * (HEIGHT - 20)
        here = f"{place * step:.1f},{y:.1f}"
        if last:
            drawn.append(f'<polyline points="{last} {here}" stroke="{NOW}" fill="none"/>')
        red = place < len(alerts) and alerts[place]
        x, y_text = here.split(",")
        colour = ALERT if red else NOW
        drawn.append(f'<circle cx="{x}" cy="{y_text}" r="{3 if red else 2}" fill="{colour}"/>')
        last = here
    return _svg("".join(drawn) + _text(0, HEIGHT - 2, f"{low:.3g} to {high:.3g}"))


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="10" fill="#5b6872">{html.escape(text)}</text>'


def _svg(inner: str) -> str:
    box = f'viewBox="-4 0 {WIDTH + 8} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">{inner}</svg>'
