"""Parts of pictures as SVG; colours are the page's variables and follow light and dark."""

import html
from collections.abc import Iterable, Sequence

THEN, NOW, ALERT, SOFT, LINE = "then", "now", "alert", "soft", "line"
Point = tuple[float, float]


def picture(width: float, height: float, parts: Iterable[str], label: str = "") -> str:
    """A picture that fills the width that it is given."""
    said = f' aria-label="{html.escape(label[:100])}"' if label else ""
    return f'<svg viewBox="0 0 {width:g} {height:g}" role="img"{said}>{"".join(parts)}</svg>'


def text(x: float, y: float, said: str, anchor: str = "start", most: int = 40) -> str:
    """A text; a long one is cut."""
    cut = said if len(said) <= most else f"{said[: most - 1]}…"
    end = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{end}>{html.escape(cut)}</text>'


def path(points: Sequence[Point], colour: str, width: float = 1.5, dashes: str = "") -> str:
    """A line through points."""
    if not points:
        return ""
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    style = f'fill="none" stroke="var(--{colour})" stroke-width="{width:g}"{dashed}'
    return f'<path d="M{_joined(points)}" {style}/>'


def segments(pairs: Iterable[tuple[Point, Point]], colour: str, width: float = 1.0) -> str:
    """Separate lines."""
    drawn = "".join(f"M{_joined(pair)}" for pair in pairs)
    if not drawn:
        return ""
    return f'<path d="{drawn}" fill="none" stroke="var(--{colour})" stroke-width="{width:g}"/>'


def dots(points: Iterable[Point], colour: str, size: float = 5.0) -> str:
    """Round dots of one colour."""
    drawn = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)
    if not drawn:
        return ""
    style = f'stroke="var(--{colour})" stroke-width="{size:g}" stroke-linecap="round"'
    return f'<path d="{drawn}" fill="none" {style}/>'


def area(points: Sequence[Point], colour: str, opacity: float) -> str:
    """A filled shape with its outline."""
    style = f'fill="var(--{colour})" fill-opacity="{opacity:g}" stroke="var(--{colour})"'
    return f'<path d="M{_joined(points)}z" {style}/>'


def boxes(found: Iterable[tuple[float, float, float, float]], colour: str, opacity: float) -> str:
    """Filled boxes of one colour: x, y, width, height."""
    drawn = "".join(
        f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z" for x, y, width, height in found
    )
    if not drawn:
        return ""
    return f'<path d="{drawn}" fill="var(--{colour})" fill-opacity="{opacity:g}"/>'


def _joined(points: Iterable[Point]) -> str:
    return "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
