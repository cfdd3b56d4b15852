"""Training jobs, run from small definitions with real scripts."""

from __future__ import annotations

import importlib.util
import io
import json
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.jobs.training_variables import deserialized, serialized
from sagemaker_local.storage import archive

from engine.definitions import artifacts_of, definition, get, join, parameter, processing, training
from engine.local import Local, Run

SAVE = """
import os
from pathlib import Path
Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text("model")
"""
SHOW = """
import json, os, sys
print(json.dumps({"argv": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}))
"""
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


def ran(local: Local, script: str, *, entry: str = "script.py", **options: Any) -> Run:
    channels = {**local.channels(script, entry), **options.pop("data", {})}
    return local.run(definition(training("Train", channels, **options)))


def shown(local: Local, run: Run) -> dict[str, Any]:
    assert run.status == "Succeeded", run.steps
    found: dict[str, Any] = json.loads(local.log(run, "Train"))
    return found


def members(local: Local, uri: str) -> dict[str, str]:
    with tarfile.open(local.bucket.existing(uri)) as tar:
        files = ((member.name, tar.extractfile(member)) for member in tar)
        return {name: file.read().decode() for name, file in files if file}


def test_the_model_is_an_archive_where_the_service_puts_it(local: Local) -> None:
    run = ran(local, SAVE)
    job = run.job("Train")
    uri = f"s3://sagemaker-local/models/{job['TrainingJobName']}/output/model.tar.gz"
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": uri}
    assert members(local, uri) == {"model.txt": "model"}
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    assert job["TrainingTimeInSeconds"] >= 1
    assert "FinalMetricDataList" not in job
    assert run.steps["Train"]["Metadata"] == {"TrainingJob": {"Arn": job["TrainingJobArn"]}}
    assert [key.rsplit("/", 1)[-1] for key in local.objects()] == ["model.tar.gz"]


def test_other_output_is_an_archive_beside_it(local: Local) -> None:
    script = SAVE + "Path(os.environ['SM_OUTPUT_DATA_DIR'], 'plot.svg').write_text('x')"
    run = ran(local, script)
    uri = run.job("Train")["ModelArtifacts"]["S3ModelArtifacts"]
    assert members(local, uri.replace("model.tar.gz", "output.tar.gz")) == {"plot.svg": "x"}


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
        ("raise ValueError('too few rows')", "ValueError: too few rows"),
        (
            "import os, sys\n"
            "open(os.environ['SM_OUTPUT_FAILURE'], 'w').write('train: one class only')\n"
            "print('noise')\n"
            "sys.exit(2)",
            "train: one class only",
        ),
        ("import sys; sys.exit(5)", "exited with code 5"),
    ],
)
def test_a_failure_gives_its_reason(local: Local, script: str, expected: str) -> None:
    run = ran(local, SAVE + script)
    assert run.status == "Failed"
    assert run.reason("Train").startswith("ClientError: script.py ")
    assert expected in run.reason("Train")
    (summary,) = local.client.list_training_jobs(StatusEquals="Failed")["TrainingJobSummaries"]
    job = local.client.describe_training_job(TrainingJobName=summary["TrainingJobName"])
    assert expected in job["FailureReason"]
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
    run = local.run(definition(training("Train", channels)))
    assert "requirements are not installed" in local.log(run, "Train")
    assert "ran" in local.log(run, "Train")


# Hyperparameters, and what the toolkit makes of them: as logs of real jobs say (the first two), or
# its ``mapping.py``.
LOGGED = [
    (
        {
            "epochs": "2",
            "batch-size": "32",
            "learning-rate": "0.001",
            "model_dir": '"s3://bucket/job/model"',
            "sagemaker_container_log_level": "20",
            "sagemaker_job_name": '"job"',
            "sagemaker_region": '"eu-north-1"',
        },
        '["--batch-size","32","--epochs","2","--learning-rate","0.001",'
        '"--model_dir","s3://bucket/job/model"]',
        {"SM_HP_BATCH-SIZE": "32", "SM_HP_LEARNING-RATE": "0.001", "SM_LOG_LEVEL": "20"},
    ),
    (
        {"do_train": "true", "do_eval": "true", "learning_rate": "3e-05", "note": "null"},
        '["--do_eval","True","--do_train","True","--learning_rate","3e-05","--note",""]',
        {"SM_HP_DO_EVAL": "true", "SM_HP_LEARNING_RATE": "3e-05", "SM_HP_NOTE": ""},
    ),
    (
        {"_tuning_objective_metric": "validation:rmse", "eta": "0.4630125855085939", "k": "3"},
        '["--eta","0.4630125855085939","-k","3"]',
        {"SM_HP_ETA": "0.4630125855085939", "SM_HP_K": "3"},
    ),
    (
        {"nested": '{"b": 1, "a": "x"}', "list": "[1, 2]", "name": "plain words"},
        '["--list","[1, 2]","--name","plain words","--nested","a=x,b=1"]',
        {"SM_HP_LIST": "[1,2]", "SM_HP_NESTED": '{"a":"x","b":1}'},
    ),
]


