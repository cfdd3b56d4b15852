"""The training pipeline of generated projects, run by papermill in the local session."""

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import LocalState, NotebookRun, Run, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]

PRIMARY = {
    "regression": ("r2", 0.7),
    "binary_classification": ("roc_auc", 0.7),
    "multiclass_classification": ("balanced_accuracy", 0.5),
}
HERE = Path(__file__).parent
ABALONE = HERE.parents[1] / "shared" / "data" / "abalone.csv"
ABALONE_COLUMNS = (
    "sex,length,diameter,height,whole_weight,shucked_weight,viscera_weight,shell_weight,rings"
)


@pytest.fixture
def project(bake: Bake, tmp_path: Path) -> Path:
    """A copy of the default project, for one test."""
    return Path(shutil.copytree(bake(), tmp_path / "project"))


def failure(ran: NotebookRun) -> str:
    """The sentence with which a run ended; papermill shows it last."""
    assert ran.process.returncode != 0
    return [line for line in ran.process.stderr.splitlines() if line.strip()][-1]


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
            *("RegisterModel", "Transform", "CreateModel", "BeatsChampion", "MeetsThreshold"),
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

    assert "MissedThreshold: r2 0." in failure(ran)
    assert failure(ran).endswith("misses MetricThreshold 0.9999")
    state = LocalState(project)
    assert state.packages() == []
    assert state.steps()["MeetsThreshold"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert "RegisterModel" not in state.steps()
    assert state.executions()[0]["PipelineExecutionStatus"] == "Failed"


def test_a_challenger_worse_than_the_champion_registers_nothing(project: Path, run: Run) -> None:
    good = run_notebook(run, project, sample_rows=1500, approval_status="Approved").succeeded()
    assert "is Approved" in good.output
    worse: dict[str, Any] = {"rounds": 3, "max_depth": 1, "metric_threshold": 0}
    ran = run_notebook(run, project, sample_rows=1500, **worse)

    assert "WorseThanChampion: r2" in failure(ran)
    state = LocalState(project)
    assert [package["ModelPackageVersion"] for package in state.packages()] == [1]
    assert state.steps()["BeatsChampion"]["Metadata"]["Condition"]["Outcome"] == "False"


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
        "PYTHONPATH": os.pathsep.join([str(HERE / "offline"), str(project / "src")]),
    }
    probe = run(
        ["python", "-c", "import socket; socket.create_connection(('192.0.2.1', 80))"], project, env
    )
    assert probe.returncode != 0 and "192.0.2.1" in report.read_text(encoding="utf-8")
    report.unlink()

    run_notebook(run, project, sample_rows=1500, env=env).succeeded()

    assert not report.exists(), report.read_text(encoding="utf-8")
    assert len(LocalState(project).packages()) == 1


