"""Training jobs, run from small definitions with real scripts."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.jobs.training_variables import deserialized, serialized

from engine.definitions import artifacts_of, definition, get, join, parameter, processing, training
from engine.local import Local
from engine.trainings import SAVE, SHOW, members, ran, shown

HYPERPARAMETERS = {
    "max_depth": "6",
    "learning-rate": "0.1",
    "tiny": "1e-05",
    "family": "xgboost",
    "flag": "true",
    "nothing": "null",
    "columns": '["a", "b"]',
    "nested": '{"a": {"b": 1}}',
    "quoted": '"text"',
    "words": "two words",
    "empty-list": "[]",
    "number": "007",
}


def test_the_model_is_an_archive_where_the_service_puts_it(local: Local) -> None:
    run = ran(local, SAVE)
    job = run.job("Train")
    uri = f"s3://sagemaker-local/models/{job['TrainingJobName']}/output/model.tar.gz"
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": uri}
    assert members(local, uri) == {"model.txt": "model"}
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] >= 1
    transitions = job["SecondaryStatusTransitions"]
    assert [each["Status"] for each in transitions] == ["Training", "Completed"]
    assert transitions[0]["EndTime"] == transitions[1]["EndTime"] == job["TrainingEndTime"]
    assert job["OutputDataConfig"]["KmsKeyId"] == ""
    assert "FinalMetricDataList" not in job
    assert run.steps["Train"]["Metadata"] == {"TrainingJob": {"Arn": job["TrainingJobArn"]}}
    assert [key.rsplit("/", 1)[-1] for key in local.objects()] == ["model.tar.gz"]


def test_other_output_is_an_archive_beside_it(local: Local) -> None:
    script = SAVE + "Path(os.environ['SM_OUTPUT_DATA_DIR'], 'plot.svg').write_text('x')"
    run = ran(local, script)
    uri = run.job("Train")["ModelArtifacts"]["S3ModelArtifacts"]
    assert members(local, uri.replace("model.tar.gz", "output.tar.gz")) == {"plot.svg": "x"}


@pytest.mark.parametrize("output", ["model.tar.gz", "output.tar.gz"])
def test_an_output_that_somebody_replaced_is_made_again(local: Local, output: str) -> None:
    script = SAVE + "Path(os.environ['SM_OUTPUT_DATA_DIR'], 'plot.svg').write_text('x')"
    step = training("Train", local.channels(script), CacheConfig={"Enabled": True})
    first = local.run(definition(step))
    assert local.run(definition(step)).verdicts == {"Train": "hit"}
    uri = first.job("Train")["ModelArtifacts"]["S3ModelArtifacts"]
    local.bucket.write(uri.replace("model.tar.gz", output), b"another")
    assert local.run(definition(step)).verdicts == {"Train": "miss"}


def test_the_model_is_a_later_steps_input(local: Local) -> None:
    train = training("Train", local.channels(SAVE))
    after = processing(
        "After",
        local.code("import os, sys; print(os.listdir(sys.argv[1]))"),
        inputs={"model": artifacts_of("Train")},
        arguments=["/opt/ml/processing/input/model"],
    )
    run = local.run(definition(train, after))
    assert local.log(run, "After") == "['model.tar.gz']\n"


def test_channels_and_hyperparameters_are_variables(local: Local) -> None:
    data = local.put("1", "data/train.csv")
    run = ran(
        local,
        SHOW,
        data={"train": data, "validation-2": "s3://sagemaker-local/data"},
        hyperparameters={"max_depth": "6", "learning-rate": "0.1"},
        environment={"MINE": "/opt/ml/code"},
    )
    found = shown(local, run)
    env = found["env"]
    assert (Path(env["SM_CHANNEL_TRAIN"]) / "train.csv").read_text() == "1"
    assert (Path(env["SM_CHANNEL_VALIDATION-2"]) / "train.csv").read_text() == "1"
    assert json.loads(env["SM_CHANNELS"]) == ["code", "sm_drivers", "train", "validation-2"]
    assert (env["SM_HP_MAX_DEPTH"], env["SM_HP_LEARNING_RATE"]) == ("6", "0.1")
    assert json.loads(env["SM_HPS"]) == {"max_depth": 6, "learning-rate": 0.1}
    assert env["TRAINING_JOB_NAME"] == run.job("Train")["TrainingJobName"]
    assert Path(env["MINE"]).is_relative_to(local.root)
    assert Path(found["cwd"]) == Path(env["SM_CHANNEL_CODE"])
    assert found["argv"] == ["--max_depth", "6", "--learning-rate", "0.1"]


def drivers() -> Path:
    """The scripts that the SDK puts into the ``sm_drivers`` channel."""
    found = importlib.util.find_spec("sagemaker")
    if found is None:
        pytest.skip("the SDK is not installed")
    folders = [Path(folder) for folder in found.submodule_search_locations or []]
    (driver,) = (f / "train" / "container_drivers" for f in folders if (f / "train").is_dir())
    return driver


@pytest.mark.slow
def test_the_variables_are_those_of_the_sdks_own_driver(local: Local, tmp_path: Path) -> None:
    """The SDK's ``environment.py`` and its script driver, on the same job's files."""
    run = ran(local, SHOW, data={}, hyperparameters=HYPERPARAMETERS)
    found = shown(local, run)
    ml = local.root / "jobs" / run.job("Train")["TrainingJobName"] / "ml"
    copy = tmp_path / "drivers"
    shutil.copytree(drivers(), copy)
    for file in copy.rglob("*.py"):
        file.write_text(file.read_text().replace("/opt/ml", str(ml)))
    job = {name: found["env"][name] for name in ("TRAINING_JOB_NAME", "PATH")}
    subprocess.run(
        [sys.executable, str(copy / "scripts" / "environment.py")],
        env=job,
        check=True,
        capture_output=True,
    )
    exported = (ml / "input" / "sm_training.env").read_text()
    expected = dict(re.findall("^export (.*?)='(.*)'$", exported, re.MULTILINE))
    names = expected.keys() - {"SM_TRAINING_ENV"}
    assert {name: found["env"].get(name) for name in names} == {n: expected[n] for n in names}
    assert json.loads(found["env"]["SM_TRAINING_ENV"]) == json.loads(expected["SM_TRAINING_ENV"])
    commands = subprocess.run(
        [
            sys.executable,
            "-c",
            "import basic_script_driver, json; "
            "print(json.dumps(basic_script_driver.create_commands()))",
        ],
        env={**job, **expected, "PYTHONPATH": str(copy / "distributed_drivers")},
        check=True,
        capture_output=True,
        text=True,
    )
    assert found["argv"] == json.loads(commands.stdout)[2:]


def test_hyperparameters_are_read_and_written_as_the_driver_does() -> None:
    texts = ["1", "1.0", "1e-5", "NaN", "true", "null", "[1, 2]", '"a"', "abc", "", "{}", "-"]
    assert [serialized(deserialized(text)) for text in texts] == [
        "1",
        "1.0",
        "1e-05",
        "NaN",
        "true",
        "null",
        "[1, 2]",
        "a",
        "abc",
        "",
        "{}",
        "-",
    ]


def test_hyperparameters_may_come_from_parameters(local: Local) -> None:
    channels = local.channels(SHOW)
    hyperparameters = {"eta": join("", get("Parameters.Eta")), "depth": get("Parameters.Depth")}
    text = definition(
        training("Train", channels, hyperparameters=hyperparameters),
        parameters=[parameter("Eta", "Float", 1), parameter("Depth", "String", "6")],
    )
    found = shown(local, local.run(text, {"Depth": "8"}))
    assert found["argv"] == ["--eta", "1.0", "--depth", "8"]


def test_configuration_files_are_the_services(local: Local) -> None:
    data = local.put("1", "data/train.csv")
    run = ran(local, "pass", data={"train": data}, hyperparameters={"a": "1", "b": "x"})
    config = local.root / "jobs" / run.job("Train")["TrainingJobName"] / "ml" / "input" / "config"
    documents = {file.stem: json.loads(file.read_text()) for file in config.iterdir()}
    assert documents["hyperparameters"] == {"a": "1", "b": "x"}
    assert set(documents["inputdataconfig"]) == {"code", "sm_drivers", "train"}
    assert documents["inputdataconfig"]["train"]["TrainingInputMode"] == "File"
    assert documents["resourceconfig"]["current_host"] == "algo-1"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (
            "raise ValueError('too few rows')",
            "ClientError: script.py exited with code 1: ValueError: too few rows",
        ),
        (
            "import os, sys\n"
            "open(os.environ['SM_OUTPUT_FAILURE'], 'w').write('train: one class only')\n"
            "print('noise')\n"
            "sys.exit(2)",
            "ClientError: AlgorithmError: train: one class only, exit code: 2 (log: ",
        ),
        ("import sys; sys.exit(5)", "ClientError: script.py exited with code 5"),
    ],
)
def test_a_failure_gives_its_reason(local: Local, script: str, expected: str) -> None:
    run = ran(local, SAVE + script)
    assert run.status == "Failed"
    assert run.reason("Train").startswith(expected)
    (summary,) = local.client.list_training_jobs(StatusEquals="Failed")["TrainingJobSummaries"]
    job = local.client.describe_training_job(TrainingJobName=summary["TrainingJobName"])
    assert job["FailureReason"].startswith(expected.removeprefix("ClientError: "))
    assert job["SecondaryStatus"] == "Failed"


def test_a_failed_job_leaves_no_model(local: Local) -> None:
    assert ran(local, SAVE + "raise SystemExit(1)").status == "Failed"
    assert local.objects() == []


def test_metrics_are_what_the_log_says_last(local: Local) -> None:
    script = """
