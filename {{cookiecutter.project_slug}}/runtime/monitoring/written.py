"""What monitoring leaves: the documents of a window, and the sentences about them."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabular import job

from . import baseline, distributions, history, statistics, violations
from . import report as pages
from .bookmark import Bookmark
from .consolidation import Consolidated
from .distributions import Distribution
from .history import Entry
from .span import Span, check_is_next
from .violations import Violation
from .window import DataResult, QualityResult


def window(folder: Path, found: Consolidated, span: Span, after: Bookmark) -> list[str]:
    """Write window.json: how much was captured, and when; of the newest window bookmark.json."""
    notes = [found.unreadable.sentence()] if found.unreadable.count else []
    if found.unanswered:
        notes.append(f"{found.unanswered} requests have no captured answer")
    document = {
        "rows": found.rows,
        "requests": found.requests,
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
    return [*notes, f"{counted} until {span.end:%Y-%m-%d %H:%M:%S}"]


def data(folder: Path, found: DataResult) -> list[str]:
    """Write statistics.json, constraint_violations.json and drift.json."""
    job.write_json(folder / "statistics.json", statistics.document(found.columns, found.rows))
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


def quality(folder: Path, found: QualityResult) -> list[str]:
    """Write constraint_violations.json and quality.json."""
    notes = list(found.notes)
    if found.estimated_accuracy is not None:
        notes.append(
            f"estimated accuracy {found.estimated_accuracy:.3f}, if only the inputs changed"
        )
    if not found.labelled:
        notes.append("no row has a label yet, so that its quality is not known")
    document = {
        "labelled": found.labelled,
        "metrics": {
            name: {"value": value, "threshold": found.bounds[name].for_window(found.labelled)}
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

    def violations(self) -> list[dict[str, str]]:
        """Those of data and quality."""
        return [
            each
            for folder in (self.drift, self.quality)
            for each in job.read_json(folder, "constraint_violations.json")["violations"]
        ]

    def distributions(self) -> tuple[dict[str, Distribution], dict[str, Distribution]]:
        """Those of the baseline, and those of the window."""
        said = baseline.read(self.baseline, "data/statistics.json")
        then = statistics.columns(said)
        then[baseline.PREDICTION] = distributions.read(said["predictions"])
        return then, statistics.columns(job.read_json(self.drift, "statistics.json"))


def report(
    folder: Path, tasks: Tasks, state: Path | None, name: str, package: str, run: str
) -> list[str]:
    """Write report/ for people, and state/ for the next window: history.json and bookmark.json.

    The bookmark moves here, at the end: a run that breaks before leaves its rows to the next. One
    that looks at a past window again leaves it where it is.
    """
    window, drift, quality = (
        job.read_json(tasks.window, "window.json"),
        job.read_json(tasks.drift, "drift.json"),
        job.read_json(tasks.quality, "quality.json"),
    )
    if window["is_newest"]:
        check_is_next(window["start"], state)
    found = tasks.violations()
    pages_folder, next_state = folder / "report", folder / "state"
    pages_folder.mkdir()
    next_state.mkdir()
    page = pages.of_window(name, window, drift, quality, found, *tasks.distributions())
    (pages_folder / "report.html").write_text(page, encoding="utf-8")
    entries: list[Entry] = []
    if state and (state / "history.json").is_file():
        entries = history.read(job.read_json(state, "history.json"))
    entry = _entry(window, drift, quality, found, package, run)
    if window["is_newest"] or entry.end in {each.end for each in entries}:
        entries = history.added(entries, entry)
    index = pages.of_history(name, entries, [])
    (pages_folder / "index.html").write_text(index, encoding="utf-8")
    job.write_json(pages_folder / "constraint_violations.json", {"violations": found})
    job.write_json(next_state / "history.json", history.document(entries))
    if window["is_newest"]:
        shutil.copyfile(tasks.window / "bookmark.json", next_state / "bookmark.json")
    return [f"{len(found)} violations in {window['rows']:,} rows", violations.ending(found)]


def _entry(
    window: dict[str, Any],
    drift: dict[str, Any],
    quality: dict[str, Any],
    found: list[dict[str, str]],
    package: str,
    run: str,
) -> Entry:
    effects = {
        each["column"]: each["effect"] for each in drift["comparisons"] if each["kind"] != "missing"
    }
    named = {each.get("feature_name") or each["metric_name"]: each["description"] for each in found}
    metrics = {name: each["value"] for name, each in quality["metrics"].items()}
    return Entry(window["end"], package, window["rows"], effects, named, metrics, run)
