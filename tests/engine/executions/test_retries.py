"""Retry policies: how they are read, which failures they try again, and after how long."""

from __future__ import annotations

import errno
import logging
import re
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.definition.retry_policy import (
    EXCEPTION_TYPES,
    RetryPolicy,
    parse_retry_policy,
)
from sagemaker_local.errors import JobKilled, LocalError, StepFailure
from sagemaker_local.executions import retries
from sagemaker_local.executions.retries import Retries, exception_type
from sagemaker_local.processes.launcher import TimedOut
from sagemaker_local.processes.runner import Command, Process, Runner
from sagemaker_local.storage.store import Store

from engine.definitions import (
    Json,
    condition,
    definition,
    fail,
    model,
    processing,
    register,
    true,
)
from engine.local import Local, until

KILLED = "SageMaker.JOB_INTERNAL_ERROR"
# Ends itself by a signal as often as it is told, and then succeeds.
DIES = """
import os, signal, sys
from pathlib import Path
deaths = Path(sys.argv[1])
died = len(deaths.read_text()) if deaths.exists() else 0
if died < int(sys.argv[2]):
    deaths.write_text("x" * (died + 1))
    os.kill(os.getpid(), signal.SIGKILL)
print("lives")
"""


def policy(*exceptions: str, **members: Any) -> Json:
    return {"ExceptionType": list(exceptions or [KILLED]), "IntervalSeconds": 0, **members}


@pytest.fixture
def dies(local: Local) -> Any:
    """A step whose job is killed so many times."""
    code = local.code(DIES)

    def step(times: int, *policies: Json, **members: Any) -> Json:
        arguments = [str(local.root / "deaths"), str(times)]
        return processing("S", code, arguments=arguments, RetryPolicies=list(policies), **members)

    return step


def statuses_of_jobs(local: Local) -> list[str]:
    """Oldest first."""
    jobs = local.client.list_processing_jobs()["ProcessingJobSummaries"]
    return [job["ProcessingJobStatus"] for job in reversed(jobs)]


def test_a_policy_is_read_with_its_defaults() -> None:
    assert parse_retry_policy({"ExceptionType": [KILLED]}) == RetryPolicy((KILLED,), 1, 2, 5, None)
    assert parse_retry_policy({"ExceptionType": KILLED}) == RetryPolicy((KILLED,), 1, 2, 5, None)


def test_a_policy_is_read_with_what_it_says() -> None:
    given = {"ExceptionType": EXCEPTION_TYPES, "IntervalSeconds": 7, "BackoffRate": 1.5}
    given["ExceptionType"] = list(EXCEPTION_TYPES)
    assert parse_retry_policy({**given, "MaxAttempts": 20}) == RetryPolicy(
        EXCEPTION_TYPES, 7, 1.5, 20, None
    )
    assert parse_retry_policy({**given, "ExpireAfterMin": 14400}) == RetryPolicy(
        EXCEPTION_TYPES, 7, 1.5, None, 864000
    )


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"MaxAttempts": 3, "ExpireAfterMin": 5}, "either MaxAttempts or ExpireAfterMin, not both"),
        ({"MaxAttempts": 0}, "MaxAttempts should be from 1 to 20, and is 0"),
        ({"MaxAttempts": 21}, "MaxAttempts should be from 1 to 20, and is 21"),
        ({"MaxAttempts": 2.5}, "MaxAttempts should be a whole number, and is 2.5"),
        ({"MaxAttempts": "3"}, "MaxAttempts should be a number, and is '3'"),
        ({"MaxAttempts": True}, "MaxAttempts should be a number, and is true"),
        ({"MaxAttempts": None}, "MaxAttempts should be a number, and is null"),
        ({"ExpireAfterMin": 14401}, "ExpireAfterMin should be from 1 to 14400, and is 14401"),
        ({"ExpireAfterMin": 0}, "ExpireAfterMin should be from 1 to 14400, and is 0"),
        ({"IntervalSeconds": 43201}, "IntervalSeconds should be from 0 to 43200, and is 43201"),
        ({"IntervalSeconds": -1}, "IntervalSeconds should be from 0 to 43200, and is -1"),
        ({"BackoffRate": -0.5}, "BackoffRate should be at least 0, and is -0.5"),
        ({"BackoffRate": float("nan")}, "BackoffRate should be a number, and is NaN"),
        ({"BackoffRate": float("inf")}, "BackoffRate should be a number, and is Infinity"),
        ({"ExceptionType": ["Step.SERVICE_FAULT", "All"]}, "'All' is not an exception type"),
        ({"ExceptionType": [{}]}, "{} is not an exception type"),
        ({"ExceptionType": []}, "an entry that is no retry policy"),
        ({"Attempts": 3}, "an entry that is no retry policy"),
    ],
)
def test_a_bad_policy_is_refused_before_anything_runs(
    local: Local, members: Json, reason: str
) -> None:
    step = processing(
        "S", local.code("pass"), RetryPolicies=[{"ExceptionType": [KILLED]} | members]
    )
    with pytest.raises(Exception, match="cannot run, for 1 reason") as refused:
        local.run(definition(step))
    assert "step 'S': " in str(refused.value)
    assert reason in str(refused.value)


