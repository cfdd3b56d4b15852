"""A managed monitoring pipeline that the clock starts: EventBridge Scheduler as moto has it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from projects import Run

pytestmark = pytest.mark.slow

REGION = "eu-west-1"
BUCKET = "sagemaker-eu-west-1-123456789012"
ROLE = "arn:aws:iam::123456789012:role/scheduler"
ENDPOINT = "used-car-prices-xgboost"
PIPELINE = f"{ENDPOINT}-monitoring"
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def client(address: str, name: str) -> Any:
    return boto3.client(name, region_name=REGION, endpoint_url=address, **KEYS)


def schedules(run: Run, project: Path, address: str, *words: str) -> Any:
    env = {
        "AWS_ENDPOINT_URL": address,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        **{name.upper(): value for name, value in KEYS.items()},
    }
    command = ["python", "-m", "used_car_prices", "schedules", *words]
    return run([*command, "--bucket", BUCKET], project, env)


def test_the_clock_starts_the_pipeline_of_notebook_06(
    project: Path, run: Run, address: str
) -> None:
    """First there is no pipeline; then its schedule is made, changed and deleted."""
    create = ["create", "--role", ROLE, "--every"]
    missing = schedules(run, project, address, *create, "1 hour")
    assert f"there is no pipeline {PIPELINE} yet; notebook 06 defines it" in missing.stderr

    definition = json.dumps({"Version": "2020-12-01", "Steps": []})
    made = client(address, "sagemaker").create_pipeline(
        PipelineName=PIPELINE,
        PipelineDefinition=definition,
        ClientRequestToken="t" * 32,
        RoleArn=ROLE,
    )
    for every, rate in (("1 hour", "rate(1 hour)"), ("15 minutes", "rate(15 minutes)")):
        done = schedules(run, project, address, *create, every)
        assert done.stdout == f"{PIPELINE} is started by the schedule {PIPELINE}: {rate}\n", (
            done.stderr
        )
        found = client(address, "scheduler").get_schedule(Name=PIPELINE)
        assert found["ScheduleExpression"] == rate
        assert found["Target"]["Arn"] == made["PipelineArn"]
        assert found["Target"]["RoleArn"] == ROLE
        assert found["Target"]["SageMakerPipelineParameters"] == {
            "PipelineParameterList": [
                {"Name": "Start", "Value": "bookmark"},
                {"Name": "End", "Value": "now"},
            ]
        }
    assert len(client(address, "scheduler").list_schedules()["Schedules"]) == 1

    assert schedules(run, project, address, "delete").returncode == 0
    assert client(address, "scheduler").list_schedules()["Schedules"] == []
    again = schedules(run, project, address, "delete")
    assert again.returncode == 1 and f"there is no schedule {PIPELINE}" in again.stderr


def test_a_local_session_is_told_of_make_watch(project: Path, run: Run, address: str) -> None:
    words = ["create", "--session", "local", "--role", ROLE, "--every", "1 hour"]
    done = schedules(run, project, address, *words)
    assert done.returncode == 1 and "`make watch`" in done.stderr


@pytest.mark.parametrize(
    ("every", "rate"),
    [("1 day", "rate(1 day)"), ("2hours", "rate(2 hours)"), ("cron(0 6 * * ? *)", "")],
)
def test_a_time_is_written_as_scheduler_does(
    bake: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, every: str, rate: str
) -> None:
    monkeypatch.syspath_prepend(str(bake() / "src"))
    from used_car_prices.errors import ProjectError
    from used_car_prices.monitoring import schedules

    assert schedules.expression(every) == (rate or every)
    for wrong in ("hourly", "0 hours", "1 week"):
        with pytest.raises(ProjectError, match="give a time such as '1 hour'"):
            schedules.expression(wrong)
