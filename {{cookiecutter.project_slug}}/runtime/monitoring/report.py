"""A window's report, and the page over all windows: HTML that opens offline, without scripts."""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import pictures
from .distributions import Distribution
from .history import Entry

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
WORST = 8
STYLE = """
body { margin: 0 auto; max-width: 1000px; padding: 24px 32px; color: #22303c;
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 25px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 28px 0 8px; }
.soft { color: #5b6872; } .calm { color: #2e7d4f; } .alert { color: #b3372f; }
table { border-collapse: collapse; font-size: 13.5px; }
th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid #dfe4e8; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.columns { display: grid; grid-template-columns: repeat(auto-fill, minmax(310px, 1fr)); gap: 18px; }
figure { margin: 0; } figcaption { font-size: 13px; }
"""


def of_window(
    title: str,
    window: Mapping[str, Any],
    drift: Mapping[str, Any],
    quality: Mapping[str, Any],
    violations: Sequence[Mapping[str, str]],
    then: Mapping[str, Distribution],
    now: Mapping[str, Distribution],
) -> str:
    """The report of one window.

    Args:
        title: whose window it is.
        window: window.json.
        drift: drift.json.
        quality: quality.json.
        violations: of both.
        then: distributions of the baseline.
        now: of the window.
    """
    notes = [*window["notes"], *drift["notes"], *quality["notes"]]
    parts = [
        _head(title, f"{window['rows']:,} rows, {window['first'] or '-'} to {window['end']}"),
        _verdict(violations),
        *(f'<p class="soft">{html.escape(note)}</p>' for note in notes),
        "<h2>Distributions, then and now</h2>",
        '<p class="soft">Grey is the baseline, blue this window; the most changed come first.</p>',
        _figures(drift["comparisons"], then, now),
        "<h2>Every comparison</h2>",
        _comparisons(drift["comparisons"]),
        "<h2>Quality</h2>",
        _metrics(quality),
    ]
    return _page(title, parts)


def of_history(title: str, entries: Sequence[Entry], events: Sequence[Mapping[str, str]]) -> str:
    """The page over all windows.

    Args:
        title: whose windows these are.
        entries: the windows, the newest last.
        events: what happened besides, such as deployments and retrainings: time and text.
    """
    names = {name for each in entries for name in each.drift}
    shaken = {name for each in entries for name in each.violations}
    ordered = sorted(names, key=lambda name: (name not in shaken, name))
    parts = [_head(title, f"{len(entries)} windows"), "<h2>Drift of each column</h2>"]
    parts.append(_lines(ordered, entries, lambda each: each.drift))
    metrics = sorted({name for each in entries for name in each.metrics})
    if metrics:
        parts += ["<h2>Quality</h2>", _lines(metrics, entries, lambda each: each.metrics)]
    rows = [(each["time"], html.escape(each["text"])) for each in events]
    for each in entries:
        said = "; ".join(f"{name}: {text}" for name, text in each.violations.items())
        state = f'<span class="alert">{html.escape(said)}</span>' if said else "calm"
        rows.append((each.end, f"{each.rows:,} rows: {state}"))
    listed = "".join(
        f"<tr><td>{html.escape(at)}</td><td>{what}</td></tr>"
        for at, what in sorted(rows, reverse=True)
    )
    parts += ["<h2>What happened</h2>", f"<table>{listed}</table>"]
    return _page(title, parts)


def _lines(names: Iterable[str], entries: Sequence[Entry], values: Any) -> str:
    drawn = []
    for name in names:
        line = pictures.line(
            [values(each).get(name) for each in entries],
            [name in each.violations for each in entries],
        )
        drawn.append(f"<figure>{line}<figcaption>{html.escape(name)}</figcaption></figure>")
    return f'<div class="columns">{"".join(drawn)}</div>'


def _head(title: str, under: str) -> str:
    return f'<h1>{html.escape(title)}</h1><p class="soft">{html.escape(under)}</p>'


def _verdict(violations: Sequence[Mapping[str, str]]) -> str:
    if not violations:
        return '<p class="calm">Nothing is out of bounds.</p>'
    said = [
        f"<li><b>{html.escape(each.get('feature_name') or each['metric_name'])}</b>: "
        f"{html.escape(each['description'])}</li>"
        for each in violations
    ]
    return f'<ul class="alert">{"".join(said)}</ul>'


def _figures(
    comparisons: Sequence[Mapping[str, Any]],
    then: Mapping[str, Distribution],
    now: Mapping[str, Distribution],
) -> str:
    effects: dict[str, float] = {}
    for each in comparisons:
        if each["kind"] != "missing":
            effects[each["column"]] = each["effect"] + each["drifted"]
    worst = sorted(effects, key=lambda name: -effects[name])[:WORST]
    drawn = [
        f"<figure>{pictures.distributions(then[name], now[name])}"
        f"<figcaption>{html.escape(name)}</figcaption></figure>"
        for name in worst
    ]
    return f'<div class="columns">{"".join(drawn)}</div>'


def _comparisons(comparisons: Sequence[Mapping[str, Any]]) -> str:
    head = "<tr><th>column</th><th>of</th><th>effect</th><th>p-value</th><th>PSI</th><th></th></tr>"
    rows = [
        f"<tr><td>{html.escape(each['column'])}</td><td>{each['kind']}</td>"
        f'<td class="number">{each["effect"]:.3f}</td>'
        f'<td class="number">{each["p_value"]:.2g}</td>'
        f'<td class="number">{each["stability_index"]:.3f}</td>'
        f"<td>{'<b class=alert>drifted</b>' if each['drifted'] else ''}</td></tr>"
        for each in comparisons
    ]
    return f"<table>{head}{''.join(rows)}</table>"


def _metrics(quality: Mapping[str, Any]) -> str:
    if not quality["labelled"]:
        return "<p>No row has a label yet.</p>"
    rows = [
        f'<tr><td>{html.escape(name)}</td><td class="number">{each["value"]:.4g}</td>'
        f'<td class="number">{each["threshold"]:.4g}</td></tr>'
        for name, each in quality["metrics"].items()
    ]
    head = "<tr><th>metric</th><th>this window</th><th>bound</th></tr>"
    return f"<p>{quality['labelled']:,} labelled rows.</p><table>{head}{''.join(rows)}</table>"


def _page(title: str, parts: Iterable[str]) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>"
        f"{''.join(parts)}</body></html>\n"
    )
