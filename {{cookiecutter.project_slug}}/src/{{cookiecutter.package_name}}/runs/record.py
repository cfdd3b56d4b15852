"""Runs of the training pipeline: what each left, all of them best first, two of them compared.

A run is a folder, ``reports/runs/<time>-<execution id>/``: ``lineage.json`` (what it was made of
and how it ended), ``metrics.json``, and, where it was started by ``make pipeline`` (``python -m
<package> pipeline``), the executed notebook and ``report.html``.
"""

import argparse
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from .. import paths, registry
from ..errors import ProjectError
from ..pipelines import gate
from . import lineage, progress

if TYPE_CHECKING:
    import pandas as pd

RUNS = paths.REPORTS / "runs"
LINEAGE, METRICS = "lineage.json", "metrics.json"
FOLDERS_FILE = (
    "NOTEBOOK_RUN_FOLDERS"  # the variable with the file to which a notebook adds its runs
)
NO_EXECUTION = "no-execution"
NOT_STARTED = "Not started"
# Of evaluation.json, beside the metrics of model, champion and constant.
KEPT = ("problem_type", "primary_metric", "direction", "rows", "gate", "validation", "slices")


@dataclass(frozen=True)
class Run:
    """A run's folder, read when asked."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def lineage(self) -> dict[str, Any]:
        return _read(self.folder / LINEAGE)

    @cached_property
    def metrics(self) -> dict[str, Any]:
        return _read(self.folder / METRICS)

    @property
    def status(self) -> str:
        return str(self.lineage.get("status", NOT_STARTED))

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self.lineage.get("notebook_parameters", {}))

    @property
    def metric(self) -> str:
        """The name of the metric by which the gate decided; empty for a run without one."""
        return str(self.metrics.get("primary_metric", ""))

    @property
    def score(self) -> float | None:
        """That metric on the test rows."""
        return self.metrics.get("model", {}).get(self.metric)

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Write a JSON file of the run; it appears whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        building = self.folder / f".{name}-{os.getpid()}"
        text = json.dumps(document, indent=1, ensure_ascii=False, default=str)
        building.write_text(f"{text}\n", encoding="utf-8")
        building.replace(self.folder / name)


def _read(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}


@contextmanager
def recorded(execution: Any, session: Any, source: str | Path, wait: bool = True) -> Iterator[Run]:
    """Record an execution: its lineage at once, its ending when the block ends, whatever ends it.

    Args:
        execution: what ``pipeline.start()`` returned.
        session: its session.
        source: the data that it reads, as a person named it: a path or an ``s3://`` URI.
        wait: whether the block waits for the ending; otherwise ``runs update`` records it later.
    """
    run = begin(execution.arn, session, source)
    try:
        yield run
    finally:
        if wait:
            finish(run, session)


def begin(arn: str, session: Any, source: str | Path) -> Run:
    """Make the folder of an execution's run, with what is known before it ends."""
    document = lineage.surroundings() | lineage.of_execution(session, arn, source)
    run = Run(RUNS / folder_name(document["started"], arn.rpartition("/")[2]))
    run.write(LINEAGE, {"run": run.name, **document})
    announced = os.environ.get(FOLDERS_FILE)
    if announced:
        with Path(announced).open("a", encoding="utf-8") as file:
            file.write(f"{run.name}\n")
    return run


def folder_name(started: str, execution_id: str = NO_EXECUTION) -> str:
    """``20260131-235900-<execution id>``: sorted by name, runs are in order of time (UTC)."""
    return f"{datetime.fromisoformat(started):%Y%m%d-%H%M%S}-{execution_id}"


def finish(run: Run, session: Any) -> None:
    """Complete a run's record by what its execution has come to; safe to repeat.

    The metrics are there even if the gate said no. Where a model was registered, its package gets
    a pointer to the lineage.
    """
    client = session.sagemaker_client
    arn = run.lineage["execution"]
    described = client.describe_pipeline_execution(PipelineExecutionArn=arn)
    status = described["PipelineExecutionStatus"]
    document = run.lineage | {"status": status, "steps": _steps(session, arn)}
    if status in progress.ENDED:
        document |= {"ended": lineage.now(), "reason": ""}
        if status != "Succeeded":
            document["reason"] = progress.failure(session, arn, status)
    found = progress.listed(session, arn)
    packages = [step["Metadata"]["RegisterModel"]["Arn"] for step in found if _registers(step)]
    document["model_packages"] = packages
    run.write(LINEAGE, document)
    for package in packages:
        lineage.attach(session, package, run.folder / LINEAGE)
    reports = evaluations(session, found)
    if reports:
        run.write(METRICS, metrics_document(reports))


def _registers(step: dict[str, Any]) -> bool:
    return "RegisterModel" in step.get("Metadata", {})


def _steps(session: Any, arn: str) -> list[dict[str, Any]]:
    return [asdict(step) for step in progress.steps(session, arn)]


