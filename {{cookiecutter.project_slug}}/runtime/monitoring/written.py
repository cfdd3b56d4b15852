"""What monitoring leaves: the documents of a window, and the sentences about them."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tabular import job

from . import (
    baseline,
    bookmark,
    dependence,
    history,
    state,
    statistics,
    triage,
    violations,
)
from .baseline import Data
from .bookmark import Bookmark
from .consolidation import Consolidated
from .history import Entry, Event, Traffic
from .history_page import of_history
from .report import Window, of_window
from .span import Span, check_is_next
from .violations import Violation
from .window import DataResult
from .window_quality import QualityResult


def window(
    folder: Path, found: Consolidated, span: Span, after: Bookmark, late: int = 0
) -> list[str]:
    """Write window.json: how much was captured, and when; of the newest window bookmark.json.

    Args:
        folder: gets them.
        found: what was captured.
        span: its time.
        after: the bookmark.
        late: answers of earlier windows that have a label now.
    """
    notes = [found.unreadable.sentence()] if found.unreadable.count else []
    notes += found.others.notes()
    if found.unanswered:
        notes.append(f"{found.unanswered:,} requests have no captured answer")
    if found.waiting:
        one = found.waiting == 1
        said = "file ends within a line; it waits" if one else "files end within a line; they wait"
        notes.append(f"{found.waiting:,} captured {said} for the next window")
    document = {
        "rows": found.rows,
        "requests": found.requests,
        "new": found.rows + late,
        "first": found.first.isoformat() if found.first else "",
        "last": found.last.isoformat() if found.last else "",
        "start": (span.before.until if span.is_newest else span.start).isoformat(),
        "end": span.end.isoformat(),
        "is_newest": span.is_newest,
        "notes": notes,
    }
    if span.is_newest:
        job.write_json(folder / "bookmark.json", after.document())
    job.write_json(folder / "window.json", document)
    counted = f"{found.rows:,} rows in {found.requests:,} requests"
    counted += f", and {late:,} labels of earlier ones" if late else ""
    return [*notes, f"{counted} until {span.end:%Y-%m-%d %H:%M:%S}"]


def data(folder: Path, found: DataResult) -> list[str]:
    """Write statistics.json, constraint_violations.json and drift.json."""
    said = statistics.document(found.columns, found.rows)
    said[baseline.PROFILES] = dependence.document(found.profiles)
    job.write_json(folder / "statistics.json", said)
    compared = [
        {
            "column": each.column,
            **vars(each.comparison),
            "drifted": each.drifted,
            "stability_index": each.stability_index,
        }
        for each in found.findings
    ]
    document = {"rows": found.rows, "comparisons": compared, "notes": found.notes}
    job.write_json(folder / "drift.json", document)
    return _ending(folder, found.violations, found.notes)


def rows(folder: Path, window: Path, signature: Mapping[str, Any], found: DataResult) -> None:
    """Write triage.parquet: the window's rows, marked by what drifted in them."""
    drifted = {each.column for each in found.findings if each.drifted}
    triage.write(folder, window, signature, sorted(drifted), found.before, found.columns)


def quality(folder: Path, found: QualityResult) -> list[str]:
    """Write constraint_violations.json and quality.json."""
    notes = list(found.notes)
    if found.estimated_accuracy is not None:
        notes.append(
            f"estimated accuracy {found.estimated_accuracy:.3f}, if only the inputs changed"
        )
    if not found.labelled:
        notes.append("no row has a label yet, so that its quality is not known")
    broken = {each.feature_name for each in found.violations}
    document = {
        "labelled": found.labelled,
        "metrics": {
            name: {
                "value": value,
                "threshold": found.bounds[name].for_window(found.labelled),
                "comparison_operator": found.bounds[name].comparison_operator,
                "baseline": found.bounds[name].value,
                "kept": name not in broken,
            }
            for name, value in found.metrics.items()
            if name in found.bounds
        },
        "estimated_accuracy": found.estimated_accuracy,
        "notes": notes,
    }
    job.write_json(folder / "quality.json", document)
    return _ending(folder, found.violations, notes)


