"""The page of the day: one HTML file that opens offline, without scripts."""

import html
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from .. import settings
from . import pictures
from .chapters import Retraining, Story, Window

if TYPE_CHECKING:
    import pandas as pd

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
body { margin: 0 auto; max-width: 1000px; padding: 26px 34px; color: #22303c; background: #fff;
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 27px; margin: 0; } h2 { font-size: 19px; margin: 34px 0 6px; }
p { margin: 6px 0 12px; } .soft { color: #5b6872; } a { color: #2f6f9f; }
.tiles { display: grid; grid-template-columns: repeat(6, 1fr); gap: 9px; margin: 18px 0 22px; }
.tile { border: 1px solid #dfe4e8; border-top: 4px solid #8a8f98; border-radius: 6px;
  padding: 8px 10px; font-size: 12.5px; line-height: 1.35; }
.tile b { display: block; font-size: 16px; margin-bottom: 2px; overflow-wrap: anywhere; }
.calm { border-top-color: #2e7d4f; } .calm b { color: #2e7d4f; }
.alert { border-top-color: #b3372f; } .alert b { color: #b3372f; }
.grid { display: grid; grid-template-columns: 1fr 1fr; gap: 20px 40px; }
table { border-collapse: collapse; font-size: 14px; } th, td { text-align: left;
  padding: 3px 22px 3px 0; border-bottom: 1px solid #dfe4e8; } td.out { color: #b3372f; }
figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: 4px; } svg { max-width: 100%; }
pre { background: #fbf3f2; border-left: 4px solid #b3372f; padding: 10px 14px; margin: 6px 0;
  font: 13px/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
"""


def page(story: Story, then: "pd.DataFrame", now: "pd.DataFrame") -> str:
    """The story in pictures.

    Args:
        story: what happened.
        then: the data that the first model was trained on.
        now: requests of a window with shifted columns.
    """
    parts = [
        f"<h1>A day on which the data drifts</h1><p class=soft>{_esc(settings.PROJECT_NAME)}: a "
        f"model of <b>{_esc(story.target)}</b>, asked over HTTP, watched, and trained anew, all on "
        "one machine.</p>",
        _tiles(story),
        "<h2>How far each column is from the training data</h2>",
        "<p class=soft>The largest distance of the two distributions, 0 to 1, in each window of "
        "requests. Red: out of bounds.</p>",
        _drift(story),
        "<h2>What was shifted: training data in grey, requests in blue</h2>",
        _columns(story, then, now),
        "<h2>Who was told</h2>",
        _alerts(story.windows),
        "<h2>Labels arrive: how good the answers were</h2>",
        _quality(story.windows),
        "<h2>Trained anew, twice</h2>",
        "<p class=soft>On the data of before and labelled rows of the shifted windows. Challenger "
        "and champion are compared on newer rows that neither has seen.</p>",
        _retrainings(story.retrainings),
        "<h2>More</h2>",
        _links(story.windows),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>A day on which the data drifts</title><style>{STYLE}</style></head><body>"
        f"{''.join(parts)}</body></html>\n"
    )


def _esc(text: object) -> str:
    return html.escape(str(text))


def _tiles(story: Story) -> str:
    shifted = sorted({name for each in story.windows for name in each.shifted})
    told = [each.name for each in story.windows if each.alerts]
    calm = [each for each in story.windows if not each.shifted]
    found = sorted(story.found())
    only = "found, and no other column" if found == shifted else f"found: {', '.join(found)}"
    violations = sum(len(each.violations) for each in calm)
    tiles = [
        ("", "Deployed", f"version 1 serves: {_metric(story.trained)} on its test rows"),
        ("calm", f"{violations or 'Nothing'}", f"out of bounds in {_rows(calm):,} calm requests"),
        ("alert", ", ".join(shifted), f"shifted in requests, {only}"),
        ("alert", "Alert", f"in the window “{told[0]}”, not before" if told else "none went out"),
    ]
    for each in story.retrainings:
        head = f"Version {each.version}" if each.won else "Rejected"
        does = "better, registered" if each.won else "worse than the champion"
        tiles.append(("calm" if each.won else "", head, f"trained on {each.labels}: {does}"))
    drawn = [
        f'<div class="tile {kind}"><b>{_esc(head)}</b>{_esc(text)}</div>'
        for kind, head, text in tiles
    ]
    return f'<div class="tiles">{"".join(drawn)}</div>'


def _rows(windows: Iterable[Window]) -> int:
    return sum(each.rows for each in windows)


def _metric(metrics: Mapping[str, float]) -> str:
    return next((f"{name} {value:.3f}" for name, value in metrics.items()), "measured")


def _drift(story: Story) -> str:
    names = {name for each in story.windows for name in each.effects}
    most = {name: max(each.effects.get(name, 0) for each in story.windows) for name in names}
    effects = {
        (each.name, name): value for each in story.windows for name, value in each.effects.items()
    }
    found = {(each.name, name) for each in story.windows for name in each.violations}
    ordered = sorted(names, key=lambda name: (-most[name], name))
    return pictures.drift(ordered, [each.name for each in story.windows], effects, found)


def _columns(story: Story, then: "pd.DataFrame", now: "pd.DataFrame") -> str:
    shifted = sorted({name for each in story.windows for name in each.shifted})
    drawn = [
        f"<figure><figcaption>{_esc(name)}</figcaption>{pictures.column(then[name], now[name])}"
        "</figure>"
        for name in shifted
    ]
    return f'<div class="grid">{"".join(drawn)}</div>'


def _alerts(windows: Iterable[Window]) -> str:
    parts = []
    for each in windows:
        found = ", ".join(each.violations) or "nothing"
        told = f"messages that went out: {len(each.alerts)}" if each.alerts else "nobody is told"
        parts.append(f"<p><b>{_esc(each.name)}</b>: {_esc(found)} out of bounds; {told}.</p>")
        parts += [
            f"<pre>{_esc(message['subject'])}\n{_esc(message['text'])}</pre>"
            for message in each.alerts
        ]
    return "".join(parts)


def _quality(windows: Iterable[Window]) -> str:
    measured = [each for each in windows if each.metrics]
    if not measured:
        return "<p>No window had labels.</p>"
    rows = "".join(
        f"<tr><td>{_esc(each.name)}</td><td>{_esc(name)}</td>"
        f"<td{' class=out' if name in each.violations else ''}>{found['value']:,.4g}</td>"
        f"<td>{found['threshold']:,.4g}</td></tr>"
        for each in measured
        for name, found in each.metrics.items()
    )
    return (
        f"<table><tr><th>window</th><th>metric</th><th>value</th><th>bound</th></tr>{rows}</table>"
    )


def _retrainings(retrainings: Iterable[Retraining]) -> str:
    drawn = []
    for each in retrainings:
        values = {"champion": each.champion, "challenger": each.challenger}
        picture = pictures.bars(values, "challenger" if each.won else "champion")
        what = f"registered as version {each.version}" if each.won else "rejected"
        drawn.append(
            f"<figure><figcaption>{_esc(each.labels)}: {_esc(what)}</figcaption>{picture}"
            f"<p class=soft>{_esc(each.metric)} on the newest labelled rows. "
            f"{_esc(each.reason)}</p></figure>"
        )
    return f'<div class="grid">{"".join(drawn)}</div>'


def _links(windows: Iterable[Window]) -> str:
    links = [f'<a href="{_esc(each.report)}">{_esc(each.name)}</a>' for each in windows]
    history = '<a href="monitoring/index.html">all windows</a>'
    return f"<p>Reports of the windows: {', '.join(links)}; {history}.</p>"
