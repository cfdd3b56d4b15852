"""A state that the engine wrote before its files moved into layers: it opens, and goes on.

``old_state`` is what the code of commit e5bee52 left of some executions: its ``state.db`` as SQL,
and its objects. ``@root@`` stands for the folder, ``@host@`` for the machine that wrote it.
"""

from __future__ import annotations

import base64
import json
import socket
import sqlite3
from pathlib import Path

import pytest
from sagemaker_local.errors import LocalError
from sagemaker_local.processes.runner import Runner
from sagemaker_local.storage.store import Store

from engine.definitions import Json
from engine.local import Local, Run

WRITTEN = Path(__file__).with_name("old_state")


def write(root: Path) -> None:
    objects = json.loads((WRITTEN / "objects.json").read_text(encoding="utf-8"))
    for key, body in objects.items():
        file = root / "s3" / "sagemaker-local" / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(body.get("base64", "")) or body["text"].encode())
    text = (WRITTEN / "state.sql").read_text(encoding="utf-8")
    connection = sqlite3.connect(root / "state.db")
    connection.executescript(
        text.replace("@root@", str(root)).replace("@host@", socket.gethostname())
    )
    connection.close()


@pytest.fixture
def old(tmp_path: Path, runner: Runner) -> Local:
    write(tmp_path / "root")
    return Local(tmp_path / "root", runner, functions={"ask": lambda *_: {"Answer": 42}})


def runs(local: Local) -> dict[str, Run]:
    """The executions of the pipeline, by their names."""
    listed = local.client.list_pipeline_executions(PipelineName="old")
    return {
        item["PipelineExecutionDisplayName"]: Run(local, item["PipelineExecutionArn"])
        for item in listed["PipelineExecutionSummaries"]
    }


def definition_of(local: Local) -> str:
    """The pipeline's, with a copy of its image: SageMaker's own takes no MetricDefinitions."""
    text: str = local.client.describe_pipeline(PipelineName="old")["PipelineDefinition"]
    return text.replace("683313688378", "123456789012")


def test_executions_and_their_steps_are_there(old: Local) -> None:
    found = runs(old)
    assert {name: run.status for name, run in found.items()} == {
        "well": "Succeeded",
        "ill": "Failed",
        "selected": "Succeeded",
        "killed": "Failed",  # nobody had looked since its process was killed
    }
    steps = {"Prepare", "Train", "Ask", "Gate", "Create", "Register", "Last"}
    assert set(found["well"].steps) == steps
    assert "the end was not well" in found["ill"].reason("Last")
    assert found["ill"].described["PipelineExecutionDescription"] == "ends ill"
    source = found["selected"].steps["Prepare"]["SelectiveExecutionResult"]
    assert source == {"SourcePipelineExecutionArn": found["ill"].arn}
    assert "retry_pipeline_execution goes on" in found["killed"].reason("Last")
    definition_of = old.client.describe_pipeline_definition_for_execution
    ran = json.loads(definition_of(PipelineExecutionArn=found["ill"].arn)["PipelineDefinition"])
    assert ran["Steps"][0]["Name"] == "Prepare"


def test_why_steps_ran_is_explained_still(old: Local) -> None:
    found = runs(old)
    assert found["well"].verdicts == {
        **dict.fromkeys(("Ask", "Gate", "Create", "Register", "Last"), "run"),
        "Prepare": "miss",
        "Train": "miss",
    }
    assert found["ill"].verdicts["Train"] == "hit"


def test_jobs_models_packages_and_tags_are_there(old: Local) -> None:
    client = old.client
    run = runs(old)["well"]
    assert run.job("Train")["FinalMetricDataList"][0]["Value"] == 3
    alone = client.describe_processing_job(ProcessingJobName="alone")
    assert alone["ProcessingJobStatus"] == "Completed"
    assert runs(old)["killed"].job("Last")["ProcessingJobStatus"] == "Failed"
    model = client.describe_model(ModelName=run.arn_of("Create").rsplit("/", 1)[1])
    uri = model["PrimaryContainer"]["ModelDataUrl"]
    assert old.bucket.existing(uri).is_file()
    packages = client.list_model_packages(ModelPackageGroupName="cars")["ModelPackageSummaryList"]
    statuses = {p["ModelPackageVersion"]: p["ModelApprovalStatus"] for p in packages}
    assert sorted(statuses) == [1, 2, 3]
    assert sorted(statuses.values()) == ["Approved", "Approved", "Rejected"]
    tuned = client.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"]
    (name,) = (job["HyperParameterTuningJobName"] for job in tuned)
    job = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert job["TrainingJobStatusCounters"]["Completed"] == 2
    assert job["BestTrainingJob"]["TrainingJobStatus"] == "Completed"
    arn = client.describe_pipeline(PipelineName="old")["PipelineArn"]
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "Of", "Value": "before"}]


def test_a_failed_execution_goes_on_from_what_had_succeeded(old: Local) -> None:
    run = runs(old)["ill"]
    before = {name: run.arn_of(name) for name in ("Prepare", "Train", "Create", "Register")}
    assert run.retry().status == "Failed", "it has the parameter that fails it"
    assert {name: run.arn_of(name) for name in before} == before
    assert run.statuses == {
        **dict.fromkeys((*before, "Ask", "Gate"), "Succeeded"),
        "Last": "Failed",
    }


@pytest.mark.slow
def test_the_pipeline_runs_again_and_says_what_changed(old: Local) -> None:
    text = definition_of(old)
    run = old.run(text, name="old")
    assert run.status == "Succeeded", run.steps
    assert "sagemaker_local changed" in run.explained["Train"].why
    package = old.client.describe_model_package(ModelPackageName=run.arn_of("Register"))
    assert package["ModelPackageVersion"] == 4
    assert old.run(text, name="old").verdicts["Train"] == "hit"


def test_a_selection_takes_over_what_was_made_before(old: Local) -> None:
    selected: Json = {
        "SelectedSteps": [{"StepName": "Train"}],
        "SourcePipelineExecutionArn": runs(old)["well"].arn,
    }
    text = definition_of(old)
    run = old.run(text, name="old", SelectiveExecutionConfig=selected)
    assert run.statuses == {"Prepare": "Succeeded", "Train": "Succeeded"}


def test_a_state_of_a_later_format_is_refused_in_one_sentence(tmp_path: Path) -> None:
    write(tmp_path)
    file = tmp_path / "state.db"
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA user_version = 5")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(LocalError) as refused:
        Store(file)
    assert str(refused.value) == (
        f"The local session's state at {file} has format 5, and this version reads formats up to 4:"
        " update the engine, or move the folder away and run again."
    )
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database " * 400, b"SQLite format 3\0" + b"x" * 4096])
def test_a_file_that_is_no_state_is_refused_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(content)
    with pytest.raises(LocalError, match=r"no state of a local session .* move its folder away"):
        Store(file)
    assert file.read_bytes() == content
