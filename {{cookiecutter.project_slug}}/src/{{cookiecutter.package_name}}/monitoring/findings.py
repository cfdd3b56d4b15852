"""What a monitoring execution has found: its documents, a table of them, and its pages."""

import html
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from .. import paths
from ..runs import executions
from ..s3 import bucket_and_key

if TYPE_CHECKING:
    import pandas as pd

FOLDER = paths.REPORTS / "monitoring"
RECORD = "monitoring.json"  # in the folder of the run
LINK = re.compile(r'href="\.\./[^"]+" title="([^"]+)"')  # from a page in S3 to another run's
COLUMNS = ["column", "kind", "effect", "p_value", "stability_index", "drifted"]


@dataclass(frozen=True)
class Findings:
    """The documents of a window.

    Attributes:
        window: how much was captured, and when; see ``window.json``.
        drift: comparisons with the baseline, and notes; empty of a window in which nothing is new.
        quality: metrics with their bounds; empty of a window in which nothing is new.
        violations: of constraints and bounds, as ``constraint_violations.json`` has them.
    """

    window: dict[str, Any]
    drift: dict[str, Any]
    quality: dict[str, Any]
    violations: list[dict[str, str]]

    @property
    def sentence(self) -> str:
        """What there is to say in short."""
        window = self.window
        if not window["new"]:
            return f"There is nothing new until {window['end']}."
        many = len(self.violations)
        found = f"{many} violation{'s' * (many > 1)}" if many else "no violation"
        said = f"{window['rows']:,} rows in {window['requests']:,} requests"
        if not window["rows"]:
            said = f"No request, but {window['new']:,} labels of earlier ones"
        return f"{said} until {window['end']}: {found}."

    @property
    def notes(self) -> list[str]:
        """What else there is to say."""
        documents = (self.window, self.drift, self.quality)
        return [note for each in documents for note in each.get("notes", [])]

    def named(self) -> list[str]:
        """The columns and metrics that violate something."""
        return sorted({name_of(each) for each in self.violations})

    def comparisons(self) -> "pd.DataFrame":
        """A row for each comparison, the most changed first."""
        import pandas as pd

        table = pd.DataFrame(self.drift.get("comparisons", []), columns=COLUMNS)
        # It is of a column's values, and says nothing of those that are missing.
        table["stability_index"] = table["stability_index"].mask(table["kind"] == "missing")
        return table.sort_values(["drifted", "effect"], ascending=False, ignore_index=True)

    def metrics(self) -> "pd.DataFrame":
        """A row for each metric of the labelled rows: ``value`` and ``threshold``."""
        import pandas as pd

        found = self.quality.get("metrics", {})
        return pd.DataFrame.from_dict(found, orient="index", columns=["value", "threshold"])

    def document(self) -> dict[str, Any]:
        """For the record of a run."""
        return {"window": self.window, "quality": self.quality, "violations": self.violations}


def name_of(violation: dict[str, str]) -> str:
    """The column or metric of a violation."""
    return violation.get("feature_name") or violation["metric_name"]


def of_execution(session: Any, execution: Any) -> Findings:
    """What an execution that has succeeded found.

    Args:
        session: local or managed.
        execution: of the monitoring pipeline.
    """
    window = _document(session, execution, "Consolidate", "window", "window.json")
    if not window["new"]:
        return Findings(window, {}, {}, [])
    violations = _document(session, execution, "Report", "report", "constraint_violations.json")
    return Findings(
        window,
        _document(session, execution, "Drift", "drift", "drift.json"),
        _document(session, execution, "Quality", "quality", "quality.json"),
        violations["violations"],
    )


def _document(session: Any, execution: Any, step: str, output: str, name: str) -> dict[str, Any]:
    return dict(json.loads(_text(session, execution, step, output, name)))


def _text(session: Any, execution: Any, step: str, output: str, name: str) -> str:
    uri = executions.outputs(session, execution, step)[output]
    bucket, key = bucket_and_key(uri)
    return str(session.read_s3_file(bucket, f"{key.rstrip('/')}/{name}"))


def fetch(session: Any, execution: Any, name: str, found: Findings) -> list[str]:
    """Copy a window's report, and the page over all windows, to ``reports/monitoring``.

    The page is there twice: under the name of what is watched, and as ``index.html``, which is that
    of whatever was looked at last.

    Returns:
        The files, relative to the project.
    """
    end = datetime.fromisoformat(found.window["end"])
    pages = {
        f"{name}-{end:%Y%m%d-%H%M%S}.html": "report.html",
        f"{name}.html": "index.html",
        "index.html": "index.html",
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    for target, page in pages.items():
        text = _text(session, execution, "Report", "report", page)
        # The index here may be another one's the next time; all reports are beside it.
        text = text.replace('href="index.html"', f'href="{quote(name)}.html"')
        text = LINK.sub(lambda found: f'href="{quote(html.unescape(found[1]))}"', text)
        (FOLDER / target).write_text(text, encoding="utf-8")
    return [(FOLDER / target).relative_to(paths.PROJECT).as_posix() for target in pages]


def links(session: Any, execution: Any, pages: list[str]) -> dict[str, str]:
    """Where a message says to look, by what is there: files here, or in S3.

    Args:
        session: local or managed.
        execution: of the monitoring pipeline.
        pages: the files here, as `fetch` gives them.
    """
    if session.runs_here:
        return {"report": pages[0], "all windows": pages[1]}
    folder = executions.outputs(session, execution, "Report")["report"].rstrip("/")
    return {"report": f"{folder}/report.html", "all windows": f"{folder}/index.html"}


def triage_uri(session: Any, execution: Any) -> str:
    """The window's rows, each with its drift score: a table."""
    folder = executions.outputs(session, execution, "Drift")["drift"].rstrip("/")
    return f"{folder}/triage.parquet"


def quality_uri(session: Any, execution: Any) -> str:
    """The folder that the quality task has left, with the labelled rows."""
    return executions.outputs(session, execution, "Quality")["quality"]
