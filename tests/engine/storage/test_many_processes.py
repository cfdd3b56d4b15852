"""Eight processes at once on one root, which none of them had seen before."""

from __future__ import annotations

import re
import sqlite3
import sys
from collections import Counter
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.processes.runner import Runner

from engine.definitions import Json
from engine.kill_program import KILLED, Program
from engine.local import Local, Run
from engine.small_pipeline import GROUP, JOBS, STEPS, jobs, objects, results, versions

PROCESSES = 8
TIMES = 3
NAMES = [f"pipe-{number}" for number in range(PROCESSES)]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the harness forks processes"),
]


def runs(local: Local, pipeline: str) -> list[Run]:
    """A pipeline's executions, newest first."""
    listed = local.client.list_pipeline_executions(PipelineName=pipeline)
    found = listed["PipelineExecutionSummaries"]
    return [Run(local, summary["PipelineExecutionArn"]) for summary in found]


def cases(root: Path) -> list[Json]:
    case = {"root": str(root), "warm": True, "times": TIMES, "must_succeed": True}
    return [case | {"pipeline": name} for name in NAMES]


def look_at_everything(local: Local) -> None:
    """Every run has all its steps, jobs, objects and packages, and no two packages a version."""
    found = {name: runs(local, name) for name in NAMES}
    total = sum(map(len, found.values()))
    everything = [run for name in NAMES for run in found[name]]
    left = [results(run) for run in everything]
    assert all(result == left[0] for result in left)
    for run in everything:
        assert run.statuses == dict.fromkeys(STEPS, "Succeeded")
    assert versions(local, GROUP) == list(range(1, total + 1))
    for name in NAMES:
        assert versions(local, f"of-{name}") == list(range(1, len(found[name]) + 1))
    arns = Counter(run.steps["Register"]["Metadata"]["RegisterModel"]["Arn"] for run in everything)
    assert len(arns) == total
    assert len(local.store.resources("model")) == total
    assert [f.name for f in local.bucket.root.iterdir()] == [local.bucket.name]


def test_nothing_is_lost_and_no_version_is_given_twice(
    program: Program, runner: Runner, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = program.run(*cases(tmp_path / "root"))
    assert [process["code"] for process in ended] == [0] * PROCESSES
    local = Local(tmp_path / "root", runner)
    look_at_everything(local)
    total = PROCESSES * TIMES
    assert Counter(status(job) for job in jobs(local)) == {"Completed": total * len(JOBS)}
    kinds = Counter(re.sub(r"\w{12}", "", key.split("/")[0]) for key in objects(local))
    assert kinds == {"runs": total * 5, "models": total}
    assert "locked" not in capfd.readouterr().err


def test_a_killed_process_takes_nothing_from_the_others(
    program: Program, runner: Runner, tmp_path: Path
) -> None:
    first, *others = cases(tmp_path / "root")
    # In its second run, right before the last but one of its steps is stored.
    ended = program.run(first | {"moment": ["step ended", "before", 2 * len(STEPS) - 1]}, *others)
    assert [process["code"] for process in ended] == [KILLED] + [0] * (PROCESSES - 1)
    local = Local(tmp_path / "root", runner)
    killed, finished = runs(local, NAMES[0])
    assert (killed.status, finished.status) == ("Failed", "Succeeded")
    local.client.retry_pipeline_execution(PipelineExecutionArn=killed.arn)
    assert killed.wait().status == "Succeeded", killed.steps
    look_at_everything(local)


def test_a_state_that_stays_busy_is_told_as_a_sentence(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty seconds are more than any write takes; another program may hold the file, though."""
    monkeypatch.setattr("sagemaker_local.storage.store._BUSY_SECONDS", 0.05)
    local.client.create_model_package_group(ModelPackageGroupName="before")
    other = sqlite3.connect(local.root / "state.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ClientError, match="another process holds it") as caught:
        local.client.create_model_package_group(ModelPackageGroupName="meanwhile")
    assert "locked" not in str(caught.value)
    other.execute("ROLLBACK")
    local.client.create_model_package_group(ModelPackageGroupName="after")


def status(job: Json) -> str:
    return str(job.get("ProcessingJobStatus") or job.get("TrainingJobStatus"))
