"""A run of a tuning job: its tries side by side, those that fail, and when it is enough."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.jobs import tuning_run, tuning_trials

from engine.definitions import (
    Json,
    categorical,
    definition,
)
from engine.local import Local, Run, until
from engine.tunings import DEPTH, RATE, children, combinations, counted, listed, tuned, tuning_step


class Meeting:
    """Tries that say that they run, and end when the test says so, by their ``--who``."""

    SCRIPT = """
import os, sys, time
from pathlib import Path
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
folder, name = Path(given["--folder"]), given["--who"]
(folder / name).touch()
while not (folder / f"{name}-go").exists():
    time.sleep(0.005)
(folder / name).unlink()
print("loss=" + given.get("--rate", name))
"""

    def __init__(self, local: Local) -> None:
        self._folder = local.root / "meeting"
        self._folder.mkdir(parents=True)
        self.static = {"folder": str(self._folder)}

    @property
    def running(self) -> set[str]:
        return {file.name for file in self._folder.iterdir() if not file.name.endswith("-go")}

    def go(self, *names: str) -> None:
        for name in names:
            (self._folder / f"{name}-go").touch()


@pytest.fixture
def meeting(local: Local) -> Iterator[Meeting]:
    found = Meeting(local)
    yield found
    found.go(*"123456789")


def start(local: Local, meeting: Meeting, who: Json, *ranges: Json, **options: Any) -> Run:
    item = tuning_step(local, who, *ranges, script=Meeting.SCRIPT, static=meeting.static, **options)
    return local.start(definition(item))


def started(local: Local, run: Run) -> list[Json]:
    """The tries so far; none while there is no tuning job."""
    if "Metadata" not in run.steps.get("Tune", {}):
        return []
    try:
        return listed(local, run.job("Tune"))
    except ClientError:  # the step tells of its job just before the job is stored
        return []


@pytest.mark.slow
def test_as_many_tries_run_at_once_as_are_allowed(local: Local, meeting: Meeting) -> None:
    who = categorical("who", *"12345")
    run = start(local, meeting, who, strategy="Grid", jobs=None, parallel=2)
    until(lambda: meeting.running == {"1", "2"})
    for ended, begun in (("2", "3"), ("3", "4"), ("1", "5")):
        assert len(started(local, run)) == int(begun) - 1, "a try began before its turn"
        meeting.go(ended)
        until(lambda begun=begun: begun in meeting.running)
        assert len(meeting.running) == 2
    meeting.go("4", "5")
    assert run.wait().status == "Succeeded"
    assert len(children(local, run)) == 5


def test_a_running_tuning_job_is_described_as_far_as_it_is(local: Local, meeting: Meeting) -> None:
    who = categorical("who", "3", "1", "2")
    run = start(local, meeting, who, strategy="Grid", jobs=None, parallel=2)
    until(lambda: meeting.running == {"3", "1"})
    until(lambda: counted(run.job("Tune")) == {"InProgress": 2, "pending": 2})
    job = run.job("Tune")
    assert job["HyperParameterTuningJobStatus"] == "InProgress"
    assert "BestTrainingJob" not in job
    assert "HyperParameterTuningEndTime" not in job
    meeting.go("3")
    until(lambda: counted(run.job("Tune")).get("succeeded") == 1)
    job = run.job("Tune")
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"who": "3"}
    (summary,) = local.client.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"]
    assert summary["HyperParameterTuningJobStatus"] == "InProgress"
    statuses = [(s["TrainingJobStatus"], s["ObjectiveStatus"]) for s in children(local, run)]
    assert statuses[:2] == [("Completed", "Succeeded"), ("InProgress", "Pending")]
    meeting.go("1", "2")
    run.wait()
    job = run.job("Tune")
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"who": "1"}
    assert job["HyperParameterTuningEndTime"] >= job["CreationTime"]
    assert counted(job) == {"Completed": 3, "succeeded": 3}


def test_stop_ends_the_tries_and_starts_no_more(local: Local, meeting: Meeting) -> None:
    who = categorical("who", *"1234")
    run = start(local, meeting, who, strategy="Grid", jobs=None, parallel=2)
    until(lambda: meeting.running == {"1", "2"})
    run.stop()
    assert run.wait().status == "Stopped"
    assert run.statuses == {"Tune": "Stopped"}
    job = run.job("Tune")
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert counted(job) == {"Stopped": 2, "failed": 2}
    assert [summary["TrainingJobStatus"] for summary in children(local, run)] == ["Stopped"] * 2
    assert "2 of 4: stopped\n" in local.log(run, "Tune")


@pytest.mark.parametrize("parallel", [1, 2])
def test_tries_side_by_side_share_the_cores(
    local: Local, monkeypatch: pytest.MonkeyPatch, parallel: int
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    run = tuned(local, DEPTH, strategy="Grid", jobs=None, parallel=parallel)
    for summary in children(local, run):
        log = (local.root / "jobs" / summary["TrainingJobName"] / "job.log").read_text()
        assert json.loads(log.splitlines()[0])["threads"] == str(8 // parallel)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_the_order_in_which_tries_end_changes_nothing(
    tmp_path: Path, runner: Any, strategy: str
) -> None:
    """One run lets the first try end first, the other the second, before both go on."""
    found = []
    for first, second in (("1", "2"), ("2", "1")):
        local = Local(tmp_path / first, runner)
        meeting = Meeting(local)
        script = Meeting.SCRIPT.replace(
            'given["--who"]', 'os.environ["TRAINING_JOB_NAME"].split("-")[-2].lstrip("0")'
        )
        item = tuning_step(
            local, RATE, script=script, static=meeting.static, strategy=strategy, jobs=6, parallel=2
        )
        run = local.start(definition(item))
        until(lambda meeting=meeting: meeting.running == {"1", "2"})
        meeting.go(first)
        until(lambda meeting=meeting, first=first: first not in meeting.running)
        meeting.go(second, *"3456")
        assert run.wait().status == "Succeeded", run.steps
        found.append(combinations(children(local, run)))
    assert found[0] == found[1]
    assert len({tried["rate"] for tried in found[0]}) == 6


@pytest.mark.slow
def test_a_seed_decides_what_a_tuning_job_tries(local: Local) -> None:
    def tried(seed: int) -> list[Json]:
        return combinations(children(local, tuned(local, RATE, RandomSeed=seed)))

    assert tried(1) == tried(1)
    assert tried(1) != tried(2)


@pytest.mark.slow
def test_tries_that_fail_count_and_the_others_go_on(local: Local) -> None:
    ends = categorical("end", "fails", "well", "silent", "nan")
    run = tuned(local, ends, DEPTH, strategy="Grid", jobs=None, parallel=2)
    assert run.status == "Succeeded", run.steps
    job, found = run.job("Tune"), children(local, run)
    assert counted(job) == {"Completed": 9, "NonRetryableError": 3, "succeeded": 3, "failed": 9}
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"end": "well", "depth": "2"}
    for summary in found:
        well = summary["TunedHyperParameters"]["end"] == "well"
        assert ("FinalHyperParameterTuningJobObjectiveMetric" in summary) == well
        assert summary["ObjectiveStatus"] == ("Succeeded" if well else "Failed")
    reasons = [summary["FailureReason"] for summary in found if "FailureReason" in summary]
    assert len(reasons) == 3
    assert all("too deep" in reason for reason in reasons)


@pytest.mark.slow
def test_five_failures_before_the_first_success_end_it(local: Local) -> None:
    run = tuned(local, RATE, jobs=50, static={"end": "fails"})
    assert run.status == "Failed"
    job, found = run.job("Tune"), children(local, run)
    assert len(found) == 5
    assert counted(job) == {"NonRetryableError": 5, "failed": 5}
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    expected = (
        "No training job succeeded after 5 attempts; the first, "
        f"{found[0]['TrainingJobName']}, failed: script.py exited with code 1: too deep"
    )
    assert job["FailureReason"].startswith(expected)
    assert run.reason("Tune").startswith(f"ClientError: {expected}")
    assert "BestTrainingJob" not in job


def test_fewer_failures_are_enough_if_they_are_all(local: Local) -> None:
    run = tuned(local, RATE, jobs=2, parallel=2, static={"end": "fails"})
    assert "No training job succeeded after 2 attempts" in run.reason("Tune")


def test_a_try_that_cannot_start_counts_as_failed(local: Local) -> None:
    run = tuned(local, RATE, jobs=2, channels={"train": "s3://sagemaker-local/not/there"})
    assert "failed: There is nothing at s3://sagemaker-local/not/there" in run.reason("Tune")
    assert counted(run.job("Tune")) == {"NonRetryableError": 2, "failed": 2}


@pytest.mark.parametrize("options", [{"static": {"end": "silent"}}, {"regex": "lost=(.*)"}])
def test_without_an_objective_the_metric_its_regex_and_a_log_are_named(
    local: Local, options: Json
) -> None:
    run = tuned(local, RATE, jobs=2, **options)
    assert run.status == "Failed"
    reason, found = run.reason("Tune"), children(local, run)
    assert counted(run.job("Tune")) == {"Completed": 2, "failed": 2}
    assert "printed the objective 'loss'" in reason
    assert repr(options.get("regex", r"loss=(\S+)")) in reason
    log = re.search(r"such as (.*)$", reason)
    assert log is not None
    assert Path(log[1]).read_text().startswith('{"given"')
    assert found[0]["TrainingJobName"] in log[1]


@pytest.mark.slow
def test_of_equals_the_first_try_is_the_best_whichever_ended_first(local: Local) -> None:
    kinds = categorical("kind", "a", "b")
    run = tuned(local, DEPTH, kinds, strategy="Grid", jobs=None, parallel=2)
    job = run.job("Tune")
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"depth": "2", "kind": "a"}
    assert "-003-" in job["BestTrainingJob"]["TrainingJobName"]
    found = tuning_trials.training_jobs(job, local.store)
    assert tuning_trials.best_first(job, found[::-1]) == tuning_trials.best_first(job, found)


@pytest.mark.slow
def test_the_log_has_a_line_for_each_try(local: Local) -> None:
    ends = categorical("end", "well", "silent", "fails")
    run = tuned(local, ends, categorical("depth", "2.5", "2"), strategy="Grid", jobs=None)
    names = [summary["TrainingJobName"] for summary in children(local, run)]
    lines = local.log(run, "Tune").splitlines()
    assert lines[:4] == [
        "1 of 6: loss 2.5 (best 2.5) end=well depth=2.5",
        "2 of 6: loss 2 (best 2) end=well depth=2",
        f"3 of 6: no loss in the log of {names[2]}, end=silent depth=2.5",
        f"4 of 6: no loss in the log of {names[3]}, end=silent depth=2",
    ]
    assert [line[:37] for line in lines[4:]] == [
        f"{number} of 6: failed: script.py exited with" [:37] for number in (5, 6)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("criteria", "objective", "count"),
    [
        ({"TargetObjectiveMetricValue": 2.0}, "Minimize", 2),
        ({"TargetObjectiveMetricValue": 9.0}, "Maximize", 3),
        ({"TargetObjectiveMetricValue": 1.5}, "Minimize", 8),
        ({"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}, "Minimize", 5),
        ({"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}, "Maximize", 6),
        ({"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}, "Minimize", 8),
    ],
)
@pytest.mark.slow
def test_completion_criteria_end_it_early(
    local: Local, criteria: Json, objective: str, count: int
) -> None:
    depths = ("5", "2", "9", "1.99", "9.05", "2.5", "8.9", "3")
    run = tuned(
        local,
        categorical("depth", *depths),
        strategy="Grid",
        jobs=None,
        objective=objective,
        TuningJobCompletionCriteria=criteria,
    )
    assert run.status == "Succeeded", run.steps
    tried = [combination["depth"] for combination in combinations(children(local, run))]
    assert tried == list(depths[:count])


def test_after_its_time_limit_no_further_try_starts(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 100_000, 50))
    monkeypatch.setattr(tuning_run, "monotonic", lambda: next(clock))
    step = tuning_step(local, RATE, strategy="Bayesian", jobs=50)
    limits = step["Arguments"]["HyperParameterTuningJobConfig"]["ResourceLimits"]
    limits["MaxRuntimeInSeconds"] = 300
    run = local.run(definition(step))
    assert run.status == "Succeeded", run.steps
    assert 1 <= len(children(local, run)) < 6
