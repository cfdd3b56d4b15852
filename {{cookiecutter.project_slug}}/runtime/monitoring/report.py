"""The report of one window: what is out of bounds, the worst columns then and now, all comparisons.

It stays under 2 MB whatever the data: what it leaves out is counted, and stands in the documents.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import page, pictures
from .baseline import PREDICTION, Data
from .dependence import Profile
from .page import number, text
from .pictures import Side
from .violations import name_of

WORST, MOST_ROWS, MOST_SAID = 8, 600, 60
OPERATORS = {"GreaterThanThreshold": "at most", "LessThanThreshold": "at least"}


@dataclass(frozen=True)
class Window:
    """What the tasks found of one window.

    Attributes:
        name: whose window it is.
        package: the model package that answered.
        run: the execution that looked at it.
        window: window.json.
        drift: drift.json.
        quality: quality.json.
        violations: of both.
    """

    name: str
    package: str
    run: str
    window: Mapping[str, Any]
    drift: Mapping[str, Any]
    quality: Mapping[str, Any]
    violations: Sequence[Mapping[str, str]]


def of_window(found: Window, then: Data, now: Data) -> str:
    """The page.

    Args:
        found: what the tasks found.
        then: the data of the baseline.
        now: of the window.
    """
    worst = _worst(found.drift["comparisons"], then, now)
    parts = [
        *_head(found),
        _facts(found),
        *_violations(found.violations),
        *_notes(found),
        "<h2>Then and now</h2>",
        f'<p class="soft">{page.key("then", "baseline")}{page.key("now", "this window")}</p>',
        '<p class="soft">Predictions come first, then the columns that changed most. Below or '
        "beside the values: the predictions for them, with two standard errors.</p>",
        page.cards(_card(name, found.drift["comparisons"], then, now) for name in worst),
        "<h2>Quality</h2>",
        *_metrics(found.quality),
        "<h2>Every comparison</h2>",
        *_comparisons(found.drift["comparisons"]),
        "<h2>Where to look</h2>",
        _links(found),
    ]
    return page.page(f"{found.name} until {found.window['end'][:16]}", parts)


def _head(found: Window) -> list[str]:
    end, *asked = (page.moment(found.window[name]) for name in ("end", "first", "last"))
    named = {name_of(each) for each in found.violations}
    said = f"{len(named)} out of bounds" if named else "calm"
    badge = page.badge("alert" if found.violations else "calm", said)
    return [
        f'<p class="soft">{page.name(found.name)}</p>',
        f"<h1>The window until {end} UTC</h1>",
        f"<p>{badge}requests from {' to '.join(asked)}</p>",
    ]


def _facts(found: Window) -> str:
    of_columns = [e for e in found.drift["comparisons"] if e["column"] != PREDICTION]
    drifted = {each["column"] for each in of_columns if each["drifted"]}
    compared = {each["column"] for each in of_columns}
    facts = [
        ("rows", f"{found.window['rows']:,}"),
        ("requests", f"{found.window['requests']:,}"),
        (f"of {len(compared)} columns drifted", str(len(drifted))),
        ("labelled rows", f"{found.quality['labelled']:,}"),
    ]
    if (estimated := found.quality["estimated_accuracy"]) is not None:
        facts.append(("estimated accuracy, if only the inputs changed", f"{estimated:.3f}"))
    return page.facts(facts)


def _violations(violations: Sequence[Mapping[str, str]]) -> list[str]:
    if not violations:
        return []
    said = [
        f"<li><b>{page.name(name_of(each))}</b>: {text(each['description'])}</li>"
        for each in violations[:MOST_SAID]
    ]
    if len(violations) > MOST_SAID:
        said.append(f"<li>{len(violations) - MOST_SAID} more, in constraint_violations.json</li>")
    return ["<h2>Out of bounds</h2>", f"<ul>{''.join(said)}</ul>"]


def _notes(found: Window) -> list[str]:
    notes = [*found.window["notes"], *found.drift["notes"], *found.quality["notes"]]
    if not notes:
        return []
    items = "".join(f"<li>{text(note, 800)}</li>" for note in notes[:MOST_SAID])
    return ["<h2>Notes</h2>", f"<ul>{items}</ul>"]


def _worst(comparisons: Iterable[Mapping[str, Any]], then: Data, now: Data) -> list[str]:
    """The predictions, and the columns that changed most, drifted ones first."""
    changed: dict[str, float] = {}
    for each in comparisons:
        name = each["column"]
        if name in then.columns and name in now.columns and name != PREDICTION:
            changed[name] = max(changed.get(name, 0.0), each["effect"] + 2 * each["drifted"])
    ordered = sorted(changed, key=lambda name: (-changed[name], name))[:WORST]
    there = PREDICTION in then.columns and PREDICTION in now.columns
    return [PREDICTION] * there + ordered


def _card(name: str, comparisons: Iterable[Mapping[str, Any]], then: Data, now: Data) -> str:
    own = [each for each in comparisons if each["column"] == name]
    before, after = (Side(each.columns[name], each.profiles.get(name)) for each in (then, now))
    label = _label(before.profile, after.profile)
    missing = [
        each.column.missing / max(1.0, each.column.missing + each.column.known)
        for each in (before, after)
    ]
    told = [f"{each['kind']} change {each['effect']:.3f}" for each in own if each["drifted"]]
    if any(missing):
        told.append(f"missing {missing[0]:.1%} → {missing[1]:.1%}")
    drifted = ' <b class="alert">drifted</b>' if any(each["drifted"] for each in own) else ""
    caption = f"<strong>{page.name(name)}</strong>{drifted} <span>{'; '.join(told)}</span>"
    return page.figure(caption, pictures.of_column(before, after, label))


def _label(then: Profile | None, now: Profile | None) -> str:
    """The class whose share is drawn: the one that changed most; of two, the second."""
    if then is None or now is None or "" in then.means:
        return ""
    both = [label for label in then.means if label in now.means]
    if not both:
        return next(iter(then.means), "")
    if len(then.means) == 2:
        return both[-1]
    weights = now.rows / max(1.0, now.rows.sum())

    def change(label: str) -> float:
        difference = np.abs(np.nan_to_num(now.means[label] - then.means[label]))
        return float((difference * weights).sum())

    return max(both, key=change)


def _metrics(quality: Mapping[str, Any]) -> list[str]:
    if not quality["labelled"]:
        return ["<p>No row has a label yet.</p>"]
    rows = [
        [
            page.name(name),
            number(each["value"]),
            f"{OPERATORS.get(each['comparison_operator'], '')} {number(each['threshold'])}",
            number(each["baseline"]),
            "" if each["kept"] else '<b class="alert">not kept</b>',
        ]
        for name, each in quality["metrics"].items()
    ]
    head = ("metric", "this window", "bound", "baseline", "")
    return [
        f"<p>{quality['labelled']:,} labelled rows.</p>",
        page.table(head, rows[:MOST_ROWS], numbers=(1, 2, 3)),
    ]


def _comparisons(comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    ordered = sorted(comparisons, key=lambda each: (not each["drifted"], -each["effect"]))
    rows = [
        [
            page.name(each["column"]),
            text(each["kind"]),
            f"{each['effect']:.3f}",
            f"{each['p_value']:.2g}",
            "" if each["kind"] == "missing" else f"{each['stability_index']:.3f}",
            '<b class="alert">drifted</b>' if each["drifted"] else "",
        ]
        for each in ordered[:MOST_ROWS]
    ]
    head = ("column", "of", "effect", "p-value", "PSI", "")
    left = len(ordered) - len(rows)
    more = [f"<p>{left:,} more, in drift.json.</p>"] if left else []
    return [page.table(head, rows, numbers=(2, 3, 4)), *more]


def _links(found: Window) -> str:
    rows = [
        ["all windows", '<a href="index.html">index.html</a>'],
        ["model package", page.text(found.package) or "-"],
        ["run", page.text(found.run) or "-"],
        ["each row with its drift score", "triage.parquet of the drift step"],
    ]
    return page.table(("", ""), rows)
