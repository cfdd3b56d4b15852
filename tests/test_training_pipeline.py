"""The training pipeline of generated projects, run by papermill in the local session."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import sources
from projects import LocalState, NotebookRun, Run, failure, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]

REGISTRY = ["python", "-m", "used_car_prices", "registry"]
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
            *("RegisterModel", "Baseline", "Transform", "CreateModel", "PassesGate"),
            *("Evaluate", "Train", "Preprocess"),
        ),
        "Succeeded",
    )
    model = "model.ubj" if family == "xgboost" else "linear.json"
    assert {"signature.json", "preprocessing.json", model, "code/inference.py"} <= set(
        state.artifact(package)
    )
    assert not [name for name in state.artifact(package) if name.endswith((".pkl", ".joblib"))]
    every_raw_test_record_is_answered(state, evaluation["rows"])
    the_package_has_its_baseline(state, package, f"{problem_type}_constraints")


def the_package_has_its_baseline(
    state: LocalState, package: dict[str, Any], constraints: str
) -> None:
    """Of the training data, and of the metrics that the gate looked at."""
    checks = package["DriftCheckBaselines"]
    data, quality = (
        json.loads(state.path(checks[of][part]["S3Uri"]).read_text(encoding="utf-8"))
        for of, part in (("ModelDataQuality", "Statistics"), ("ModelQuality", "Constraints"))
    )
    assert {"mileage_km", "fuel"} <= {each["name"] for each in data["features"]}
    measured = state.evaluation(package)
    for name, bound in quality[constraints].items():
        known = measured[constraints.replace("constraints", "metrics")][name]["value"]
        assert bound["additional_properties"]["value"] == pytest.approx(known)


def every_raw_test_record_is_answered(state: LocalState, rows: int) -> None:
    """A new model predicts all raw records before it is registered."""
    client, steps = state.session.sagemaker_client, state.steps()
    assert steps["Transform"]["StartTime"] < steps["RegisterModel"]["StartTime"]
    name = steps["Transform"]["Metadata"]["TransformJob"]["Arn"].rpartition("/")[2]
    job = client.describe_transform_job(TransformJobName=name)
    records = state.path(job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    asked = (records / "test.jsonl").read_text(encoding="utf-8").splitlines()
    answers = state.path(job["TransformOutput"]["S3OutputPath"]) / "test.jsonl.out"
    answered = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    predictions = [record.pop("SageMakerOutput")["prediction"] for record in answered]
    assert answered == [json.loads(line) for line in asked]
    assert len(set(predictions)) > 1
    assert len(predictions) == rows


@dataclass(frozen=True)
class Versions:
    """A project in which a first version was approved by hand, and three runs came after it.

    One is too bad for a stricter threshold, one as good as the champion, which is deployed, and one
    worse than it.
    """

    state: LocalState
    listed: str
    approval: subprocess.CompletedProcess[str]
    strict: NotebookRun
    strict_steps: dict[str, dict[str, Any]]
    second: str
    worse: NotebookRun


@pytest.fixture(scope="module")
def versions(bake: Bake, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Versions]:
    project = Path(shutil.copytree(bake(), tmp_path_factory.mktemp("versions") / "project"))
    state = LocalState(project)
    run_notebook(run, project, sample_rows=1500).succeeded()
    listed = run([*REGISTRY, "list"], project).stdout
    approval = run([*REGISTRY, "approve", "--version", "1"], project)
    strict = run_notebook(run, project, sample_rows=1500, metric_threshold=0.9999)
    strict_steps = state.steps()
    approved: dict[str, Any] = {"approval_status": "Approved", "deploy": True}
    second = run_notebook(run, project, sample_rows=1500, **approved).succeeded().output
    bad: dict[str, Any] = {"rounds": 3, "max_depth": 1, "metric_threshold": 0}
    worse = run_notebook(run, project, sample_rows=1500, **bad)
    yield Versions(state, listed, approval, strict, strict_steps, second, worse)
    state.session.stop_endpoints()


def test_a_threshold_too_strict_registers_nothing(versions: Versions) -> None:
    sentence = failure(versions.strict)
    assert "MissedGate: r2 0." in sentence
    said = re.search(r"r2 (0\.\d+) misses MetricThreshold 0\.9999 by (0\.\d+)$", sentence)
    assert said and float(said[1]) + float(said[2]) == pytest.approx(0.9999)
    steps = versions.strict_steps
    assert steps["PassesGate"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert "RegisterModel" not in steps
    statuses = [each["PipelineExecutionStatus"] for each in versions.state.executions()]
    assert statuses == ["Failed", "Succeeded", "Failed", "Succeeded"]
    assert len(versions.state.packages()) == 2


def test_a_challenger_worse_than_the_champion_registers_nothing(versions: Versions) -> None:
    assert "MissedGate: r2" in failure(versions.worse)
    assert "is worse on the test rows than the champion's 0." in failure(versions.worse)
    steps = versions.state.steps()
    assert steps["PassesGate"]["Metadata"]["Condition"]["Outcome"] == "False"
    registered = [package["ModelPackageVersion"] for package in versions.state.packages()]
    assert registered == [1, 2]


def test_an_approved_version_becomes_the_champion(versions: Versions) -> None:
    assert "version 1   PendingManualApproval" in versions.listed
    assert versions.approval.returncode == 0, versions.approval.stderr
    state = versions.state
    first, second = state.packages()
    assert (first["ModelApprovalStatus"], second["ModelPackageVersion"]) == ("Approved", 2)
    assert second["ModelApprovalStatus"] == "Approved"
    assert "is Approved" in versions.second
    assert state.evaluation(first)["champion_metrics"] == {}
    # The same data and parameters give the same model, which is as good as itself.
    assert (
        state.evaluation(second)["champion_metrics"]
        == state.evaluation(first)["regression_metrics"]
    )
    assert state.evaluation(second)["gate"]["champion_margin"] == 0


def test_an_approved_version_that_shall_be_deployed_serves(versions: Versions, run: Run) -> None:
    """By the artifact's own server, which answers the test records as evaluation did."""
    project, name = versions.state.project, "used-car-prices-xgboost"
    assert f"{name}: InService after " in versions.second
    assert f"{name} answers 5 known records as in evaluation" in versions.second

    def told(*words: str) -> str:
        ended = run(["python", "-m", "used_car_prices", *words], project)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    (row,) = told("endpoints", "list").splitlines()
    assert row.startswith(name) and f"{name}/2 (Approved)" in row
    document = json.loads(told("lineage", "of-package", "2", "--json"))
    assert document["endpoints"] == [name] and document["run"] in row
    assert [event["what"] for event in document["deployments"]] == ["deployed"]
    record = json.dumps(known_records(versions.state)["records"][0])
    (answer,) = json.loads(told("endpoints", "invoke", name, "--record", record))["predictions"]
    expected = known_records(versions.state)["predictions"][0]["prediction"]
    assert answer["prediction"] == pytest.approx(expected, rel=1e-6)
    assert "serve: " in told("endpoints", "log", name)
    assert "deleted after" in told("endpoints", "undeploy", name)
    versions.state.session.stop_endpoints()  # the supervisor, which would wait for the next


