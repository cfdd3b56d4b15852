"""Scripts of archives that hyperparameters name, called as the toolkit of the images calls them."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.storage import archive

from engine.definitions import OWN_IMAGE, definition, get, join, parameter, training
from engine.local import Local, Run
from engine.trainings import SAVE, SHOW, members, ran, shown, submitted

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


def test_the_xgboost_image_knows_a_script_by_its_modules_name_too(local: Local) -> None:
    """Its own toolkit runs ``python -m``; that of other images looks for the file."""
    names = local.submitted("print('ran')") | {"sagemaker_program": "script"}
    data = {"train": local.put("1", "data/train.csv")}
    item = training("Train", data, hyperparameters=names)
    run = local.run(definition(item))
    assert run.status == "Succeeded", run.steps
    assert local.log(run, "Train") == "ran\n"
    item["Arguments"]["AlgorithmSpecification"]["TrainingImage"] = OWN_IMAGE
    assert "sagemaker_program is 'script', and" in local.run(definition(item)).reason("Train")


def test_an_archive_may_be_in_a_channel(local: Local) -> None:
    """As SDK v2 gives it to a job that is isolated from the network."""
    names = local.submitted("print('ran')")
    channels = {"code": names["sagemaker_submit_directory"]}
    path = "/opt/ml/input/data/{}/sourcedir.tar.gz"
    item = training(
        "Train",
        channels,
        hyperparameters=names | {"sagemaker_submit_directory": path.format("code")},
    )
    run = local.run(definition(item))
    assert run.status == "Succeeded", run.steps
    assert local.log(run, "Train") == "ran\n"
    item["Arguments"]["HyperParameters"]["sagemaker_submit_directory"] = path.format("other")
    with pytest.raises(ClientError, match="should be the S3 URI of"):
        local.run(definition(item))


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


def test_an_entrypoint_of_its_own_leaves_no_place_for_the_images_program(local: Local) -> None:
    train = training("Train", {"x": "s3://b/data"}, hyperparameters=ARCHIVE)
    specification = train["Arguments"]["AlgorithmSpecification"]
    specification["ContainerEntrypoint"] = ["python3", "/opt/ml/input/data/x/run.py"]
    with pytest.raises(ClientError, match="takes the place of what starts sagemaker_program in"):
        local.start(definition(train))


def test_a_setting_that_turns_out_badly_fails_the_step(local: Local) -> None:
    def trained(source: Any) -> Run:
        settings = ARCHIVE | {"sagemaker_submit_directory": source}
        train = training("Train", {"x": local.put("1", "x/y")}, hyperparameters=settings)
        return local.run(
            definition(train, parameters=[parameter("Code", "String", "/opt/ml/code")])
        )

    told = "should be the S3 URI of a sourcedir.tar.gz"
    assert told in trained(join("/", "/opt", get("Execution.PipelineName"))).reason("Train")
    with pytest.raises(ClientError, match=told):
        trained(get("Parameters.Code"))


def test_distribution_that_is_off_is_no_obstacle(local: Local) -> None:
    run = submitted(local, "pass", hyperparameters={"sagemaker_mpi_enabled": "false"})
    assert run.status == "Succeeded", run.steps