def test_one_fault_of_a_policy_hides_no_other() -> None:
    given = {"ExceptionType": ["All"], "MaxAttempts": 50, "ExpireAfterMin": 1, "BackoffRate": "x"}
    with pytest.raises(ValueError, match="'All'") as caught:
        parse_retry_policy(given)
    assert len(caught.value.args) == 4


@pytest.mark.parametrize("policies", [[{}], ["retry"], [{"MaxAttempts": 1}]])
def test_what_is_no_policy_is_refused(local: Local, policies: Any) -> None:
    with pytest.raises(Exception, match="an entry that is no retry policy"):
        local.run(definition(processing("S", local.code("pass"), RetryPolicies=policies)))


@pytest.mark.parametrize("step", [condition("S", [], []), fail("S"), true("S")])
def test_steps_that_cannot_be_retried_have_no_policies(local: Local, step: Json) -> None:
    text = definition(step | {"RetryPolicies": [policy()]})
    with pytest.raises(Exception, match="step has no RetryPolicies"):
        local.run(text)


def test_a_job_that_was_killed_is_tried_again_as_a_new_job(local: Local, dies: Any) -> None:
    run = local.run(definition(dies(1, policy())))
    assert run.status == "Succeeded", run.steps
    assert run.steps["S"]["AttemptCount"] == 2
    assert sorted(statuses_of_jobs(local)) == ["Completed", "Failed"]
    newest = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    jobs = local.client.list_processing_jobs(**newest)["ProcessingJobSummaries"]
    assert len({job["ProcessingJobName"] for job in jobs}) == 2
    assert run.arn_of("S") == jobs[0]["ProcessingJobArn"]
    assert local.log(run, "S") == "lives\n"
    assert "FailureReason" not in run.steps["S"]


def test_attempts_run_out(local: Local, dies: Any) -> None:
    run = local.run(definition(dies(9, policy(MaxAttempts=2))))
    assert run.statuses == {"S": "Failed"}
    assert run.steps["S"]["AttemptCount"] == 3
    assert "was ended by signal 9" in run.reason("S")
    assert statuses_of_jobs(local) == ["Failed"] * 3


def test_without_a_policy_nothing_is_tried_again(local: Local, dies: Any) -> None:
    run = local.run(definition(dies(1)))
    assert run.statuses == {"S": "Failed"}
    assert run.steps["S"]["AttemptCount"] == 1


def test_a_policy_for_other_failures_does_not_help(local: Local, dies: Any) -> None:
    run = local.run(definition(dies(1, policy("Step.THROTTLING", "SageMaker.CAPACITY_ERROR"))))
    assert run.statuses == {"S": "Failed"}
    assert statuses_of_jobs(local) == ["Failed"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "members"),
    [
        ("import sys; sys.exit(1)", {}),
        ("raise RuntimeError('broken')", {}),
        (
            "import time; time.sleep(1000)",
            {"StoppingCondition": {"MaxRuntimeInSeconds": 1}},
        ),
    ],
)
def test_a_script_that_fails_by_itself_is_not_tried_again(
    local: Local, script: str, members: Json
) -> None:
    step = processing("S", local.code(script), RetryPolicies=[policy(*EXCEPTION_TYPES)])
    step["Arguments"] |= members
    run = local.run(definition(step))
    assert run.statuses == {"S": "Failed"}
    assert run.steps["S"]["AttemptCount"] == 1
    assert statuses_of_jobs(local) == ["Failed"]


