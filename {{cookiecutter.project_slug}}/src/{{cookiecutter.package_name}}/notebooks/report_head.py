"""The head of a run's report: verdict, metrics, the pipeline, what it was made of, parameters."""

import html
from collections.abc import Iterator
from typing import Any

from .. import settings


def head_of(
    title: str,
    lineage: dict[str, Any],
    metrics: dict[str, Any],
    pipeline: list[str],
    given: dict[str, Any],
) -> Iterator[str]:
    """Title, verdict, metrics, pipeline, parameters and lineage."""
    yield f'<p class="project">{html.escape(settings.PROJECT_NAME)}</p>'
    yield f"<h1>{html.escape(title)}</h1>"
    if not lineage:
        return
    state = html.escape(lineage.get("status", ""))
    started = html.escape(lineage.get("started", "").replace("T", " ").replace("+00:00", " UTC"))
    yield f'<p><span class="state {state}">{state}</span> &nbsp;{started}</p>'
    if lineage.get("reason"):
        yield f'<p class="reason">{html.escape(lineage["reason"])}</p>'
    yield from _metrics(metrics)
    if pipeline:
        yield "<h2>Pipeline</h2>"
        yield from (f'<div class="output">{shown}</div>' for shown in pipeline)
    yield from _made_of(lineage)
    yield from _parameters(lineage.get("notebook_parameters", {}), given)
    yield '<h2 class="notebook">The notebook</h2>'


def _metrics(metrics: dict[str, Any]) -> Iterator[str]:
    """A column for each model, champion and constant; with more evaluations, under their names."""
    columns: dict[str, Any] = {
        name: metrics[name] for name in ("model", "champion", "constant") if name in metrics
    }
    for step, other in metrics.get("others", {}).items():
        columns |= {
            f"{step}: {name}": other[name] for name in ("model", "champion") if name in other
        }
    if "model" not in columns:
        return
    validation = metrics.get("validation", {})
    columns |= {f"{validation.get('kind')} mean": _part(validation, "mean")} if validation else {}
    columns |= {"± deviation": _part(validation, "std")} if validation else {}
    primary = html.escape(metrics["primary_metric"])
    yield f"<h2>Metrics</h2><p>On {metrics.get('rows', 0):,} test rows; "
    yield f"the gate looks at <b>{primary}</b>.</p>"
    rows = [
        [name, *(_number(column.get(name)) for column in columns.values())]
        for name in columns["model"]
    ]
    yield _table(["", *columns], rows, numbers=True)


def _part(validation: dict[str, Any], part: str) -> dict[str, Any]:
    return {name: found.get(part) for name, found in validation.get("metrics", {}).items()}


def _number(value: Any) -> str:
    return f"{value:,.4g}" if isinstance(value, int | float) else ""


def _made_of(lineage: dict[str, Any]) -> Iterator[str]:
    """Where the result comes from, as far as it is known."""
    git = lineage.get("git")
    tree = "" if not git or git["clean"] else ", with changes that were not committed"
    facts = {
        "Model package": ", ".join(lineage.get("model_packages", [])),
        "Run": lineage.get("run", ""),
        "Execution": lineage.get("execution", ""),
        "Git commit": f"{git['commit']}{tree}" if git else "no repository",
        "Data": lineage.get("data_uri", ""),
        "Data fingerprint": lineage.get("data_fingerprint", ""),
        "Definition": lineage.get("definition_sha256", ""),
        "Versions": ", ".join(f"{key} {value}" for key, value in lineage["versions"].items()),
    }
    yield "<h2>Made of</h2>"
    yield _table([], [[name, value] for name, value in facts.items() if value])


def _parameters(parameters: dict[str, Any], given: dict[str, Any]) -> Iterator[str]:
    """The parameters that were given for this run, and the others folded away."""
    others = {name: value for name, value in parameters.items() if name not in given}
    if given or others:
        yield "<h2>Parameters</h2>"
        yield _table([], [[name, str(value)] for name, value in given.items()])
    if others:
        rows = [[name, str(value)] for name, value in others.items()]
        yield f"<details><summary>The notebook's own</summary>{_table([], rows)}</details>"


def _table(head: list[str], rows: list[list[str]], numbers: bool = False) -> str:
    kind = "number" if numbers else "value"
    top = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    lines = "".join(
        f"<tr><th>{html.escape(row[0])}</th>"
        + "".join(f'<td class="{kind}">{html.escape(value)}</td>' for value in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{lines}</table>"
