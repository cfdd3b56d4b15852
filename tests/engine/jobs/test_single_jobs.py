"""Jobs outside a pipeline: created, run at once, stopped, and marked when their process is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from sagemaker_local.processes.runner import Command, Runner
from sagemaker_local.steps.step_types import NOT_RUN, STEP_TYPES

from engine.definitions import OUTPUT, Json, definition, processing, training, transform
from engine.local import ARNS, Local, Single, until

MLFLOW = "arn:aws:sagemaker:us-east-1:000000000000:mlflow-tracking-server/m"
TESTS = Path(__file__).resolve().parents[2]
WRITE = "import sys; open(sys.argv[1] + '/out.txt', 'w').write('done'); print('said')"
WAIT = """
import sys, time
from pathlib import Path
print("begun", flush=True)
until = time.monotonic() + 60
while not Path(sys.argv[1]).exists() and time.monotonic() < until:
    time.sleep(0.01)
"""


def job(local: Local, script: str, *arguments: Any, **members: Any) -> Json:
    """A step whose arguments are a job's request."""
    return processing("Job", local.code(script), arguments=list(map(str, arguments)), **members)


@contextmanager
def waiting(local: Local, go: Path) -> Iterator[Single]:
    """A job that runs until the block has ended, and a file is there."""
    single = local.begin(job(local, WAIT, go))
    until(lambda: "begun" in single.log)
    try:
        yield single
    finally:
        go.touch()


def refused(caught: pytest.ExceptionInfo[ClientError], code: str = "ValidationException") -> bool:
    return bool(caught.value.response["Error"]["Code"] == code)


def test_a_job_runs_to_its_end(either: Local) -> None:
    output = {"out": "s3://sagemaker-local/results"}
    step = job(either, WRITE, f"{OUTPUT}/out", outputs=output)
    created = Single(either, "ProcessingJob", "job").call("create", **step["Arguments"])
    assert created["ProcessingJobArn"] == ARNS.job("processing-job", "job")
    single = Single(either, "ProcessingJob", "job").wait()
    assert single.status == "Completed"
    assert single.log == "said\n"
    assert either.read("s3://sagemaker-local/results/out.txt") == "done"
    described = single.described
    assert described["ProcessingJobArn"] == created["ProcessingJobArn"]
    assert described["AppSpecification"] == step["Arguments"]["AppSpecification"]
    assert described["CreationTime"] <= described["ProcessingEndTime"]


def test_a_training_job_leaves_its_model(local: Local) -> None:
    script = "import os; open(os.environ['SM_MODEL_DIR'] + '/m', 'w'); print('score=0.5')"
    step = training("Train", local.channels(script), metrics={"score": "score=(.*)"})
    single = local.begin(step, "fit").wait()
    assert single.status == "Completed", single.log
    artifacts = single.described["ModelArtifacts"]["S3ModelArtifacts"]
    assert local.bucket.existing(artifacts).name == "model.tar.gz"
    (metric,) = single.described["FinalMetricDataList"]
    assert metric["Value"] == 0.5


def test_a_job_runs_in_the_background(local: Local, tmp_path: Path) -> None:
    with waiting(local, tmp_path / "go") as single:
        assert single.status == "InProgress"
        listed = local.client.list_processing_jobs(StatusEquals="InProgress")
        assert len(listed["ProcessingJobSummaries"]) == 1
    assert single.wait().status == "Completed"


def test_a_job_that_fails_says_why(local: Local) -> None:
    single = local.begin(job(local, "import sys; sys.exit('no rows')")).wait()
    assert single.status == "Failed"
    assert "script.py exited with code 1: no rows" in single.described["FailureReason"]