def known_records(state: LocalState) -> dict[str, Any]:
    """What evaluation kept of the newest package."""
    uri = state.packages()[-1]["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    file = state.path(uri).with_name("known_records.json")
    return dict(json.loads(file.read_text(encoding="utf-8")))


def test_a_version_that_is_not_there_cannot_be_approved(versions: Versions, run: Run) -> None:
    missing = run([*REGISTRY, "approve", "--version", "7"], versions.state.project)
    assert missing.returncode == 1
    assert missing.stderr == "registry: used-car-prices-xgboost has no version 7; it has 2, 1\n"


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
    a_start_may_change_the_threshold(state, client)


def a_start_may_change_the_threshold(state: LocalState, client: Any) -> None:
    """Evaluation runs again, since its sentence is another; what comes before it does not."""
    name = client.list_pipelines()["PipelineSummaries"][0]["PipelineName"]
    strict = [{"Name": "MetricThreshold", "Value": "0.9999"}]
    started = client.start_pipeline_execution(PipelineName=name, PipelineParameters=strict)
    arn = {"PipelineExecutionArn": started["PipelineExecutionArn"]}
    while client.describe_pipeline_execution(**arn)["PipelineExecutionStatus"] == "Executing":
        time.sleep(0.1)
    steps = state.steps()
    reused = {name for name, step in steps.items() if "CacheHitResult" in step}
    assert reused == {"Preprocess", "Train"}
    reason = steps["MissedGate"]["FailureReason"]
    assert "misses MetricThreshold 0.9999 by 0." in reason
    assert reason.endswith(state.exit_message("Evaluate"))


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
