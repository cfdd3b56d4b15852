"""The client's waiters are boto3's, and do not make a person wait for minutes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.exceptions import WaiterError

from engine.definitions import Json, processing, training, transform
from engine.local import Local, Single, until
from engine.transforms import ECHO, OUTPUT, created

PROCESSING = "processing_job_completed_or_stopped"
TRAINING = "training_job_completed_or_stopped"
TRANSFORM = "transform_job_completed_or_stopped"
UNTIL_THERE = """
import sys, time
from pathlib import Path
until = time.monotonic() + 60
while not Path(sys.argv[1]).exists() and time.monotonic() < until:
    time.sleep(0.01)
"""


def script(local: Local, text: str, *arguments: Any) -> Json:
    return processing("Job", local.code(text), arguments=list(map(str, arguments)))


@pytest.fixture
def managed() -> Any:
    """boto3's own client, which sends nothing here."""
    return boto3.client(
        "sagemaker", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )


@pytest.mark.slow
def test_they_wait_for_jobs_of_every_kind(local: Local) -> None:
    local.begin(script(local, "pass"), "one")
    local.client.get_waiter(PROCESSING).wait(ProcessingJobName="one")
    assert Single(local, "ProcessingJob", "one").status == "Completed"
    local.begin(training("Train", local.channels("pass")), "two")
    local.client.get_waiter(TRAINING).wait(TrainingJobName="two")
    assert Single(local, "TrainingJob", "two").status == "Completed"
    local.put("1\n", "records/one.csv")
    step = transform("Batch", created(local, "echo", ECHO), "s3://sagemaker-local/records", OUTPUT)
    local.begin(step, "three")
    local.client.get_waiter(TRANSFORM).wait(TransformJobName="three")
    assert Single(local, "TransformJob", "three").status == "Completed"
    assert {"describe_processing_job", "describe_training_job"} <= local.client.checked


@pytest.mark.slow
def test_a_stopped_job_has_ended_and_a_failed_one_is_an_error(local: Local) -> None:
    single = local.begin(script(local, "import time; time.sleep(60)"), "stopped")
    single.stop()
    local.client.get_waiter(PROCESSING).wait(ProcessingJobName="stopped")
    assert single.status == "Stopped"
    local.begin(script(local, "import sys; sys.exit('no rows')"), "failed")
    with pytest.raises(WaiterError, match="terminal failure state") as caught:
        local.client.get_waiter(PROCESSING).wait(ProcessingJobName="failed")
    assert "no rows" in caught.value.last_response["FailureReason"]


def test_a_job_that_is_not_there_is_an_error(local: Local) -> None:
    with pytest.raises(WaiterError, match="expected service error code: ValidationException"):
        local.client.get_waiter(PROCESSING).wait(ProcessingJobName="none")


def test_a_persons_patience_counts(local: Local, tmp_path: Path) -> None:
    single = local.begin(script(local, UNTIL_THERE, tmp_path / "go"))
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        local.client.get_waiter(PROCESSING).wait(
            ProcessingJobName="job", WaiterConfig={"Delay": 0, "MaxAttempts": 2}
        )
    (tmp_path / "go").touch()
    until(lambda: single.status == "Completed")


@pytest.mark.parametrize("name", [PROCESSING, TRAINING, TRANSFORM])
def test_they_are_as_patient_as_boto3s_and_look_more_often(
    local: Local, managed: Any, name: str
) -> None:
    here, there = local.client.get_waiter(name).config, managed.get_waiter(name).config
    assert here.delay < 1 < there.delay
    assert here.delay * here.max_attempts == pytest.approx(there.delay * there.max_attempts)
    assert here.operation == there.operation


def test_there_is_one_for_whatever_the_client_describes(local: Local, managed: Any) -> None:
    operations = {name: managed.get_waiter(name).config.operation for name in managed.waiter_names}
    described = {
        name
        for name, operation in operations.items()
        if hasattr(local.client, xform_name(operation))
    }
    assert {PROCESSING, TRAINING, TRANSFORM} <= described
    assert local.client.waiter_names == sorted(described)
    for name in ("notebook_instance_stopped", "none"):
        with pytest.raises(ValueError, match=f"Waiter does not exist: {name}"):
            local.client.get_waiter(name)