def test_an_error_of_the_engine_ends_the_job_too(
    local: Local, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr("sagemaker_local.jobs.processing._stage", fail)
    single = local.begin(job(local, "pass")).wait()
    assert single.described["FailureReason"] == "the disk is gone"
    until(lambda: "broke off" in caplog.text)


@pytest.mark.slow
def test_a_time_limit_is_kept(local: Local) -> None:
    step = job(local, "import time; time.sleep(60)")
    single = local.begin(step, StoppingCondition={"MaxRuntimeInSeconds": 1}).wait()
    assert single.described["FailureReason"].startswith("MaxRuntimeExceeded")


def test_a_name_is_given_once_to_each_kind(local: Local, tmp_path: Path) -> None:
    with waiting(local, tmp_path / "go") as single:
        with pytest.raises(
            ClientError, match=r"a job with this name already exists \(arn.*/job\)"
        ) as caught:
            local.begin(job(local, "pass"))
        assert refused(caught, "ResourceInUse")
        assert single.status == "InProgress"
        assert local.begin(training("T", local.channels("pass"))).wait().status == "Completed"
    assert single.wait().log == "begun\n"
    with pytest.raises(
        ClientError, match="Job name must be unique within an AWS account and region"
    ):
        local.begin(job(local, "pass"))


def test_what_cannot_run_is_refused_with_all_reasons(local: Local) -> None:
    step = training("T", {"code": local.code("pass"), "data": "s3://sagemaker-local/x"})
    step["Arguments"]["InputDataConfig"][0]["InputMode"] = "Pipe"
    with pytest.raises(ClientError, match=r"(?s)training-job cannot run, for 3 reasons") as caught:
        local.begin(step, MlflowConfig={"MlflowResourceArn": MLFLOW})
    text = str(caught.value)
    assert refused(caught)
    for reason in ("MlflowConfig is not run", "mode Pipe is not run", "it has no script"):
        assert reason in text
    assert local.client.list_training_jobs()["TrainingJobSummaries"] == []
    assert not (local.root / "jobs").exists()


def test_a_job_without_its_objects_is_refused_as_the_service_does(local: Local) -> None:
    for step in (
        training("T", {**local.channels("pass"), "data": "s3://sagemaker-local/none"}),
        transform("B", "m", "s3://sagemaker-local/none", "s3://sagemaker-local/out"),
    ):
        told = 'No S3 objects found under S3 URL "s3://sagemaker-local/none" given in input data'
        with pytest.raises(ClientError, match=told) as caught:
            local.begin(step)
        assert refused(caught)
    assert local.client.list_training_jobs()["TrainingJobSummaries"] == []


def test_a_request_of_another_shape_is_refused_as_boto3_does(local: Local) -> None:
    with pytest.raises(ParamValidationError, match="RoleArn"):
        local.client.create_processing_job(ProcessingJobName="job")
    with pytest.raises(ClientError, match="ProcessingJobName") as caught:
        local.begin(job(local, "pass"), "a b")
    assert refused(caught)
    assert local.client.list_processing_jobs()["ProcessingJobSummaries"] == []


def test_settings_without_meaning_and_tags_are_kept(local: Local) -> None:
    tags = [{"Key": "team", "Value": "cars"}]
    network = {"EnableNetworkIsolation": True}
    single = local.begin(job(local, "pass"), Tags=tags, NetworkConfig=network).wait()
    assert single.status == "Completed"
    assert single.described["NetworkConfig"] == network
    arn = single.described["ProcessingJobArn"]
    assert local.client.list_tags(ResourceArn=arn)["Tags"] == tags


def test_a_job_is_stopped_with_its_program(either: Local) -> None:
    script = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    single = either.begin(job(either, script))
    until(lambda: single.log.endswith("\n"))
    pid = int(single.log)
    single.stop()
    assert single.wait().status == "Stopped"
    assert "FailureReason" not in single.described
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(
        ClientError, match="rejected because the processing job is in status Stopped"
    ) as caught:
        single.stop()
    assert refused(caught)


class HeldProcess:
    """A program that ends when a test says so, whatever it is told."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self.told = threading.Event()
        self.free = threading.Event()

    def start(self, command: Command) -> HeldProcess:
        self.started.set()
        return self

    def wait(self, seconds: float | None = None) -> int:
        self.free.wait(60)
        return 0

    def stop(self) -> None:
        self.told.set()


def test_a_job_that_is_being_stopped_says_so(tmp_path: Path) -> None:
    program = HeldProcess()
    local = Local(tmp_path, program)
    single = local.begin(training("Train", local.channels("pass")))
    assert program.started.wait(60)
    single.stop()
    assert program.told.is_set()
    assert single.status == single.described["SecondaryStatus"] == "Stopping"
    assert "EndTime" not in single.described["SecondaryStatusTransitions"][-1]
    single.stop()
    program.free.set()
    assert single.wait().described["SecondaryStatus"] == "Stopped"


def test_jobs_that_are_not_there(local: Local) -> None:
    for noun, told in (
        ("ProcessingJob", "Could not find requested job with name: none"),
        ("TransformJob", "Could not find requested job with name: none"),
        ("TrainingJob", "Requested resource not found."),
    ):
        for verb in ("describe", "stop"):
            with pytest.raises(ClientError, match=told) as caught:
                Single(local, noun, "none").call(verb)
            assert refused(caught)


def test_an_ended_job_is_deleted_and_its_name_is_free(local: Local, tmp_path: Path) -> None:
    exceptions = local.client.exceptions
    with waiting(local, tmp_path / "go") as single, pytest.raises(exceptions.ResourceInUse):
        single.call("delete")
    (single.local.root / "jobs" / "job" / "ml" / "left").touch()
    single.wait().call("delete")
    with pytest.raises(ClientError, match="Could not find requested job"):
        single.call("describe")
    with pytest.raises(exceptions.ResourceNotFound):
        single.call("delete")
    again = local.begin(job(local, "import os; print(os.path.exists('left'))")).wait()
    assert (again.status, again.log) == ("Completed", "False\n")


def test_jobs_of_others_are_not_stopped_here(local: Local, runner: Runner, tmp_path: Path) -> None:
    """An execution, or another session, would go on as if its program had ended by itself."""
    run = local.start(definition(job(local, WAIT, tmp_path / "go")))
    until(lambda: bool(local.client.list_processing_jobs()["ProcessingJobSummaries"]))
    (listed,) = local.client.list_processing_jobs()["ProcessingJobSummaries"]
    with pytest.raises(ClientError, match="in an execution or in another session") as caught:
        local.client.stop_processing_job(ProcessingJobName=listed["ProcessingJobName"])
    assert refused(caught)
    with waiting(local, tmp_path / "other") as single:
        with pytest.raises(ClientError, match="stop it there"):
            Single(Local(local.root, runner), single.noun, single.name).stop()
        assert single.status == "InProgress"
    (tmp_path / "go").touch()
    assert run.wait().status == "Succeeded"


OWNER = """
import sys
from pathlib import Path
from sagemaker_local.processes.runner import SpawnRunner
from engine.definitions import definition, processing
from engine.local import Local, until

local = Local(Path(sys.argv[1]), SpawnRunner())
code = local.code("import os, time; print(os.getpid(), flush=True); time.sleep(60)")
single = local.begin(processing("Job", code))
run = local.start(definition(processing("Step", code)))
until(lambda: single.log.endswith("\\n") and run.steps.get("Step", {}).get("Metadata"))
step = run.steps["Step"]["Metadata"]["ProcessingJob"]["Arn"].rsplit("/", 1)[-1]
until(lambda: local.log(run, "Step").endswith("\\n"))
print(step, single.log.strip(), local.log(run, "Step").strip(), flush=True)
input()
"""


@pytest.mark.slow
def test_jobs_of_a_process_that_was_killed_have_failed(local: Local, source: Path) -> None:
    paths = os.pathsep.join(map(str, (source, TESTS)))
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(local.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
        text=True,
    ) as owner:
        assert owner.stdout is not None
        step, *pids = owner.stdout.readline().split()
        jobs = [Single(local, "ProcessingJob", name) for name in ("job", step)]
        assert [each.status for each in jobs] == ["InProgress", "InProgress"]
        owner.kill()
    for pid in map(int, pids):
        os.kill(pid, signal.SIGKILL)
    failed = local.client.list_processing_jobs(StatusEquals="Failed")["ProcessingJobSummaries"]
    assert {each["ProcessingJobName"] for each in failed} == {"job", step}
    for each in jobs:
        assert each.status == "Failed"
        assert "The process that ran this job ended before" in each.described["FailureReason"]
    with pytest.raises(ClientError, match="in status Failed"):
        jobs[0].stop()


TRANSFORM = {
    "ModelName": "m",
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/in"}}
    },
    "TransformOutput": {"S3OutputPath": "s3://b/out"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
}
TUNING = {
    "HyperParameterTuningJobConfig": {
        "Strategy": "Random",
        "ResourceLimits": {"MaxParallelTrainingJobs": 1, "MaxNumberOfTrainingJobs": 1},
    }
}


@pytest.mark.parametrize(
    ("step_type", "noun", "request_"),
    [("Transform", "TransformJob", TRANSFORM), ("Tuning", "HyperParameterTuningJob", TUNING)],
)
def test_a_kind_that_does_not_run_here_says_why(
    local: Local, monkeypatch: pytest.MonkeyPatch, step_type: str, noun: str, request_: Json
) -> None:
    monkeypatch.delitem(STEP_TYPES, step_type)
    monkeypatch.setitem(NOT_RUN, step_type, "it is too big")
    for verb, request in (("create", request_), ("stop", {})):
        with pytest.raises(ClientError, match=f"{step_type}: it is too big") as caught:
            Single(local, noun, "job").call(verb, **request)
        assert refused(caught)
