"""What the pages of monitoring share: one frame that opens offline, light and dark, and its parts.

A page loads nothing and runs nothing: its policy forbids both. Names and sentences come from data,
so every text is escaped and cut, and a page stays small whatever the data.
"""

import html
from collections.abc import Iterable, Sequence
from typing import Any

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
LONGEST_NAME, LONGEST_TEXT = 60, 300
STYLE = """
:root { color-scheme: light dark; --paper: #fff; --card: #f6f8fa; --ink: #22303c; --soft: #5b6872;
  --line: #dfe4e8; --then: #939ca6; --now: #2f6f9f; --alert: #b3372f; --calm: #2e7d4f;
  --deployed: #2e7d4f; --retrained: #7a4fb0; --other: #8a6d1f; }
@media (prefers-color-scheme: dark) { :root { --paper: #12171c; --card: #1a2128; --ink: #e4e9ed;
  --soft: #9aa7b2; --line: #2d3740; --then: #7f8a95; --now: #6db3e8; --alert: #ff8b7e;
  --calm: #6fce98; --deployed: #6fce98; --retrained: #c39bf2; --other: #e2c063; } }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { margin: 0 auto; max-width: 1000px; padding: 32px 32px 64px; }
h1 { font-size: 27px; line-height: 1.25; margin: 0 0 10px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 40px 0 6px; padding-top: 22px; border-top: 1px solid var(--line); }
p { margin: 6px 0; } a { color: var(--now); }
ul { margin: 8px 0; padding-left: 20px; }
.soft { color: var(--soft); } .alert { color: var(--alert); } .calm { color: var(--calm); }
.badge { display: inline-block; padding: 1px 12px; border-radius: 12px; color: var(--paper);
  font-weight: 600; font-size: 14px; margin-right: 8px; }
.badge.alert { background: var(--alert); color: var(--paper); }
.badge.calm { background: var(--calm); color: var(--paper); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(150px, 1fr)); gap: 12px;
  margin: 20px 0 4px; }
.fact { background: var(--card); border-radius: 8px; padding: 10px 14px; }
.fact b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; }
.fact span { color: var(--soft); font-size: 13px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 440px), 1fr));
  gap: 18px; margin-top: 14px; }
.cards.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 285px), 1fr)); }
figure { margin: 0; background: var(--card); border-radius: 8px; padding: 12px 14px 8px;
  min-width: 0; }
figcaption { font-size: 14px; margin-bottom: 4px; overflow-wrap: anywhere; }
figcaption span { color: var(--soft); font-size: 12.5px; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
svg .strong { fill: var(--ink); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13.5px; margin-top: 10px; }
th { color: var(--soft); font-weight: 600; }
th, td { text-align: left; padding: 5px 18px 5px 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
.key { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin: 0 5px 0 14px;
  vertical-align: -1px; }
.key:first-child { margin-left: 0; }
@media print { main { max-width: none; padding: 0; } figure { break-inside: avoid; } }
"""


def text(value: object, longest: int = LONGEST_TEXT) -> str:
    """A text of the data for a page: escaped, and cut where it is long."""
    found = str(value)
    return html.escape(found if len(found) <= longest else f"{found[: longest - 1]}…")


def name(value: object) -> str:
    """A name of the data for a page; a long one shows whole under the pointer."""
    if len(str(value)) <= LONGEST_NAME:
        return text(value)
    return f'<span title="{text(value)}">{text(value, LONGEST_NAME)}</span>'


def moment(value: str) -> str:
    """A time in UTC for people, from ISO 8601."""
    return text(value[:19].replace("T", " ")) if value else "-"


def number(value: float | None) -> str:
    """A number with four digits that count."""
    if value is None or value != value:
        return "-"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.4g}"


def key(variable: str, said: str) -> str:
    """A colour, and what it stands for."""
    return f'<span class="key" style="background: var(--{variable})"></span>{said}'


def badge(kind: str, said: str) -> str:
    """A word on a colour: alert or calm."""
    return f'<span class="badge {kind}">{text(said)}</span>'


def facts(known: Iterable[tuple[str, str]]) -> str:
    """Numbers that come first, each with what it is."""
    tiles = [f'<div class="fact"><b>{value}</b><span>{said}</span></div>' for said, value in known]
    return f'<div class="facts">{"".join(tiles)}</div>'


def figure(caption: str, picture: str) -> str:
    """A picture with its name above."""
    return f"<figure><figcaption>{caption}</figcaption>{picture}</figure>"


def cards(figures: Iterable[str], small: bool = False) -> str:
    """Pictures beside each other."""
    return f'<div class="cards{" small" * small}">{"".join(figures)}</div>'


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], numbers: Iterable[int] = ()) -> str:
    """A table of cells that are HTML already; columns of numbers stand to the right."""
    right = frozenset(numbers)

    def line(tag: str, cells: Sequence[Any]) -> str:
        drawn = [
            f'<{tag} class="number">{cell}</{tag}>' if place in right else f"<{tag}>{cell}</{tag}>"
            for place, cell in enumerate(cells)
        ]
        return f"<tr>{''.join(drawn)}</tr>"

    body = "".join(line("td", cells) for cells in rows)
    return f'<div class="wide"><table>{line("th", head)}{body}</table></div>'


def page(title: str, parts: Iterable[str]) -> str:
    """The whole page."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{text(title)}</title><style>{STYLE}</style></head><body><main>"
        f"{''.join(parts)}</main></body></html>\n"
    )
