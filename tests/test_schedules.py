"""A managed monitoring pipeline that the clock starts: EventBridge Scheduler as moto has it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto_server import Moto, moto_server
from projects import Run

pytestmark = pytest.mark.slow

BUCKET = "sagemaker-eu-west-1-123456789012"
ROLE = "arn:aws:iam::123456789012:role/scheduler"
ENDPOINT = "used-car-prices-xgboost"
PIPELINE = f"{ENDPOINT}-monitoring"


@pytest.fixture(scope="module")
def aws() -> Iterator[Moto]:
    with moto_server() as server:
        yield server


def schedules(run: Run, project: Path, aws: Moto, *words: str) -> Any:
    command = ["python", "-m", "used_car_prices", "schedules", *words]
    return run([*command, "--bucket", BUCKET], project, aws.variables)


def test_the_clock_starts_the_pipeline_of_notebook_06(project: Path, run: Run, aws: Moto) -> None:
    """First there is no pipeline; then its schedule is made, changed and deleted."""
    create = ["create", "--role", ROLE, "--every"]
    missing = schedules(run, project, aws, *create, "1 hour")
    assert f"there is no pipeline {PIPELINE} yet; notebook 06 defines it" in missing.stderr

    definition = json.dumps({"Version": "2020-12-01", "Steps": []})
    made = aws.client("sagemaker").create_pipeline(
        PipelineName=PIPELINE,
        PipelineDefinition=definition,
        ClientRequestToken="t" * 32,
        RoleArn=ROLE,
    )
    for every, rate in (("1 hour", "rate(1 hour)"), ("15 minutes", "rate(15 minutes)")):
        done = schedules(run, project, aws, *create, every)
        assert done.stdout == f"{PIPELINE} is started by the schedule {PIPELINE}: {rate}\n", (
            done.stderr
        )
        found = aws.client("scheduler").get_schedule(Name=PIPELINE)
        assert found["ScheduleExpression"] == rate
        assert found["Target"]["Arn"] == made["PipelineArn"]
        assert found["Target"]["RoleArn"] == ROLE
        assert found["Target"]["SageMakerPipelineParameters"] == {
            "PipelineParameterList": [
                {"Name": "Start", "Value": "bookmark"},
                {"Name": "End", "Value": "now"},
            ]
        }
    assert len(aws.client("scheduler").list_schedules()["Schedules"]) == 1

    assert schedules(run, project, aws, "delete").returncode == 0
    assert aws.client("scheduler").list_schedules()["Schedules"] == []
    again = schedules(run, project, aws, "delete")
    assert again.returncode == 1 and f"there is no schedule {PIPELINE}" in again.stderr


def test_a_local_session_is_told_of_make_watch(project: Path, run: Run, aws: Moto) -> None:
    words = ["create", "--session", "local", "--role", ROLE, "--every", "1 hour"]
    done = schedules(run, project, aws, *words)
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