def _ending(folder: Path, found: list[Violation], notes: list[str]) -> list[str]:
    job.write_json(folder / "constraint_violations.json", violations.document(found))
    named = [f"{each.feature_name}: {each.description}" for each in found]
    return [*named, *notes, violations.ending(found)]


@dataclass(frozen=True)
class Tasks:
    """Where the tasks of one window have left their documents."""

    window: Path
    drift: Path
    quality: Path
    baseline: Path

    def found(self, name: str, package: str, run: str) -> Window:
        """What they found."""
        violated = [
            each
            for folder in (self.drift, self.quality)
            for each in job.read_json(folder, "constraint_violations.json")["violations"]
        ]
        return Window(
            name,
            package,
            run,
            job.read_json(self.window, "window.json"),
            job.read_json(self.drift, "drift.json"),
            job.read_json(self.quality, "quality.json"),
            violated,
        )

    def data(self) -> tuple[Data, Data]:
        """That of the baseline, and that of the window."""
        return (
            baseline.data(baseline.read(self.baseline, "data/statistics.json")),
            baseline.data(job.read_json(self.drift, "statistics.json")),
        )


def report(
    folder: Path, tasks: Tasks, before: Path | None, name: str, package: str, run: str
) -> list[str]:
    """Write report/ for people, next-state/ for the next window: history, bookmark, what waits.

    Args:
        folder: gets both.
        tasks: of the window.
        before: folder of the state that earlier windows left, if there is one.
        name: whose windows these are.
        package: ARN of the model package that answered.
        run: the execution that this is part of.

    The bookmark moves here, at the end: a run that breaks before leaves its rows to the next. One
    that looks at a past window again leaves it where it is.
    """
    found = tasks.found(name, package, run)
    window = found.window
    if window["is_newest"]:
        check_is_next(window["start"], before, name)
    entries, events, traffic = _state(before)
    entry = _entry(found, traffic if _is_of(traffic, window) else None)
    if window["is_newest"] or entry.end in {each.end for each in entries}:
        entries = history.added(entries, entry)
    pages, next_state = folder / "report", folder / "next-state"
    pages.mkdir()
    next_state.mkdir()
    (pages / "report.html").write_text(of_window(found, *tasks.data()), encoding="utf-8")
    (pages / "index.html").write_text(of_history(name, entries, events), encoding="utf-8")
    job.write_json(pages / "constraint_violations.json", {"violations": found.violations})
    job.write_json(next_state / state.HISTORY, history.document(entries))
    if window["is_newest"]:
        for path in tasks.quality.glob(f"{state.WAITING}*"):
            shutil.copyfile(path, next_state / path.name)
        after = bookmark.read(job.read_json(tasks.window, "bookmark.json"))
        job.write_json(next_state / state.BOOKMARK, replace(after, of=name).document())
    state.write(next_state, before)
    said = f"{len(found.violations)} violations in {window['rows']:,} rows"
    return [said, violations.ending(found.violations)]


def _state(folder: Path | None) -> tuple[list[Entry], list[Event], Traffic | None]:
    """The windows before, what happened besides, and the endpoint's traffic since."""
    kept = state.document(folder, state.HISTORY)
    entries = [] if kept is None else history.read(kept)
    events: list[Event] = []
    traffic = None
    if folder and (folder / "events.json").is_file():
        events, traffic = history.read_events(job.read_json(folder, "events.json"))
    return entries, events, traffic


def _is_of(traffic: Traffic | None, window: Mapping[str, Any]) -> bool:
    """Whether traffic is a window's: it was gathered for the newest, or for the same past time."""
    return traffic is not None and (
        window["is_newest"] or traffic.since[:19] == window["start"][:19]
    )


def _entry(found: Window, traffic: Traffic | None) -> Entry:
    effects: dict[str, float] = {}
    for each in found.drift["comparisons"]:
        effects[each["column"]] = max(effects.get(each["column"], 0.0), round(each["effect"], 4))
    named = {violations.name_of(each): each["description"] for each in found.violations}
    return Entry(
        found.window["end"],
        found.package,
        found.window["rows"],
        effects,
        named,
        {name: each["value"] for name, each in found.quality["metrics"].items()},
        {name: each["threshold"] for name, each in found.quality["metrics"].items()},
        found.quality["estimated_accuracy"],
        traffic,
        found.run,
    )
