"""The step cache of generated projects: what a change to code or data runs again, and why."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import LocalState, Run, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]
JOBS = ("Preprocess", "Train", "Evaluate", "Transform", "Baseline")


def verdicts(project: Path) -> dict[str, str]:
    """What the newest execution's explanation says of the steps that run jobs."""
    state = LocalState(project)
    arn = state.executions()[0]["PipelineExecutionArn"]
    explained = {
        step.step: f"{step.verdict}: {step.why}" for step in state.session.explain(arn).steps
    }
    return {name: explained[name] for name in JOBS}


def hits(project: Path) -> set[str]:
    return {name for name, verdict in verdicts(project).items() if verdict.startswith("hit")}


def write(folder: Path, name: str, rows: list[list[str]]) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / name).open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(rows)


def table(project: Path, run: Run) -> list[list[str]]:
    """Rows of sample data, the header first."""
    run(["python", "-m", "used_car_prices", "sample-data", "--rows", "1200"], project)
    (file,) = (project / "data").glob("*.csv")
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


def test_a_change_runs_again_what_depends_on_it(project: Path, run: Run) -> None:
    header, *rows = table(project, run)
    data = project / "data" / "mine"
    write(data, "first.csv", [header, *rows[:800]])
    options: dict[str, Any] = {"input_data": data, "target": header[-1], "metric_threshold": 0.1}

    run_notebook(run, project, **options).succeeded()
    assert hits(project) == set()

    ran = run_notebook(run, project, **options).succeeded()
    assert hits(project) == set(JOBS)
    assert "Train: hit, nothing changed since execution" in ran.output
    assert len(LocalState(project).packages()) == 2, "a run from the cache registers a version too"

    script = project / "runtime" / "train.py"
    script.write_text(script.read_text(encoding="utf-8") + "\n# a comment\n", encoding="utf-8")
    run_notebook(run, project, **options).succeeded()
    assert verdicts(project)["Train"].startswith("miss: channel code: train.py changed")
    # The model is the same to the byte, so that nothing behind it has anything new to do.
    assert hits(project) == {"Preprocess", "Evaluate", "Transform", "Baseline"}

    library = project / "runtime" / "tabular" / "slices.py"  # evaluate.py alone imports it
    library.write_text(library.read_text(encoding="utf-8") + "\n# a comment\n", encoding="utf-8")
    run_notebook(run, project, **options).succeeded()
    assert "tabular/slices.py changed" in verdicts(project)["Evaluate"]
    assert hits(project) == {"Preprocess", "Train", "Transform", "Baseline"}

    asked = {"metric_threshold": 0.2, "slice_bound": "fuel=petrol:0.1"}
    run_notebook(run, project, **(options | asked)).succeeded()
    why = verdicts(project)["Evaluate"]
    assert "argument --metric-threshold was 0.1, is 0.2" in why and "input options" in why
    assert hits(project) == {"Preprocess", "Train", "Transform", "Baseline"}

    run_notebook(run, project, eta=0.3, **options).succeeded()
    assert verdicts(project)["Train"] == "miss: hyperparameter eta was 0.1, is 0.3"
    assert hits(project) == {"Preprocess"}

    write(data, "second.csv", [header, *rows[800:]])
    run_notebook(run, project, eta=0.3, **options).succeeded()
    assert verdicts(project)["Preprocess"] == "miss: input data: second.csv is new"
    assert hits(project) == set()

    run_notebook(run, project, eta=0.3, cache=False, **options).succeeded()
    assert set(verdicts(project).values()) == {"run: its CacheConfig is off"}