def submitted(local: Local, script: str, *, quoted: bool = False, **options: Any) -> Run:
    """Run a script that hyperparameters name, as SDK v2 (in quotes) and the tuner of v3 do."""
    files = options.pop("files", {})
    names = local.submitted(script, options.pop("program", "script.py"), **files)
    if quoted:
        names = {key: json.dumps(value) for key, value in names.items()}
    hyperparameters = {**names, **options.pop("hyperparameters", {})}
    data = options.pop("data", {"train": local.put("1", "data/train.csv")})
    return local.run(
        definition(training("Train", data, hyperparameters=hyperparameters, **options))
    )


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize(("hyperparameters", "arguments", "variables"), LOGGED)
def test_a_script_of_an_archive_is_called_as_the_toolkit_logs_it(
    local: Local,
    hyperparameters: dict[str, str],
    arguments: str,
    variables: dict[str, str],
    quoted: bool,
) -> None:
    found = shown(local, submitted(local, SHOW, quoted=quoted, hyperparameters=hyperparameters))
    assert found["argv"] == json.loads(arguments)
    assert found["env"]["SM_USER_ARGS"] == arguments
    assert {name: found["env"][name] for name in variables} == variables
    seen = {name for name in found["env"] if name.startswith("SM_HP_")}
    assert not any("SAGEMAKER" in name or "TUNING" in name for name in seen)


def test_the_toolkits_variables_tell_of_the_job(local: Local) -> None:
    run = submitted(local, SHOW, hyperparameters={"epochs": "2"}, environment={"MINE": "x"})
    found = shown(local, run)
    env, job = found["env"], run.job("Train")
    ml = local.root / "jobs" / job["TrainingJobName"] / "ml"
    assert Path(found["cwd"]) == ml / "code"
    expected = {
        "SM_MODEL_DIR": str(ml / "model"),
        "SM_INPUT_DIR": str(ml / "input"),
        "SM_INPUT_CONFIG_DIR": str(ml / "input" / "config"),
        "SM_OUTPUT_DIR": str(ml / "output"),
        "SM_OUTPUT_DATA_DIR": str(ml / "output" / "data"),
        "SM_OUTPUT_INTERMEDIATE_DIR": str(ml / "output" / "intermediate"),
        "SM_CHANNEL_TRAIN": str(ml / "input" / "data" / "train"),
        "SM_CHANNELS": '["train"]',
        "SM_HOSTS": '["algo-1"]',
        "SM_CURRENT_HOST": "algo-1",
        "CURRENT_HOST": "algo-1",
        "SM_NUM_GPUS": "0",
        "SM_HPS": '{"epochs":2}',
        "SM_MODULE_NAME": "script",
        "SM_MODULE_DIR": job["HyperParameters"]["sagemaker_submit_directory"],
        "SM_USER_ENTRY_POINT": "script.py",
        "SM_FRAMEWORK_MODULE": "",
        "SM_FRAMEWORK_PARAMS": "{}",
        "SM_LOG_LEVEL": "20",
        "SAGEMAKER_REGION": "us-east-1",
        "TRAINING_JOB_NAME": job["TrainingJobName"],
        "MINE": "x",
    }
    assert {name: env.get(name) for name in expected} == expected
    environment = json.loads(env["SM_TRAINING_ENV"])
    assert environment["hyperparameters"] == {"epochs": 2}
    assert environment["channel_input_dirs"] == {"train": expected["SM_CHANNEL_TRAIN"]}
    assert environment["module_dir"] == expected["SM_MODULE_DIR"]
    assert environment["job_name"] == job["TrainingJobName"]
    assert environment["is_master"] is True
    assert Path(env["SM_CHANNEL_TRAIN"], "train.csv").read_text() == "1"


def test_paths_of_the_container_in_hyperparameters_are_the_jobs(local: Local) -> None:
    for run in (
        submitted(local, SHOW, hyperparameters={"out": "/opt/ml/model/x"}),
        ran(local, SHOW, hyperparameters={"out": "/opt/ml/model/x"}),
    ):
        found = shown(local, run)
        path = local.root / "jobs" / run.job("Train")["TrainingJobName"] / "ml" / "model" / "x"
        assert found["argv"] == ["--out", str(path)]
        assert found["env"]["SM_HP_OUT"] == str(path)


def test_a_program_in_a_folder_imports_from_the_top(local: Local) -> None:
    run = submitted(
        local,
        "import helper, parts.one, os; print(helper.NAME, parts.one.NAME, os.getcwd())",
        program="bin/go.py",
        files={"helper": "NAME = 'top'", "bin__unused": "", "parts__one": "NAME = 'part'"},
    )
    assert run.status == "Succeeded", run.steps
    cwd = local.root / "jobs" / run.job("Train")["TrainingJobName"] / "ml" / "code"
    assert local.log(run, "Train") == f"top part {cwd}\n"


def test_the_model_of_a_submitted_script_is_an_archive(local: Local) -> None:
    run = submitted(local, SAVE)
    uri = run.job("Train")["ModelArtifacts"]["S3ModelArtifacts"]
    assert members(local, uri) == {"model.txt": "model"}