for value in (3.5, 2.5, 1.5):
    print(f"[1] validation:rmse={value} r2: nan", "loss 1e-3;" if value > 3 else "")
print("version 1.2.3")
"""
    run = ran(
        local,
        script,
        metrics={
            "validation:rmse": r"validation:rmse=([0-9.]+)",
            "loss": r"loss (\S+);",
            "whole": r"(?<=rmse=)[0-9.]+",
            "two": r"(rmse)=([0-9.]+)",
            "version": r"version (\S+)",
            "absent": r"absent=(.*)",
        },
    )
    assert run.status == "Succeeded", run.steps
    found = run.job("Train")["FinalMetricDataList"]
    values = {metric["MetricName"]: metric["Value"] for metric in found}
    assert values == {"validation:rmse": 1.5, "loss": pytest.approx(0.001), "whole": 1.5}


def test_a_metric_may_be_referenced(local: Local) -> None:
    channels = local.channels("print('rmse=2.5')")
    train = training("Train", channels, metrics={"rmse": "rmse=(.*)"})
    after = processing(
        "After",
        local.code("import sys; print(sys.argv[1])"),
        arguments=[join("", get("Steps.Train.FinalMetricDataList['rmse'].Value"))],
    )
    run = local.run(definition(train, after))
    assert local.log(run, "After") == "2.5\n"


def test_a_shell_script_may_be_the_entry(local: Local) -> None:
    channels = local.channels("", entry="run.sh")
    local.put('echo "shell $SM_HP_A $@"', channels["code"].split("/", 3)[3] + "/run.sh")
    run = local.run(definition(training("Train", channels, hyperparameters={"a": "two words"})))
    assert run.status == "Succeeded", run.steps
    assert shlex.split(local.log(run, "Train")) == ["shell", "two", "words", "--a", "two", "words"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [({"command": "python train.py"}, "command"), ({"entry_script": None}, "entry_script")],
)
def test_what_the_driver_does_and_this_does_not_is_refused(
    local: Local, source: dict[str, Any], expected: str
) -> None:
    run = local.run(definition(training("Train", local.channels("pass", **source))))
    assert run.status == "Failed"
    assert run.reason("Train").startswith("ClientError: ")
    assert expected in run.reason("Train")


def test_requirements_are_noted_in_the_log(local: Local) -> None:
    channels = local.channels("print('ran')", requirements="requirements.txt")
    missing = local.run(definition(training("Train", channels)))
    assert "requirements 'requirements.txt' is not in its source_dir" in missing.reason("Train")
    local.bucket.write(f"{channels['code']}/requirements.txt", b"numpy")
    run = local.run(definition(training("Train", channels)))
    assert "requirements are not installed" in local.log(run, "Train")


def test_a_model_that_a_script_left_empty_is_said(
    local: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    astray = 'import os; os.makedirs("/opt/ml/mdl"); open("/opt/ml/mdl/x", "w").write("x")'
    run = local.run(definition(training("Train", local.channels(astray))))
    assert run.status == "Succeeded"
    told = capsys.readouterr().err
    assert "the model is empty: nothing was written to /opt/ml/model" in told
    assert "/opt/ml/mdl/x was written, and is in no output's folder" in told
