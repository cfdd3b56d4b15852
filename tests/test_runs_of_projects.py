"""Runs of generated projects: what each leaves, past runs side by side, lineage both ways."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from conftest import environment
from preloaded import run_module
from projects import TRAINING, LocalState, Run

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]
PROGRAM = ["python", "-m", "used_car_prices"]
RUNS = [*PROGRAM, "runs"]
LINEAGE = [*PROGRAM, "lineage"]
REMOTE = re.compile(  # what a browser would run or fetch
    r"""<script|<link\b|@import|url\(|<[^>]*\son\w+\s*=|
        <[^>]*\s(?:src|srcset|data|poster)\s*=\s*["']?(?!["']?data:)\S+""",
    re.IGNORECASE | re.VERBOSE,
)
GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]


@dataclass(frozen=True)
class Kept:
    """What a run left in its folder."""

    folder: Path

    def read(self, name: str) -> dict[str, Any]:
        return dict(json.loads((self.folder / name).read_text(encoding="utf-8")))

    @property
    def report(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")


def kept(project: Path) -> list[Kept]:
    """The runs of a project, oldest first."""
    return [Kept(folder) for folder in sorted((project / "reports" / "runs").glob("[0-9]*"))]


def pipeline(project: Path, **parameters: object) -> subprocess.CompletedProcess[str]:
    """Run the training pipeline as `make pipeline` does, on a small sample."""
    given = {"sample_rows": 1500, **parameters}
    words = [word for name, value in given.items() for word in ("-p", name, str(value))]
    words = ["used_car_prices", "pipeline", "-f", "params/local.yaml", *words]
    return run_module(words, project, environment(project, {}))


@dataclass(frozen=True)
class TwoRuns:
    """A project under git with a run that registered a model, and one that the gate refused.

    Between the two, a file was changed and not committed.
    """

    project: Path
    commit: str
    good: subprocess.CompletedProcess[str]
    refused: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def two(bake: Bake, run: Run, tmp_path_factory: pytest.TempPathFactory) -> TwoRuns:
    project = Path(shutil.copytree(bake(), tmp_path_factory.mktemp("runs") / "project"))
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        assert run([*GIT, *command], project).returncode == 0
    commit = run(["git", "rev-parse", "HEAD"], project).stdout.strip()
    good = pipeline(project)
    (project / "README.md").write_text("changed\n", encoding="utf-8")
    refused = pipeline(project, metric_threshold=0.9999, rounds=40)
    return TwoRuns(project, commit, good, refused)


def test_a_run_leaves_notebook_report_metrics_and_lineage(two: TwoRuns) -> None:
    assert two.good.returncode == 0, two.good.stderr
    first = kept(two.project)[0]
    names = {file.name for file in first.folder.iterdir()}
    assert names == {"notebook.ipynb", "report.html", "metrics.json", "lineage.json"}
    document = first.read("lineage.json")
    assert first.folder.name.endswith(document["execution"].rpartition("/")[2])
    assert document["status"] == "Succeeded"
    assert document["git"] == {"commit": two.commit, "clean": True}
    assert document["notebook_parameters"]["sample_rows"] == 1500
    assert document["pipeline_parameters"]["MaxDepth"] == "4"
    assert document["versions"]["sagemaker"]
    state = LocalState(two.project)
    (package,) = state.packages()
    assert document["model_packages"] == [package["ModelPackageArn"]]
    assert (two.project / document["data_source"]).read_bytes() == state.path(
        document["data_uri"]
    ).read_bytes()
    measured = state.evaluation(package)["regression_metrics"]["r2"]["value"]
    assert first.read("metrics.json")["model"]["r2"] == measured


def test_the_terminal_shows_each_step_as_it_happens(two: TwoRuns) -> None:
    lines = [line.split() for line in two.good.stdout.splitlines()]
    began = [line[0] for line in lines if line[1:] == ["Executing"]]
    ended = [line[0] for line in lines if line[1:2] == ["Succeeded"]]
    assert [name for name in ("Preprocess", "Train") if name in began]
    assert ended[0] == "Preprocess" and ended[-1].startswith("Register")
    assert "report.html" in two.good.stdout.splitlines()[-1]
    assert two.good.stderr == ""


def test_the_notebook_in_the_repository_is_as_it_was(two: TwoRuns, run: Run, bake: Bake) -> None:
    changed = run(["git", "status", "--porcelain"], two.project).stdout.split()
    assert changed == ["M", "README.md"]
    latest = nbformat.read(two.project / "reports" / TRAINING, as_version=4)
    assert any(cell.get("outputs") for cell in latest.cells)
    own = Path("notebooks", TRAINING)
    assert (two.project / own).read_bytes() == (bake() / own).read_bytes()


def test_the_report_opens_offline(two: TwoRuns) -> None:
    for each in kept(two.project)[:2]:
        report = each.report
        assert len(report.encode()) < 2_000_000
        assert REMOTE.findall(report) == []
        assert "default-src 'none'" in report
        head = report.partition("The notebook</h2>")[0]
        for text in ("Metrics", "data:image/svg+xml;base64,", "pipeline-steps", "sample_rows"):
            assert text in head
        assert "<details" in report


def test_a_run_that_the_gate_refuses_is_kept_and_says_why(two: TwoRuns) -> None:
    assert two.refused.returncode == 1
    sentence = two.refused.stderr.splitlines()[-1]
    assert sentence.startswith("pipeline: the pipeline failed: MissedGate: r2 0.")
    assert two.refused.stderr.count("\n") == 1
    second = kept(two.project)[1]
    document = second.read("lineage.json")
    assert document["status"] == "Failed"
    assert f"pipeline: {document['reason']}" == sentence
    assert document["git"] == {"commit": two.commit, "clean": False}
    assert 0 < second.read("metrics.json")["model"]["r2"] < 0.9999
    assert "misses MetricThreshold 0.9999" in second.report


def test_past_runs_side_by_side(two: TwoRuns, run: Run) -> None:
    listed = run([*RUNS, "list"], two.project).stdout.splitlines()
    names = [each.folder.name for each in kept(two.project)]
    assert "r2, higher is better" in listed[0]
    columns = listed[1].split()
    assert {"rounds", "metric_threshold", "r2", "git"} <= set(columns)
    assert "sample_rows" not in columns  # the same in both
    assert [line.split()[0] for line in listed[2:4]] == names[:2]
    compared = run([*RUNS, "compare", "best", names[1]], two.project).stdout
    lines = [line.split() for line in compared.splitlines()]
    assert ["rounds", "400", "40"] in lines
    assert ["git", two.commit[:8], f"{two.commit[:8]}+"] in lines


def test_the_notebook_shows_past_runs_too(two: TwoRuns) -> None:
    executed = nbformat.read(kept(two.project)[0].folder / "notebook.ipynb", as_version=4)
    tables = [
        output["data"]["text/html"]
        for cell in executed.cells
        for output in cell.get("outputs", [])
        if "text/html" in output.get("data", {})
    ]
    assert any(kept(two.project)[0].folder.name in table for table in tables)


def test_lineage_in_both_directions(two: TwoRuns, run: Run, tmp_path: Path) -> None:
    document = kept(two.project)[0].read("lineage.json")
    back = run([*LINEAGE, "of-package", "1"], two.project)
    assert back.returncode == 0, back.stderr
    for fact in ("execution", "data_uri", "data_fingerprint", "definition_sha256"):
        assert document[fact] in back.stdout
    assert f"{two.commit}, clean" in back.stdout
    assert "no endpoint" in back.stdout
    copy = shutil.copy(two.project / document["data_source"], tmp_path / "a copy.csv")
    forward = run([*LINEAGE, "of-data", str(copy)], two.project).stdout
    assert "used-car-prices-xgboost version 1" in forward
    assert document["run"] in forward


def test_the_log_of_any_step_is_one_call_away(two: TwoRuns, run: Run) -> None:
    log = run(["python", "-m", "used_car_prices", "progress", "log", "Train"], two.project).stdout
    assert "validation:r2=" in log and len(log.splitlines()) > 3


def test_a_mistyped_parameter_leaves_a_run_that_says_so(two: TwoRuns) -> None:
    before = kept(two.project)
    failed = pipeline(two.project, max_dept=3)
    assert failed.returncode == 1
    sentence = "the notebook has no parameter 'max_dept'; did you mean 'max_depth'?"
    assert failed.stderr.splitlines()[-1] == f"pipeline: {sentence}"
    (new,) = [each for each in kept(two.project) if each not in before]
    assert new.folder.name.endswith("-no-execution")
    assert new.read("lineage.json")["reason"] == sentence
    assert "did you mean" in new.report


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups to interrupt")
def test_an_interrupt_stops_the_execution_and_says_so(bake: Bake, tmp_path: Path) -> None:
    project = Path(shutil.copytree(bake(), tmp_path / "project"))
    words = ["-m", "used_car_prices", "pipeline", "-f", "params/local.yaml"]
    slow = ["-p", "rounds", "50000", "-p", "eta", "0.0001", "-p", "max_depth", "9"]
    process = subprocess.Popen(
        [sys.executable, *words, *slow],
        cwd=project,
        env=environment(project, {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    for line in process.stdout:
        if line.startswith("Train"):
            break
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does for Ctrl-C
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors == "pipeline: the pipeline was stopped by an interrupt (Ctrl-C)\n"
    assert ["Train", "Stopped"] in [line.split()[:2] for line in output.splitlines()]
    (only,) = kept(project)
    assert only.read("lineage.json")["status"] == "Stopped"
    assert LocalState(project).executions()[0]["PipelineExecutionStatus"] == "Stopped"


def test_a_killed_run_goes_on_from_what_had_succeeded(bake: Bake, run: Run, tmp_path: Path) -> None:
    project = Path(shutil.copytree(bake(), tmp_path / "project"))
    slow = {"sample_rows": 3000, "eta": 0.001, "rounds": 1500, "metric_threshold": 0.1}
    words = [word for name, value in slow.items() for word in ("-p", name, str(value))]
    killed = subprocess.Popen(
        [sys.executable, *PROGRAM[1:], "pipeline", *words],
        cwd=project,
        env=environment(project, {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    state = LocalState(project)
    deadline = time.monotonic() + 120
    while not (state.executions() and "Train" in state.steps()):
        assert time.monotonic() < deadline, "training never started"
        time.sleep(0.1)
    os.killpg(killed.pid, signal.SIGKILL)
    for kernel in kernels_of(project):
        os.kill(kernel, signal.SIGKILL)
    killed.wait()
    before = state.steps()["Preprocess"]["Metadata"]

    retried = run([*RUNS, "retry"], project)
    assert retried.returncode == 0, retried.stderr
    steps = state.steps()
    assert {step["StepStatus"] for step in steps.values()} == {"Succeeded"}
    assert steps["Preprocess"]["Metadata"] == before, "what had succeeded is not run again"
    (package,) = state.packages()
    (folder,) = kept(project)
    assert folder.read("lineage.json")["status"] == "Succeeded"
    assert folder.read("lineage.json")["model_packages"] == [package["ModelPackageArn"]]

    again = run([*RUNS, "retry"], project)
    assert again.returncode == 1
    assert "only one that is Failed or Stopped is retried" in again.stderr


def kernels_of(project: Path) -> list[int]:
    """Notebook kernels that run in a project; papermill starts each in a session of its own."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline", "environ"]):
        command = " ".join(process.info["cmdline"] or [])
        source = (process.info["environ"] or {}).get("PYTHONPATH", "")
        if "ipykernel" in command and str(project) in source:
            found.append(process.info["pid"])
    return found