def test_a_submitted_shell_script_runs(local: Local) -> None:
    run = submitted(
        local, 'echo "$SM_MODULE_NAME" "$@"', program="run.sh", hyperparameters={"a": "two words"}
    )
    assert run.status == "Succeeded", run.steps
    assert local.log(run, "Train") == "run.sh -a two words\n"


def test_requirements_of_an_archive_are_noted(local: Local) -> None:
    names = local.submitted("print('ran')")
    folder = local.root / "more"
    folder.mkdir()
    (folder / "script.py").write_text("print('ran')")
    (folder / "requirements.txt").write_text("nothing")
    archive.pack(folder, local.root / "more.tar.gz")
    local.bucket.upload(local.root / "more.tar.gz", names["sagemaker_submit_directory"])
    data = {"train": local.put("1", "data/train.csv")}
    run = local.run(definition(training("Train", data, hyperparameters=names)))
    assert "requirements are not installed" in local.log(run, "Train")
    assert "ran" in local.log(run, "Train")


def test_the_code_channel_comes_before_the_archive(local: Local) -> None:
    """A trainer that a HyperparameterTuner had used before names both, and its driver is called."""
    names = local.submitted("print('archive')")
    run = ran(local, "import sys; print('channel', *sys.argv[1::2])", hyperparameters=names)
    assert local.log(run, "Train") == ("channel --sagemaker_program --sagemaker_submit_directory\n")


def test_program_and_archive_may_be_expressions(local: Local) -> None:
    names = local.submitted("print('ran')")
    bucket, key = names["sagemaker_submit_directory"].rsplit("/", 1)
    hyperparameters = {
        "sagemaker_program": get("Parameters.Program"),
        "sagemaker_submit_directory": join("/", bucket, key),
    }
    text = definition(
        training("Train", {"x": local.put("1", "x/y")}, hyperparameters=hyperparameters),
        parameters=[parameter("Program", "String", "script.py")],
    )
    run = local.run(text)
    assert local.log(run, "Train") == "ran\n"
    missed = local.run(text, {"Program": "other.py"})
    assert "sagemaker_program is 'other.py', and s3://" in missed.reason("Train")


def unsafe(local: Local) -> str:
    file = local.root / "unsafe.tar.gz"
    file.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(file, "w:gz") as tar:
        for name in ("script.py", "../outside.py"):
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"pass"))
    uri = local.bucket.uri("code/unsafe.tar.gz")
    local.bucket.upload(file, uri)
    return uri


def test_an_archive_that_is_absent_or_unsafe_fails_the_step(local: Local) -> None:
    data = {"train": local.put("1", "data/train.csv")}
    for uri, expected in (
        ("s3://sagemaker-local/code/none.tar.gz", "There is nothing at s3://sagemaker-local/code"),
        (unsafe(local), "'../outside.py' is no plain file below its folder"),
        (local.put("not an archive", "code/text.tar.gz"), "text.tar.gz cannot be unpacked"),
        ("s3://sagemaker-local/data", "data cannot be unpacked"),
    ):
        names = {"sagemaker_program": "script.py", "sagemaker_submit_directory": uri}
        run = local.run(definition(training("Train", data, hyperparameters=names)))
        assert run.status == "Failed"
        assert expected in run.reason("Train")
    assert list(local.root.rglob("outside.py")) == []


ARCHIVE = {"sagemaker_program": "a.py", "sagemaker_submit_directory": "s3://b/sourcedir.tar.gz"}


@pytest.mark.parametrize(
    ("hyperparameters", "expected"),
    [
        ({"sagemaker_program": "a.py"}, "it has no script"),
        ({"sagemaker_submit_directory": "s3://b/k"}, "it has no script"),
        (ARCHIVE | {"sagemaker_submit_directory": '"file:///code"'}, "is 'file:///code', and sho"),
        (ARCHIVE | {"sagemaker_submit_directory": "/opt/ml/code"}, "is '/opt/ml/code', and should"),
        (ARCHIVE | {"sagemaker_mpi_enabled": "true"}, "sagemaker_mpi_enabled: distributed"),
    ],
)
def test_scripts_that_cannot_run_are_refused_before_anything_runs(
    local: Local, hyperparameters: dict[str, str], expected: str
) -> None:
    text = definition(
        training("Train", {"x": "s3://b/data"}, hyperparameters=hyperparameters),
        parameters=[parameter("P", "String", "x")],
    )
    with pytest.raises(ClientError, match=re.escape(expected)):
        local.start(text)


def test_a_setting_that_turns_out_badly_fails_the_step(local: Local) -> None:
    hyperparameters = ARCHIVE | {"sagemaker_submit_directory": get("Parameters.Code")}
    train = training("Train", {"x": local.put("1", "x/y")}, hyperparameters=hyperparameters)
    text = definition(train, parameters=[parameter("Code", "String", "/opt/ml/code")])
    assert "should be the S3 URI of a sourcedir.tar.gz" in local.run(text).reason("Train")


def test_distribution_that_is_off_is_no_obstacle(local: Local) -> None:
    run = submitted(local, "pass", hyperparameters={"sagemaker_mpi_enabled": "false"})
    assert run.status == "Succeeded", run.steps
