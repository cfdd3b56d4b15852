"""Runs side by side: all of them best first, and in what two of them differ."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import ProjectError
from ..evaluation import rank
from .record import Run, all_runs

if TYPE_CHECKING:
    import pandas as pd


def find(name: str) -> Run:
    """The run that a person means by its name, a part of it, ``best`` or ``last``.

    Raises:
        ProjectError: there is none, or more than one.
    """
    everything = all_runs()
    if not everything:
        raise ProjectError("there is no run yet; `make pipeline` makes one")
    if name in ("last", "best"):
        return everything[0] if name == "last" else best_first(everything)[0]
    found = [run for run in everything if name in run.name]
    if len(found) != 1:
        what = f"{len(found)} runs" if found else "no run"
        raise ProjectError(f"{name!r} names {what}; `runs list` shows their names")
    return found[0]


def best_first(found: Sequence[Run]) -> list[Run]:
    """Runs in order of their primary metric; those without one last.

    Runs of different tasks or metrics have nothing to say about each other: each has its own block.
    """
    blocks = {block: number for number, block in enumerate(dict.fromkeys(map(_block, found)))}
    return sorted(found, key=lambda run: (not run.metric, blocks[_block(run)], rank(run.metrics)))


def _block(run: Run) -> tuple[str, str]:
    return str(run.parameters.get("task", "")), run.metric


def differing(found: Sequence[Run], facts: Callable[[Run], dict[str, Any]]) -> list[str]:
    """Names of the facts that are not the same in all runs, in their usual order."""
    known = [facts(run) for run in found]
    names = dict.fromkeys(name for values in known for name in values)
    return [name for name in names if len({str(values.get(name)) for values in known}) > 1]


def rows(found: Sequence[Run]) -> list[dict[str, Any]]:
    """A row for each run: what it is, its metrics, and the parameters in which the runs differ."""
    compared = differing(found, lambda run: run.parameters)
    measured = dict.fromkeys(
        name for run in found for name in [run.metric, *run.metrics.get("model", {})] if name
    )
    return [
        {
            "run": run.name,
            "status": run.status,
            "model": " ".join(map(_version, run.lineage.get("model_packages", []))),
            **{name: run.metrics.get("model", {}).get(name, "") for name in measured},
            **{name: run.parameters.get(name, "") for name in compared},
            "data": data_name(run),
            "git": git_name(run),
        }
        for run in found
    ]


def _version(arn: str) -> str:
    group, version = arn.split("/")[-2:]
    return f"{group}/{version}"


def data_name(run: Run) -> str:
    """Data in a few letters: the start of its fingerprint."""
    return str(run.lineage.get("data_fingerprint", "")).partition(":")[2][:8]


def git_name(run: Run) -> str:
    """A commit in a few letters, with a + where the tree had changes beside it."""
    git = run.lineage.get("git")
    return f"{git['commit'][:8]}{'' if git['clean'] else '+'}" if git else ""


def table() -> "pd.DataFrame":
    """Past runs of training as a table: parameters and metrics side by side, best first."""
    import pandas as pd

    found = rows(best_first([run for run in all_runs() if run.is_training]))
    return pd.DataFrame(found).set_index("run") if found else pd.DataFrame()


def comparison(first: Run, second: Run) -> list[dict[str, Any]]:
    """What differs between two runs, a row for each fact; then all metrics, the same or not."""
    pair = (first, second)
    found = [
        {"what": name, **{run.name: facts(run).get(name, "") for run in pair}}
        for facts in (_settings, _surroundings)
        for name in differing(pair, facts)
    ]
    measured = dict.fromkeys(name for run in pair for name in run.metrics.get("model", {}))
    return found + [
        {"what": name, **{run.name: run.metrics.get("model", {}).get(name, "") for run in pair}}
        for name in measured
    ]


def _settings(run: Run) -> dict[str, Any]:
    """Notebook parameters, and the pipeline's under their own names."""
    pipeline = run.lineage.get("pipeline_parameters", {})
    return run.parameters | {f"pipeline {name}": value for name, value in pipeline.items()}


def _surroundings(run: Run) -> dict[str, Any]:
    facts = {name: run.lineage.get(name, "") for name in ("status", "data_source", "data_uri")}
    definition = str(run.lineage.get("definition_sha256", ""))[:12]
    versions = {f"version of {key}": item for key, item in run.lineage.get("versions", {}).items()}
    return facts | {"definition": definition, "git": git_name(run)} | versions


def text_table(found: Sequence[dict[str, Any]], signs: int = 44) -> str:
    """Rows as aligned columns; numbers to four digits, long texts cut, empty columns left out."""
    names = [name for name in found[0] if any(row[name] != "" for row in found)]
    cells = [names, *([_cell(row[name], signs) for name in names] for row in found)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(map(str.ljust, line, widths)).rstrip() for line in cells)
    return "\n".join(lines)


def _cell(value: Any, signs: int) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= signs else f"…{text[1 - signs :]}"


def listing() -> str:
    """Past runs as text for a terminal, a table for each task and metric."""
    found = best_first(all_runs())
    tables = []
    for block in dict.fromkeys(map(_block, found)):
        members = [run for run in found if _block(run) == block]
        tables.append(f"{_heading(*block, members)}\n{text_table(rows(members))}\n")
    return "\n".join(tables) or "there is no run yet; `make pipeline` makes one"


def _heading(task: str, metric: str, members: list[Run]) -> str:
    direction = "lower" if members[0].metrics.get("direction") == "minimize" else "higher"
    about = f"by {metric}, {direction} is better" if metric else "without metrics"
    return f"{len(members)} runs {f'of {task} ' if task else ''}{about}"