@pytest.mark.slow
def test_waits_between_attempts_grow(
    local: Local, dies: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        run = local.run(definition(dies(4, policy(IntervalSeconds=0.01, BackoffRate=3))))
    assert run.status == "Succeeded"
    waits = re.findall(r"step S is tried again in (\S+) s: script.py was ended", caplog.text)
    assert waits == ["0.01", "0.03", "0.09", "0.27"]


def test_stop_ends_a_wait_at_once(
    local: Local, dies: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The wait would be twelve hours."""
    with caplog.at_level(logging.WARNING):
        run = local.start(definition(dies(1, policy(IntervalSeconds=43200))))
        until(lambda: "is tried again in 43200 s" in caplog.text)
    run.stop()
    assert run.wait().status == "Stopped"
    assert run.statuses == {"S": "Stopped"}
    assert statuses_of_jobs(local) == ["Failed"]


class Faulty:
    """A runner that fails in its own way before it starts anything."""

    def __init__(self, runner: Runner, *errors: Exception) -> None:
        self._runner = runner
        self._errors = list(errors)

    def start(self, command: Command) -> Process:
        if self._errors:
            raise self._errors.pop(0)
        return self._runner.start(command)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RuntimeError("a bug"), "Step.SERVICE_FAULT"),
        (OSError(errno.ENOSPC, "No space left on device"), "SageMaker.CAPACITY_ERROR"),
        (sqlite3.OperationalError("database is locked"), "Step.THROTTLING"),
    ],
)
def test_what_fails_inside_the_engine_is_tried_again(
    tmp_path: Path, runner: Runner, error: Exception, kind: str
) -> None:
    for policies, expected in (([policy(kind)], "Succeeded"), ([policy(KILLED)], "Failed")):
        local = Local(tmp_path / expected, Faulty(runner, error))
        step = processing("S", local.code("pass"), RetryPolicies=policies)
        assert local.run(definition(step)).statuses == {"S": expected}


@pytest.mark.parametrize("kind", ["Model", "RegisterModel"])
def test_steps_without_a_job_are_tried_again_too(
    local: Local, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    uri = local.put("m", "model.tar.gz")
    table = "resources" if kind == "Model" else "model_packages"
    write, failures = Store.write, [1, 2]

    def fails_twice(self: Store, statement: str, *values: Any) -> int:
        if failures and f"INTO {table}" in statement and values[0] in ("model", "group"):
            failures.pop()
            raise sqlite3.OperationalError("database is locked")
        return write(self, statement, *values)

    monkeypatch.setattr(Store, "write", fails_twice)
    make = model("S", uri) if kind == "Model" else register("S", "group", uri)
    run = local.run(definition(make | {"RetryPolicies": [policy("Step.THROTTLING")]}))
    assert run.status == "Succeeded", run.steps
    assert run.steps["S"]["AttemptCount"] == 3
    assert failures == []
    if kind == "RegisterModel":
        found = local.client.list_model_packages(ModelPackageGroupName="group")
        packages = found["ModelPackageSummaryList"]
        assert [package["ModelPackageVersion"] for package in packages] == [1]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (JobKilled("signal 9"), KILLED),
        (StepFailure("exit code 1"), None),
        (TimedOut("too long"), None),
        (LocalError("nothing there"), None),
        (MemoryError(), "Step.SERVICE_FAULT"),
        (PermissionError(errno.EACCES, "no"), "Step.SERVICE_FAULT"),
    ],
)
def test_failures_have_the_services_names(error: Exception, kind: str | None) -> None:
    assert exception_type(error) == kind


def test_a_full_disk_is_found_behind_the_sentence_that_tells_it() -> None:
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError as error:
            raise LocalError("the output cannot be written") from error
    except LocalError as told:
        assert exception_type(told) == "SageMaker.CAPACITY_ERROR"


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(retries.time, "monotonic", lambda: self.now)


def test_a_policy_that_expires_is_followed_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    attempts = Retries([RetryPolicy((KILLED,), 10, 2, None, expire_after=60)])
    delays = []
    while (delay := attempts.delay_after(JobKilled("x"))) is not None:
        delays.append(delay)
        clock.now += delay
    assert delays == [10, 20]  # 40 more would be too late
    assert attempts.count == 2


def test_policies_count_on_their_own_and_the_first_that_fits_counts() -> None:
    attempts = Retries(
        [
            RetryPolicy((KILLED,), 1, 1, 1),
            RetryPolicy(("Step.SERVICE_FAULT", KILLED), 5, 2, 2),
        ]
    )
    killed, bug = JobKilled("x"), RuntimeError("x")
    found = [attempts.delay_after(error) for error in (killed, bug, killed, bug, bug)]
    assert found == [1, 5, None, 10, None]
    assert attempts.count == 3


def test_the_longest_wait_has_an_end() -> None:
    """Otherwise the number would get too large to wait for."""
    attempts = Retries([RetryPolicy((KILLED,), 43200, 1e308, 20)])
    delays = [attempts.delay_after(JobKilled("x")) for _ in range(21)]
    assert delays[-1] is None
    assert all(delay is not None and delay <= threading.TIMEOUT_MAX for delay in delays[:-1])