def evaluations(session: Any, steps: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """``evaluation.json`` of each described step that wrote one, by the step's name."""
    found = {}
    for step in steps:
        kind, name = progress.job_of(step) or ("", "")
        if kind == "Processing" and step["StepStatus"] == "Succeeded":
            job = session.sagemaker_client.describe_processing_job(ProcessingJobName=name)
            outputs = job.get("ProcessingOutputConfig", {}).get("Outputs", [])
            uris = [
                out["S3Output"]["S3Uri"] for out in outputs if out["OutputName"] == "evaluation"
            ]
            for uri in uris:
                bucket, _, key = uri.removeprefix("s3://").partition("/")
                text = session.read_s3_file(bucket, f"{key}/{gate.EVALUATION_FILE}")
                found[step["StepName"]] = dict(json.loads(text))
    return found


def metrics_document(reports: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What ``metrics.json`` holds: of the best evaluation, and under ``others`` of further ones."""
    documents = {
        name: {key: report[key] for key in KEPT if report.get(key)} | registry.comparison(report)
        for name, report in reports.items()
    }
    order = sorted(documents, key=lambda name: rank(documents[name]))
    best, others = documents[order[0]], {name: documents[name] for name in order[1:]}
    return best | ({"step": order[0], "others": others} if others else {})


def rank(metrics: dict[str, Any]) -> float:
    """A number that is lower for better metrics; infinite where there are none."""
    value = metrics.get("model", {}).get(metrics.get("primary_metric"))
    if value is None:
        return float("inf")
    return float(value) if metrics.get("direction") == "minimize" else -float(value)


def all_runs() -> list[Run]:
    """Every recorded run, newest first."""
    folders = [file.parent for file in RUNS.glob(f"[0-9]*/{LINEAGE}")]
    return [Run(folder) for folder in sorted(folders, reverse=True)]


def best_first(found: Sequence[Run]) -> list[Run]:
    """Runs in order of their primary metric; those without one last.

    Runs of different tasks or metrics have nothing to say about each other: each has its own block.
    """
    blocks = {block: number for number, block in enumerate(dict.fromkeys(map(_block, found)))}
    return sorted(found, key=lambda run: (not run.metric, blocks[_block(run)], rank(run.metrics)))


def _block(run: Run) -> tuple[str, str]:
    return str(run.parameters.get("task", "")), run.metric


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
    """Past runs as a table for a notebook: parameters and metrics side by side, best first."""
    import pandas as pd

    found = rows(best_first(all_runs()))
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


def show_list() -> None:
    """Print past runs, a table for each task and metric."""
    found = best_first(all_runs())
    if not found:
        print("there is no run yet; `make pipeline` makes one")
    for block in dict.fromkeys(map(_block, found)):
        members = [run for run in found if _block(run) == block]
        print(f"{_heading(*block, members)}\n{text_table(rows(members))}\n")


def _heading(task: str, metric: str, members: list[Run]) -> str:
    direction = "lower" if members[0].metrics.get("direction") == "minimize" else "higher"
    about = f"by {metric}, {direction} is better" if metric else "without metrics"
    return f"{len(members)} runs {f'of {task} ' if task else ''}{about}"


def show_comparison(first: str, second: str) -> None:
    """Print what differs between two runs."""
    print(text_table(comparison(find(first), find(second))))


def update() -> None:
    """Complete the runs that nobody waited for."""
    from ..sessions.open import open_session

    waiting = [run for run in all_runs() if run.status in ("Executing", "Stopping")]
    for run in waiting:
        session = open_session(str(run.parameters.get("session", "local")), "unused", warm=False)
        finish(run, session)
        print(f"{run.name} is {Run(run.folder).status}")
    if not waiting:
        print("no run is waited for")


def retry(name: str) -> None:
    """Go on with a run that failed or was stopped, from what had succeeded, and follow it.

    Args:
        name: the run's; see ``find``.

    Raises:
        ProjectError: it started no execution, it cannot be retried, or it failed again.
    """
    from ..sessions.open import open_session

    run = find(name)
    if "execution" not in run.lineage:
        raise ProjectError(f"{run.name} started no execution; run the pipeline again")
    session = open_session(str(run.parameters.get("session", "local")), role="unused")
    started = progress.Started(run.lineage["execution"], session)
    try:
        session.sagemaker_client.retry_pipeline_execution(
            PipelineExecutionArn=started.arn, ClientRequestToken=secrets.token_hex(16)
        )
    except ClientError as error:
        raise ProjectError(error.response["Error"]["Message"]) from error
    try:
        progress.follow(started, session)
    finally:
        finish(run, session)


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="runs", description="Runs of the training pipeline.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "pipeline", help="run notebook 03; options are papermill's: -f params/local.yaml -p eta 0.2"
    )
    commands.add_parser("list", help="past runs with parameters and metrics, best first")
    comparing = commands.add_parser("compare", help="what differs between two runs")
    for name in ("first", "second"):
        comparing.add_argument(name, help="a run's name or a part of it, best, or last")
    retrying = commands.add_parser(
        "retry", help="go on with a run that failed or was killed, from what had succeeded"
    )
    retrying.add_argument("run", nargs="?", default="last", help="its name or a part of it")
    commands.add_parser("update", help="complete the runs that nobody waited for")
    return parser


def main(argv: list[str] | None = None) -> None:
    """Run the command line; a mistake is one sentence and exit code 1."""
    words = sys.argv[1:] if argv is None else argv
    running = words[:1] == ["pipeline"]
    options = arguments().parse_args(words[:1] if running else words)
    try:
        if running:
            from ..notebooks import pipeline_run

            pipeline_run.pipeline(words[1:])
        elif options.command == "list":
            show_list()
        elif options.command == "compare":
            show_comparison(options.first, options.second)
        elif options.command == "retry":
            retry(options.run)
        else:
            update()
    except ProjectError as error:
        sys.exit(f"runs: {error}")
