"""What monitoring leaves: the documents of a window, and the sentences about them."""

from datetime import datetime
from pathlib import Path

from tabular import job

from . import statistics, violations
from .consolidation import Consolidated
from .violations import Violation
from .window import DataResult, QualityResult


def window(folder: Path, found: Consolidated, end: datetime) -> list[str]:
    """Write window.json: how much was captured, and when."""
    notes = [found.unreadable.sentence()] if found.unreadable.count else []
    if found.unanswered:
        notes.append(f"{found.unanswered} requests have no captured answer")
    document = {
        "rows": found.rows,
        "requests": found.requests,
        "first": found.first.isoformat() if found.first else "",
        "last": found.last.isoformat() if found.last else "",
        "end": end.isoformat(),
        "notes": notes,
    }
    job.write_json(folder / "window.json", document)
    counted = f"{found.rows:,} rows in {found.requests:,} requests"
    return [*notes, f"{counted} until {end:%Y-%m-%d %H:%M}"]


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
