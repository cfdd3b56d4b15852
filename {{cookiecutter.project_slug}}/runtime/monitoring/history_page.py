"""The page over all windows: drift, quality, the endpoint's traffic, and what happened besides."""

import html
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from . import lines, page
from .bookmark import moment
from .history import Entry, Event
from .lines import Course, Line
from .page import text

SHOWN, MOST_COLUMNS, MOST_CHARTS, MOST_ROWS = 150, 250, 12, 250
ESTIMATED = "estimated accuracy"
# From the page of one run to the report of another, as the outputs of a pipeline lie in S3:
# <execution>/<step>/output/<name>/.
REPORT = "../../../../{}/Report/output/report/report.html"


def of_history(name: str, entries: Sequence[Entry], events: Sequence[Event]) -> str:
    """The page.

    Args:
        name: whose windows these are.
        entries: the windows, the newest last.
        events: what happened besides, such as deployments and retrainings.
    """
    shown = entries[-SHOWN:]
    course = Course(shown, events)
    parts = [
        *_head(name, entries),
        "<h2>Drift of each column</h2>",
        *_drift(course),
        *_quality(course),
        *_traffic(course),
        "<h2>What happened</h2>",
        _list(name, entries, events),
    ]
    return page.page(f"{name}: all windows", parts)


def _head(name: str, entries: Sequence[Entry]) -> list[str]:
    last = entries[-1] if entries else None
    said = "no window yet"
    if last:
        said = f"{len(last.violations)} out of bounds" if last.violations else "calm"
    badge = page.badge("alert" if last and last.violations else "calm", said)
    until = f"until {page.moment(last.end)} UTC" if last else ""
    facts = [
        ("windows", f"{len(entries):,}"),
        ("of them with something out of bounds", str(sum(bool(e.violations) for e in entries))),
        ("rows", f"{sum(each.rows for each in entries):,}"),
    ]
    if last and last.package:
        facts.append(("model package", text("/".join(last.package.split("/")[-2:]))))
    return [f"<h1>{page.name(name)}</h1>", f"<p>{badge}{until}</p>", page.facts(facts)]


def _drift(course: Course) -> list[str]:
    largest: dict[str, float] = {}
    for entry in course.entries:
        for name, effect in entry.drift.items():
            red = name in entry.violations
            largest[name] = max(largest.get(name, 0.0), effect + 2 * red)
    ordered = sorted(largest, key=lambda name: (-largest[name], name))
    if not ordered:
        return ["<p>Nothing was compared yet.</p>"]
    drawn = [
        f'<p class="soft">{page.key("alert", "drifted")}{page.key("now", "changed, by how much")}'
        f"{page.key('deployed', 'deployed')}{page.key('retrained', 'retrained')}"
        f"{page.key('other', 'something else')}</p>",
        f"<figure>{lines.strips(course, ordered[:MOST_COLUMNS])}</figure>",
    ]
    if len(ordered) > MOST_COLUMNS:
        drawn.append(f"<p>{len(ordered) - MOST_COLUMNS} columns more changed less.</p>")
    effects = [each.drift for each in course.entries]
    top = max(value for each in effects for value in each.values())  # all on one scale
    charts = [
        page.figure(
            page.name(name),
            lines.chart(course, [lines.of_entries(course.entries, effects, name)], 0.0, top),
        )
        for name in ordered[:MOST_CHARTS]
    ]
    said = f"The effect in each window, of the {len(charts)} columns that changed most"
    return [*drawn, f'<p class="soft">{said}.</p>', page.cards(charts, small=True)]


def _quality(course: Course) -> list[str]:
    entries = course.entries
    names = sorted({name for each in entries for name in each.metrics})
    metrics, bounds = [each.metrics for each in entries], [each.bounds for each in entries]
    charts = []
    for name in names[: 2 * MOST_CHARTS]:
        bound = Line([each.get(name) for each in bounds], "alert", dashed=True)
        value = lines.of_entries(entries, metrics, name)
        charts.append(page.figure(page.name(name), lines.chart(course, [bound, value])))
    estimated = [each.estimated_accuracy for each in entries]
    if any(each is not None for each in estimated):
        caption = f"{ESTIMATED} <span>if only the inputs changed</span>"
        charts.append(page.figure(caption, lines.chart(course, [Line(estimated)])))
    if not charts:
        return []
    key = f'<p class="soft">{page.key("now", "value")}{page.key("alert", "its bound (dashed)")}</p>'
    return ["<h2>Quality</h2>", key, page.cards(charts, small=True)]


def _traffic(course: Course) -> list[str]:
    found = [each.traffic for each in course.entries]
    if not any(found):
        return []

    def line(value: str, colour: str = "now") -> Line:
        return Line([getattr(each, value) if each else None for each in found], colour)

    charts = [
        page.figure("requests", lines.chart(course, [line("requests")], least=0.0)),
        page.figure(
            f"errors <span>{page.key('now', 'the caller’s (4xx)')}"
            f"{page.key('alert', 'the endpoint’s (5xx)')}</span>",
            lines.chart(course, [line("client_errors"), line("server_errors", "alert")], least=0.0),
        ),
        page.figure(
            f"latency in ms <span>{page.key('then', 'p50')}{page.key('now', 'p99')}</span>",
            lines.chart(course, [line("p50_ms", "then"), line("p99_ms")], least=0.0),
        ),
    ]
    return ["<h2>The endpoint</h2>", page.cards(charts, small=True)]


def _list(name: str, entries: Sequence[Entry], events: Sequence[Event]) -> str:
    rows = [
        (moment(each.time), page.key(lines.mark(each), text(each.kind)), text(each.text))
        for each in events
    ]
    rows += [(moment(each.end), *_window(name, each)) for each in entries]
    newest = sorted(rows, key=lambda row: row[0], reverse=True)[:MOST_ROWS]
    return page.table(
        ("UTC", "", ""),
        [(f"{time:%Y-%m-%d %H:%M}", kind, said) for time, kind, said in newest],
    )


def _window(name: str, entry: Entry) -> tuple[str, str]:
    # Whoever copies the page elsewhere has the reports beside it, under the names in the titles.
    file = f"{name}-{datetime.fromisoformat(entry.end):%Y%m%d-%H%M%S}.html"
    report = REPORT.format(quote(entry.run.rpartition("/")[2]))
    link = f'<a href="{report}" title="{html.escape(file)}">window</a>'
    counted = f"{entry.rows:,} rows"
    if not entry.violations:
        return link, f'{counted}: <span class="calm">calm</span>'
    named = list(entry.violations)
    more = f" and {len(named) - 12} more" if len(named) > 12 else ""
    said = ", ".join(page.name(each) for each in named[:12])
    return link, f'{counted}: <b class="alert">{said}{more}</b>'
