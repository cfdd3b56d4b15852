"""The training pipeline of generated projects, run by papermill in the local session."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import sources
from projects import LocalState, Run, failure, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]

PRIMARY = {
    "regression": ("r2", 0.7),
    "binary_classification": ("roc_auc", 0.7),
    "multiclass_classification": ("balanced_accuracy", 0.5),
}
OFFLINE = Path(__file__).parent / "offline"


@pytest.mark.parametrize("family", ["xgboost", "linear"])
@pytest.mark.parametrize("problem_type", PRIMARY)
def test_a_model_that_beats_a_constant_is_registered(
    bake_own: Bake, run: Run, problem_type: str, family: str
) -> None:
    project = bake_own(problem_type=problem_type)
    metric, threshold = PRIMARY[problem_type]
    ran = run_notebook(
        run, project, sample_rows=3000, model_family=family, metric_threshold=threshold
    ).succeeded()

    state = LocalState(project)
    (package,) = state.packages()
    assert f"registry approve --session local --group used-car-prices-{family} --version 1" in (
        ran.output
    )
    evaluation = state.evaluation(package)
    measured = evaluation[f"{problem_type}_metrics"]
    assert measured[metric]["value"] >= threshold
    assert measured[metric]["value"] > evaluation["constant_metrics"][metric]["value"] + 0.1
    assert package["ModelPackageGroupName"] == f"used-car-prices-{family}"
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["ModelPackageArn"] in ran.output
    assert {step: found["StepStatus"] for step, found in state.steps().items()} == dict.fromkeys(
        (
            *("RegisterModel", "Transform", "CreateModel", "PassesGate"),
            *("Evaluate", "Train", "Preprocess"),
        ),
        "Succeeded",
    )
    model = "model.ubj" if family == "xgboost" else "linear.json"
    assert {"signature.json", "preprocessing.json", model, "code/inference.py"} <= set(
        state.artifact(package)
    )
    assert not [name for name in state.artifact(package) if name.endswith((".pkl", ".joblib"))]


def test_a_threshold_too_strict_registers_nothing(project: Path, run: Run) -> None:
    ran = run_notebook(run, project, sample_rows=1500, metric_threshold=0.9999)

    assert "MissedGate: r2 0." in failure(ran)
    said = re.search(r"r2 (0\.\d+) misses MetricThreshold 0\.9999 by (0\.\d+)$", failure(ran))
    assert said and float(said[1]) + float(said[2]) == pytest.approx(0.9999)
    state = LocalState(project)
    assert state.packages() == []
    assert state.steps()["PassesGate"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert "RegisterModel" not in state.steps()
    assert state.executions()[0]["PipelineExecutionStatus"] == "Failed"


def test_a_challenger_worse_than_the_champion_registers_nothing(project: Path, run: Run) -> None:
    good = run_notebook(run, project, sample_rows=1500, approval_status="Approved").succeeded()
    assert "is Approved" in good.output
    worse: dict[str, Any] = {"rounds": 3, "max_depth": 1, "metric_threshold": 0}
    ran = run_notebook(run, project, sample_rows=1500, **worse)

    assert "MissedGate: r2" in failure(ran)
    assert "is worse on the test rows than the champion's 0." in failure(ran)
    state = LocalState(project)
    assert [package["ModelPackageVersion"] for package in state.packages()] == [1]
    assert state.steps()["PassesGate"]["Metadata"]["Condition"]["Outcome"] == "False"


def test_an_approved_version_becomes_the_champion(project: Path, run: Run) -> None:
    run_notebook(run, project, sample_rows=1500).succeeded()
    registry = ["python", "-m", "used_car_prices", "registry"]
    assert "version 1   PendingManualApproval" in run([*registry, "list"], project).stdout
    approval = run([*registry, "approve", "--version", "1"], project)
    assert approval.returncode == 0, approval.stderr
    missing = run([*registry, "approve", "--version", "7"], project)
    assert missing.returncode == 1
    assert missing.stderr == "registry: used-car-prices-xgboost has no version 7; it has 1\n"
    run_notebook(run, project, sample_rows=1500).succeeded()

    state = LocalState(project)
    first, second = state.packages()
    assert (first["ModelApprovalStatus"], second["ModelPackageVersion"]) == ("Approved", 2)
    assert state.evaluation(first)["champion_metrics"] == {}
    # The same data and parameters give the same model, which is as good as itself.
    assert (
        state.evaluation(second)["champion_metrics"]
        == state.evaluation(first)["regression_metrics"]
    )
    assert state.evaluation(second)["gate"]["champion_margin"] == 0


def test_an_upserted_pipeline_starts_on_new_data_without_a_rebuild(project: Path, run: Run) -> None:
    options = ["--rows", "900", "--seed", "8", "--output", "new.csv"]
    run(["python", "-m", "used_car_prices", "sample-data", *options], project)
    run_notebook(run, project, sample_rows=1500, new_data="new.csv").succeeded()

    state = LocalState(project)
    newer, older = state.executions()
    client = state.session.sagemaker_client
    texts = [
        client.describe_pipeline_definition_for_execution(
            PipelineExecutionArn=execution["PipelineExecutionArn"]
        )["PipelineDefinition"]
        for execution in (newer, older)
    ]
    assert texts[0] == texts[1]
    given = client.list_pipeline_parameters_for_execution(
        PipelineExecutionArn=newer["PipelineExecutionArn"]
    )["PipelineParameters"]
    assert "new.csv" in {item["Name"]: item["Value"] for item in given}["InputData"]
    rows = [state.evaluation(package)["rows"] for package in state.packages()]
    assert rows[1] < rows[0] < 500


def test_the_local_run_needs_no_network_region_or_credentials(
    project: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "SAGEMAKER_"))]:
        monkeypatch.delenv(name)
    report = tmp_path / "attempts.txt"
    env = {
        "HOME": str(tmp_path / "home"),
        "OFFLINE_REPORT": str(report),
        "PYTHONPATH": os.pathsep.join([str(OFFLINE), *sources(project)]),
    }
    probe = run(
        ["python", "-c", "import socket; socket.create_connection(('192.0.2.1', 80))"], project, env
    )
    assert probe.returncode != 0 and "192.0.2.1" in report.read_text(encoding="utf-8")
    report.unlink()

    run_notebook(run, project, sample_rows=1500, env=env).succeeded()

    assert not report.exists(), report.read_text(encoding="utf-8")
    assert len(LocalState(project).packages()) == 1
