"""What a run of the pipeline leaves: a folder, ``reports/runs/<time>-<execution id>/``.

In it are ``lineage.json`` (what it was made of and how it ended), ``metrics.json``, and, where it
was started by ``make pipeline`` (``python -m <package> pipeline``), the executed notebook and
``report.html``.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import evaluation, paths
from ..errors import ProjectError
from . import FOLDERS_FILE, executions, lineage, step_table, surroundings

RUNS = paths.REPORTS / "runs"
LINEAGE, METRICS, REPORT = "lineage.json", "metrics.json", "report.html"
SCORING = "-scoring"  # how the name of a pipeline ends that scores
MONITORING = "-monitoring"  # and of one that watches a model
NO_EXECUTION = "no-execution"
NOT_STARTED = "Not started"


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

    @property
    def is_training(self) -> bool:
        """Whether it trained on data, instead of scoring it or watching a model."""
        return not str(self.lineage.get("pipeline", "")).endswith((SCORING, MONITORING))

    def write(self, name: str, document: dict[str, Any]) -> None:
        """Write a JSON file of the run; it appears whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        building = self.folder / f".{name}-{os.getpid()}"
        text = json.dumps(document, indent=1, ensure_ascii=False, default=str)
        building.write_text(f"{text}\n", encoding="utf-8")
        building.replace(self.folder / name)


def _read(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else {}
    except (ValueError, TypeError):
        raise ProjectError(f"{file} is no readable record: mend it or delete its folder") from None


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
            tell(session, finish(run, session))


def begin(arn: str, session: Any, source: str | Path) -> Run:
    """Make the folder of an execution's run, with what is known before it ends."""
    document = surroundings.surroundings() | lineage.of_execution(session, arn, source)
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


def tell(session: Any, document: dict[str, Any]) -> None:
    """Tell whom it matters how a run has ended, as ``params/alerts.yaml`` says."""
    from ..monitoring import endings  # which takes a while, and is needed once

    gate = executions.ended_by_fail_step(session, document["execution"])
    endings.of_run(session, document, gate)


def finish(run: Run, session: Any) -> dict[str, Any]:
    """Complete a run's record by what its execution has come to, and give it; safe to repeat.

    The metrics are there even if the gate said no. Where a model was registered, its package gets
    a pointer to the lineage.
    """
    client = session.sagemaker_client
    arn = run.lineage["execution"]
    described = client.describe_pipeline_execution(PipelineExecutionArn=arn)
    status = described["PipelineExecutionStatus"]
    document = run.lineage | {"status": status, "steps": _steps(session, arn)}
    if status in executions.ENDED:
        document |= {"ended": surroundings.now(), "reason": ""}
        if status != "Succeeded":
            document["reason"] = executions.failure(session, arn, status)
    found = executions.listed(session, arn)
    packages = [step["Metadata"]["RegisterModel"]["Arn"] for step in found if _registers(step)]
    document["model_packages"] = packages
    run.write(LINEAGE, document)
    for package in packages:
        lineage.attach(session, package, run.folder / LINEAGE)
    reports = evaluation.of_steps(session, found)
    if reports:
        run.write(METRICS, evaluation.metrics_document(reports))
    return document


def _registers(step: dict[str, Any]) -> bool:
    return "RegisterModel" in step.get("Metadata", {})


def _steps(session: Any, arn: str) -> list[dict[str, Any]]:
    return [asdict(step) for step in step_table.steps(session, arn)]


def all_runs() -> list[Run]:
    """Every recorded run, newest first."""
    folders = [file.parent for file in RUNS.glob(f"[0-9]*/{LINEAGE}")]
    return [Run(folder) for folder in sorted(folders, reverse=True)]