def write_table(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def houses(path: Path, rows: int = 400) -> Path:
    """A table that nobody here knows: a price made of area, rooms and a quarter."""
    quarters = ["north", "south", "old town"]
    table: list[list[object]] = []
    for number in range(rows):
        area, quarter = 40 + number * 7 % 90, number % 3
        price = area * 2000 + quarter * 30_000
        table.append([number, area, 1 + number % 5, quarters[quarter], price])
    return write_table(path, ["id", "area", "rooms", "quarter", "price"], table)


def test_a_strangers_table_goes_through_without_editing_code(
    project: Path, run: Run, tmp_path: Path
) -> None:
    source = houses(tmp_path / "houses.csv")
    run_notebook(run, project, input_data=source, task="houses").succeeded()

    state = LocalState(project)
    (package,) = state.packages()
    assert package["ModelPackageGroupName"] == "used-car-prices-houses-xgboost"
    assert state.evaluation(package)["regression_metrics"]["r2"]["value"] > 0.9
    listed = run(["python", "-m", "used_car_prices", "registry", "list"], project).stdout
    assert "used-car-prices-houses-xgboost\n  version 1" in listed


def test_data_that_is_in_the_bucket_already(project: Path, run: Run, tmp_path: Path) -> None:
    uri = "s3://my-tables/houses/houses.csv"
    LocalState(project).path(uri).parent.mkdir(parents=True)
    houses(LocalState(project).path(uri))
    run_notebook(run, project, input_data=uri).succeeded()

    state = LocalState(project)
    job = state.session.sagemaker_client.list_processing_jobs(NameContains="Preprocess")
    (name,) = [item["ProcessingJobName"] for item in job["ProcessingJobSummaries"]]
    described = state.session.sagemaker_client.describe_processing_job(ProcessingJobName=name)
    inputs = {item["InputName"]: item["S3Input"] for item in described["ProcessingInputs"]}
    assert inputs["data"]["S3Uri"] == uri
    assert len(state.packages()) == 1


def test_a_folder_of_parquet_files_and_a_row_limit(project: Path, run: Run, tmp_path: Path) -> None:
    import pandas as pd

    table = pd.read_csv(houses(tmp_path / "houses.csv"))
    folder = tmp_path / "parts"
    folder.mkdir()
    for number, part in enumerate((table[:200], table[200:])):
        part.to_parquet(folder / f"part-{number}.parquet")
    run_notebook(run, project, input_data=folder, target="price", row_limit=300).succeeded()

    state = LocalState(project)
    splits = list(
        (state.root / "s3").glob("*/used-car-prices/used-car-prices-xgboost/*/Preprocess")
    )
    assert len(splits) == 1
    counts = {file.stem: len(pd.read_csv(file)) for file in splits[0].rglob("*.csv")}
    assert sum(counts.values()) == 300
    assert counts["test"] == state.evaluation(state.packages()[0])["rows"]


@pytest.mark.skipif(not ABALONE.is_file(), reason="shared/data/abalone.csv is not there")
def test_abalone(project: Path, run: Run) -> None:
    names: dict[str, Any] = {"column_names": ABALONE_COLUMNS, "target": "rings"}
    run_notebook(run, project, input_data=ABALONE, metric_threshold=0.3, **names).succeeded()

    state = LocalState(project)
    evaluation = state.evaluation(state.packages()[0])
    assert evaluation["regression_metrics"]["mse"]["value"] < 6.0


BAD_INPUT: dict[str, tuple[dict[str, Any], str]] = {
    "a missing file": ({"input_data": "nowhere.csv"}, "nowhere.csv does not exist"),
    "an empty file": ({"input_data": "empty.csv"}, "empty.csv is empty"),
    "an unknown target": (
        {"input_data": "houses.csv", "target": "prise"},
        "did you mean 'price'?",
    ),
    "a target with one class": (
        {
            "input_data": "one_class.csv",
            "target": "sold",
            "problem_type": "binary_classification",
        },
        "sold",
    ),
    "text where numbers belong": (
        {"input_data": "houses.csv", "numeric": "quarter"},
        "quarter",
    ),
    "a threshold that is no number": ({"metric_threshold": "abc"}, "metric_threshold"),
    "an unknown parameter": (
        {"metric_treshold": 0.5},
        "no parameter 'metric_treshold'; did you mean 'metric_threshold'?",
    ),
    "a mistyped parameter": ({"max_depth": 2.5}, "max_depth"),
    "a session that does not exist": ({"session": "remote"}, "'local' or 'managed'"),
    "a metric of another problem type": ({"primary_metric": "roc_auc"}, "roc_auc"),
    "a problem type that does not exist": ({"problem_type": "ranking"}, "ranking"),
    "a model family that does not exist": ({"model_family": "forest"}, "forest"),
    "an approval that does not exist": ({"approval_status": "Yes"}, "Yes"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_ends_in_a_sentence_and_registers_nothing(
    project: Path, run: Run, case: str
) -> None:
    (project / "empty.csv").touch()
    houses(project / "houses.csv")
    write_table(
        project / "one_class.csv", ["area", "sold"], [[number, "yes"] for number in range(50)]
    )
    parameters, said = BAD_INPUT[case]
    ran = run_notebook(run, project, sample_rows=500, **parameters)

    assert said in failure(ran)
    state = LocalState(project)
    assert state.packages() == []
    assert state.unfinished() == []
