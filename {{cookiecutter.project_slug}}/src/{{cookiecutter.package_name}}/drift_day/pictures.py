"""Pictures of the day, as SVG: drift by window and column, a column then and now, two bars."""

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

INK, SOFT, THEN, NOW, ALERT, CALM = (
    *("#22303c", "#5b6872", "#8a8f98"),
    *("#2f6f9f", "#b3372f", "#2e7d4f"),
)
WIDTH, ROW, LEFT = 930, 23, 132  # of the page; height of a row, and width of its name, in pixels
BINS = 26


def drift(
    columns: Sequence[str],
    windows: Sequence[str],
    effects: Mapping[tuple[str, str], float],
    found: set[tuple[str, str]],
) -> str:
    """A cell for each column and window: the darker, the farther from the baseline; red: found.

    Args:
        columns: the rows, by name.
        windows: the columns of the picture, by name.
        effects: 0 to 1, by window and column.
        found: windows and columns that are out of bounds.
    """
    cell = (WIDTH - LEFT) / max(1, len(windows))
    width, height = LEFT + cell * len(windows), 30 + ROW * len(columns)
    drawn = [
        _text(LEFT + cell * place + cell / 2, 18, name, "middle", INK, 13)
        for place, name in enumerate(windows)
    ]
    for row, column in enumerate(columns):
        y = 30 + ROW * row
        is_found = any((window, column) in found for window in windows)
        drawn.append(_text(LEFT - 10, y + 16, column, "end", ALERT if is_found else INK, 13))
        for place, window in enumerate(windows):
            effect = effects.get((window, column))
            if effect is None:
                continue
            red = (window, column) in found
            shade = min(1.0, 0.06 + 2.2 * effect) if not red else max(0.7, min(1.0, 2 * effect))
            x = LEFT + cell * place
            drawn.append(
                f'<rect x="{x + 1:.1f}" y="{y + 1}" width="{cell - 2:.1f}" height="{ROW - 2}" '
                f'rx="3" fill="{ALERT if red else NOW}" fill-opacity="{shade:.2f}"/>'
            )
            colour = "#fff" if red or shade > 0.6 else INK
            drawn.append(_text(x + cell / 2, y + 16, f"{effect:.3f}", "middle", colour, 12))
    return _svg(width, height, "".join(drawn))


def column(then: "pd.Series", now: "pd.Series") -> str:
    """A column of the training data, grey, and of the requests, blue."""
    if then.dtype.kind in "if":
        return _steps(then.dropna().to_numpy(float), now.dropna().to_numpy(float))
    return _shares(then.dropna().astype(str), now.dropna().astype(str))


def _steps(then: np.ndarray, now: np.ndarray) -> str:
    width, height, bottom = 380, 150, 128
    low, high = np.quantile(np.concatenate([then, now]), [0.005, 0.995])
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    shares = [np.histogram(np.clip(each, low, high), edges)[0] / len(each) for each in (then, now)]
    top = max(float(each.max()) for each in shares) or 1.0
    drawn = []
    for each, colour in zip(shares, (THEN, NOW), strict=True):
        points = [f"0,{bottom}"]
        for place, share in enumerate(each):
            y = bottom - share / top * (bottom - 6)
            points += [f"{x * width / BINS:.1f},{y:.1f}" for x in (place, place + 1)]
        points.append(f"{width},{bottom}")
        style = f'fill="{colour}" fill-opacity="0.28" stroke="{colour}" stroke-width="1.5"'
        drawn.append(f'<polygon points="{" ".join(points)}" {style}/>')
    drawn.append(_text(0, height - 4, f"{low:,.0f}", "start", SOFT, 12))
    drawn.append(_text(width, height - 4, f"{high:,.0f}", "end", SOFT, 12))
    return _svg(width, height, "".join(drawn))


def _shares(then: "pd.Series", now: "pd.Series") -> str:
    width, height = 380, 150
    shares = [each.value_counts(normalize=True) for each in (then, now)]
    names = list(shares[0].add(shares[1], fill_value=0).sort_values(ascending=False).index[:6])
    top = max(float(each.get(name, 0.0)) for each in shares for name in names)
    room, drawn = height / max(1, len(names)), []
    for place, name in enumerate(names):
        drawn.append(_text(94, place * room + room * 0.62, name[:14], "end", INK, 12))
        for number, (each, colour) in enumerate(zip(shares, (THEN, NOW), strict=True)):
            share = float(each.get(name, 0.0))
            y = place * room + room * (0.12 + 0.38 * number)
            drawn.append(
                f'<rect x="102" y="{y:.1f}" width="{share / top * 230:.1f}" '
                f'height="{room * 0.34:.1f}" fill="{colour}" rx="1.5"/>'
            )
            at = 108 + share / top * 230
            drawn.append(_text(at, y + room * 0.3, f"{share:.0%}", "start", SOFT, 10.5))
    return _svg(width, height, "".join(drawn))


def bars(values: Mapping[str, float], winner: str, best: float | None = None) -> str:
    """A bar for each value, the winner's in green.

    Args:
        values: by name; a value below 0 has no bar.
        winner: the name whose bar is green.
        best: the value of a full bar; None: the largest.
    """
    width, room = 420, 34
    top = best or max([*values.values(), 1e-9])
    drawn = []
    for place, (name, value) in enumerate(values.items()):
        y, length = place * room + 5, max(0.0, min(1.0, value / top)) * 220
        colour = CALM if name == winner else THEN
        drawn.append(_text(106, y + 17, name, "end", INK, 13))
        drawn.append(
            f'<rect x="114" y="{y}" width="{length:.1f}" height="24" rx="3" fill="{colour}"/>'
        )
        drawn.append(_text(122 + length, y + 17, f"{value:,.4g}", "start", INK, 13))
    return _svg(width, room * len(values), "".join(drawn))


def _text(x: float, y: float, text: str, anchor: str, colour: str, size: float) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {where} font-size="{size}" fill="{colour}">{html.escape(text)}</text>'


def _svg(width: float, height: float, drawn: str) -> str:
    font = 'font-family="system-ui, sans-serif"'
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" {font}>{drawn}</svg>'
