"""Tuning jobs: the training jobs that they start, the best of them, and what refers to it."""

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
from sagemaker_local.jobs.tuning import KIND
from sagemaker_local.names import tuning_job_name

from engine.definitions import (
    Json,
    best_model_of,
    categorical,
    continuous,
    definition,
    get,
    integer,
    join,
    model,
    parameter,
    processing,
    step,
    tuning,
    tuning_config,
)
from engine.local import Local, Run, until

# The loss is the sum of the numbers; what is no number decides how a try ends.
TRY = """
import json, os, sys
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
print(json.dumps({"given": given, "threads": os.environ.get("OMP_NUM_THREADS")}))
if given.get("--end") == "fails":
    sys.exit("too deep")
if given.get("--end") != "silent":
    numbers = (given.get(name) for name in ("--rate", "--depth"))
    loss = sum(float(number) for number in numbers if number)
    print("loss=99")
    print(f"loss={'nan' if given.get('--end') == 'nan' else loss}")
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w") as file:
    file.write(json.dumps(given))
"""
RATE = continuous("rate", 0, 1)
DEPTH = categorical("depth", "5", "2", "9")


def tuned(local: Local, *ranges: Json, script: str = TRY, **options: Any) -> Run:
    """Run a pipeline of one tuning step."""
    return local.run(definition(tuning_step(local, *ranges, script=script, **options)))


def tuning_step(local: Local, *ranges: Json, script: str = TRY, **options: Any) -> Json:
    static = {**local.submitted(script), **options.pop("static", {})}
    passed = {key: options.pop(key) for key in ("regex", "channels", "arguments") if key in options}
    return tuning("Tune", tuning_config(*ranges, **options), static, **passed)


def listed(local: Local, job: Json, **request: Any) -> list[Json]:
    """The tuning job's training jobs, by name."""
    pages = local.client.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job")
    name = job["HyperParameterTuningJobName"]
    found = pages.paginate(HyperParameterTuningJobName=name, **request).build_full_result()
    return found["TrainingJobSummaries"]


def children(local: Local, run: Run) -> list[Json]:
    return listed(local, run.job("Tune"))


def combinations(summaries: list[Json]) -> list[Json]:
    return [summary["TunedHyperParameters"] for summary in summaries]


def value(summary: Json) -> float:
    return summary["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]


def counted(job: Json) -> dict[str, int]:
    """The counters that are not 0, those of the objective in small letters."""
    found = job["TrainingJobStatusCounters"]
    found |= {name.lower(): count for name, count in job["ObjectiveStatusCounters"].items()}
    return {name: count for name, count in found.items() if count}


@pytest.mark.parametrize(
    ("strategy", "ranges", "jobs"),
    [
        ("Random", (RATE, integer("depth", 1, 9), categorical("kind", "a", "b")), 4),
        ("Bayesian", (RATE, integer("depth", 1, 9), categorical("kind", "a", "b")), 5),
        ("Grid", (DEPTH, categorical("kind", "a", "b")), 6),
    ],
)
@pytest.mark.parametrize("objective", ["Minimize", "Maximize"])
@pytest.mark.parametrize("parallel", [1, 2])
def test_a_tuning_job_tries_and_knows_the_best(
    local: Local,
    strategy: str,
    ranges: tuple[Json, ...],
    jobs: int,
    objective: str,
    parallel: int,
) -> None:
    limit = None if strategy == "Grid" else jobs
    options: Json = {"strategy": strategy, "objective": objective, "parallel": parallel}
    run = tuned(local, *ranges, jobs=limit, **options)
    assert run.status == "Succeeded", run.steps
    job, found = run.job("Tune"), children(local, run)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert counted(job) == {"Completed": jobs, "succeeded": jobs}
    limits = job["HyperParameterTuningJobConfig"]["ResourceLimits"]
    assert limits["MaxNumberOfTrainingJobs"] == jobs == len(found)
    for summary in found:
        numbers = (summary["TunedHyperParameters"].get(name, 0) for name in ("rate", "depth"))
        assert value(summary) == pytest.approx(sum(map(float, numbers)), rel=1e-6)
    best = (min if objective == "Minimize" else max)(found, key=value)
    assert job["BestTrainingJob"] == best
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["Type"] == objective
    assert {summary["ObjectiveStatus"] for summary in found} == {"Succeeded"}
    assert run.steps["Tune"]["Metadata"] == {
        "TuningJob": {"Arn": job["HyperParameterTuningJobArn"]}
    }


def test_a_try_is_a_training_job_with_static_and_tuned_hyperparameters(local: Local) -> None:
    data = local.put("1", "data/train.csv")
    run = tuned(
        local, RATE, jobs=1, static={"rounds": "7", "kind": '"x"'}, channels={"train": data}
    )
    job, (summary,) = run.job("Tune"), children(local, run)
    name = summary["TrainingJobName"]
    child = local.client.describe_training_job(TrainingJobName=name)
    assert child["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    hyperparameters = child["HyperParameters"]
    rate = summary["TunedHyperParameters"]["rate"]
    assert {k: v for k, v in hyperparameters.items() if not k.startswith("sagemaker_")} == {
        "rounds": "7",
        "kind": '"x"',
        "rate": rate,
        "_tuning_objective_metric": "loss",
    }
    assert summary["TunedHyperParameters"] == {"rate": rate}
    assert [metric["MetricName"] for metric in child["FinalMetricDataList"]] == ["loss"]
    assert child["ModelArtifacts"]["S3ModelArtifacts"] == (
        f"s3://sagemaker-local/models/{name}/output/model.tar.gz"
    )
    log = (local.root / "jobs" / name / "job.log").read_text(encoding="utf-8")
    given = json.loads(log.splitlines()[0])["given"]
    assert given == {"--kind": "x", "--rate": rate, "--rounds": "7"}
    assert (local.root / "jobs" / name / "ml/input/data/train/train.csv").read_text() == "1"


@pytest.mark.parametrize("name", ["T", "Tune", "Tune_the-model-over-night", "-_-", "a" * 64])
def test_names_of_tuning_jobs_leave_room_for_their_tries(local: Local, name: str) -> None:
    found = tuning_job_name("abcdefghijkl", name)
    assert len(found) <= 32
    assert re.fullmatch(r"abcdefghijkl-.{0,8}-[a-z0-9]{10}", found)
    assert tuning_job_name("abcdefghijkl", name) != found


def test_tries_are_numbered(local: Local) -> None:
    run = tuned(local, RATE, jobs=3)
    name = run.job("Tune")["HyperParameterTuningJobName"]
    execution = run.arn.rsplit("/", 1)[-1]
    assert re.fullmatch(rf"{execution}-Tune-[a-z0-9]{{10}}", name)
    numbers = [
        re.fullmatch(rf"{name}-(\d{{3}})-[0-9a-f]{{8}}", summary["TrainingJobName"])
        for summary in children(local, run)
    ]
    assert [match and match[1] for match in numbers] == ["001", "002", "003"]


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


def test_a_seed_decides_what_a_tuning_job_tries(local: Local) -> None:
    def tried(seed: int) -> list[Json]:
        return combinations(children(local, tuned(local, RATE, RandomSeed=seed)))

    assert tried(1) == tried(1)
    assert tried(1) != tried(2)


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


def test_of_equals_the_first_try_is_the_best_whichever_ended_first(local: Local) -> None:
    kinds = categorical("kind", "a", "b")
    run = tuned(local, DEPTH, kinds, strategy="Grid", jobs=None, parallel=2)
    job = run.job("Tune")
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"depth": "2", "kind": "a"}
    assert "-003-" in job["BestTrainingJob"]["TrainingJobName"]
    found = tuning_trials.training_jobs(job, local.store)
    assert tuning_trials.best_first(job, found[::-1]) == tuning_trials.best_first(job, found)


def test_later_steps_use_the_best_models(local: Local) -> None:
    show = local.code(
        "import sys, tarfile\nprint(tarfile.open(sys.argv[1]).extractfile('model.txt').read())"
    )
    after = processing(
        "After",
        show,
        inputs={"model": best_model_of("Tune")},
        arguments=["/opt/ml/processing/input/model/model.tar.gz"],
    )
    best = get("Steps.Tune.BestTrainingJob.TrainingJobName")
    words = [
        best,
        get("Steps.Tune.TrainingJobSummaries[0].TrainingJobName"),
        get("Steps.Tune.TrainingJobSummaries[0].TunedHyperParameters.depth"),
        get("Steps.Tune.TrainingJobSummaries[2].TunedHyperParameters.depth"),
        get("Steps.Tune.BestTrainingJob.FinalHyperParameterTuningJobObjectiveMetric.Value"),
        get("Steps.Tune.TrainingJobStatusCounters.Completed"),
        get("Steps.Tune.HyperParameterTuningJobName"),
    ]
    said = processing("Said", local.code("import sys; print(sys.argv[1])"),
                      arguments=[join(" ", *words)])  # fmt: skip
    item = tuning_step(local, DEPTH, strategy="Grid", jobs=None)
    run = local.run(
        definition(
            item,
            model("Best", best_model_of("Tune")),
            model("Second", best_model_of("Tune", 1)),
            after,
            said,
        )
    )
    assert run.status == "Succeeded", run.steps
    by_depth = {
        s["TunedHyperParameters"]["depth"]: s["TrainingJobName"] for s in children(local, run)
    }
    for name, depth in (("Best", "2"), ("Second", "5")):
        arn = run.steps[name]["Metadata"]["Model"]["Arn"]
        created = local.client.describe_model(ModelName=arn.rsplit("/", 1)[-1])
        uri = f"s3://sagemaker-local/models/{by_depth[depth]}/output/model.tar.gz"
        assert created["PrimaryContainer"]["ModelDataUrl"] == uri
    assert local.log(run, "After") == 'b\'{"--depth": "2"}\'\n'
    name = run.job("Tune")["HyperParameterTuningJobName"]
    expected = f"{by_depth['2']} {by_depth['2']} 2 9 2.0 3 {name}\n"
    assert local.log(run, "Said") == expected


def test_a_model_that_is_not_there_fails_the_step_that_wants_it(local: Local) -> None:
    item = tuning_step(local, DEPTH, strategy="Grid", jobs=None)
    run = local.run(definition(item, model("Fourth", best_model_of("Tune", 3))))
    assert run.statuses == {"Tune": "Succeeded", "Fourth": "Failed"}
    assert "TrainingJobSummaries[3]" in run.reason("Fourth")


def test_what_later_steps_see_is_made_of_what_is_stored(local: Local, runner: Any) -> None:
    run = tuned(local, DEPTH, strategy="Grid", jobs=None, parallel=3)
    later = Local(local.root, runner)
    found = KIND.properties(run.job("Tune"), later.store)
    (ranked,) = found.values()
    assert list(found) == ["TrainingJobSummaries"]
    assert combinations(ranked) == [{"depth": depth} for depth in ("2", "5", "9")]


def test_at_most_fifty_models_can_be_referred_to(local: Local) -> None:
    job = tuned(local, RATE, jobs=1).job("Tune")
    (child,) = listed(local, job)
    stored = local.store.resource("training-job", child["TrainingJobName"])
    assert stored is not None
    for number in range(60):
        name = f"other-{number:03d}"
        local.store.add_resource("training-job", name, {**stored, "TrainingJobName": name})
    assert len(KIND.properties(job, local.store)["TrainingJobSummaries"]) == 50


def test_tries_are_listed_in_every_order(local: Local) -> None:
    ends = categorical("end", "well", "fails")
    run = tuned(local, ends, DEPTH, strategy="Grid", jobs=None, objective="Maximize")
    job = run.job("Tune")

    def depths(**request: Any) -> list[str]:
        found = listed(local, job, **request)
        return [
            s["TunedHyperParameters"]["end"][0] + s["TunedHyperParameters"]["depth"] for s in found
        ]

    by_name = ["w5", "w2", "w9", "f5", "f2", "f9"]
    assert depths() == depths(SortBy="Name", SortOrder="Ascending") == by_name
    assert depths(SortBy="CreationTime", SortOrder="Descending") == by_name[::-1]
    assert depths(SortBy="FinalObjectiveMetricValue") == ["w2", "w5", "w9"]
    by_value: Json = {"SortBy": "FinalObjectiveMetricValue", "SortOrder": "Descending"}
    assert depths(**by_value) == ["w9", "w5", "w2"]
    assert depths(**by_value, StatusEquals="Failed") == []
    assert depths(StatusEquals="Failed") == ["f5", "f2", "f9"]
    assert [word[0] for word in depths(SortBy="Status")] == list("wwwfff")
    assert depths(PaginationConfig={"PageSize": 4}) == by_name
    name = job["HyperParameterTuningJobName"]
    page = local.client.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, MaxResults=4
    )
    assert len(page["TrainingJobSummaries"]) == 4
    assert "NextToken" in page


def test_tries_of_other_tuning_jobs_are_not_listed(local: Local) -> None:
    runs = [tuned(local, RATE, jobs=2) for _ in range(2)]
    names = [{s["TrainingJobName"] for s in children(local, run)} for run in runs]
    assert [len(found) for found in names] == [2, 2]
    assert not names[0] & names[1]
    assert len(local.client.list_training_jobs()["TrainingJobSummaries"]) == 4


def test_tuning_jobs_are_listed(local: Local) -> None:
    good, bad = tuned(local, RATE, jobs=1), tuned(local, RATE, jobs=1, static={"end": "fails"})
    names = [run.job("Tune")["HyperParameterTuningJobName"] for run in (good, bad)]

    def found(**request: Any) -> list[Json]:
        return local.client.list_hyper_parameter_tuning_jobs(**request)[
            "HyperParameterTuningJobSummaries"
        ]

    assert [s["HyperParameterTuningJobName"] for s in found()] == sorted(names)
    (completed,) = found(StatusEquals="Completed")
    assert completed["HyperParameterTuningJobName"] == names[0]
    assert completed["Strategy"] == "Random"
    assert completed["TrainingJobStatusCounters"]["Completed"] == 1
    assert completed["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 1
    (failed,) = found(NameContains=names[1].split("-")[0])
    assert failed["HyperParameterTuningJobStatus"] == "Failed"


def test_an_unknown_tuning_job_is_not_found(local: Local) -> None:
    for method in (
        local.client.describe_hyper_parameter_tuning_job,
        local.client.list_training_jobs_for_hyper_parameter_tuning_job,
    ):
        with pytest.raises(ClientError, match="ResourceNotFound"):
            method(HyperParameterTuningJobName="none")


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


def test_completion_details_count_the_tries_that_did_not_improve(local: Local) -> None:
    run = tuned(local, categorical("depth", "5", "2", "9", "1.99"), strategy="Grid", jobs=None)
    details = run.job("Tune")["TuningJobCompletionDetails"]
    assert details == {"NumberOfTrainingJobsObjectiveNotImproving": 2}


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


def test_limits_ranges_and_hyperparameters_may_be_expressions(local: Local) -> None:
    depth = {
        "CategoricalParameterRanges": [
            {"Name": get("Parameters.Name"), "Values": [join("", get("Parameters.Depth"))]}
        ]
    }
    item = tuning_step(
        local,
        continuous("rate", 0, get("Parameters.High"), get("Parameters.Scale")),
        depth,
        jobs=get("Parameters.Jobs"),
        parallel=get("Parameters.Jobs"),
        strategy=get("Parameters.Strategy"),
        static={"rounds": get("Parameters.High")},
    )
    text = definition(
        item,
        parameters=[
            parameter("Name", "String", "depth"),
            parameter("Depth", "Integer", 3),
            parameter("High", "String", "0.5"),
            parameter("Scale", "String", "Linear"),
            parameter("Jobs", "Integer", 2),
            parameter("Strategy", "String", "Bayesian"),
        ],
    )
    run = local.run(text, {"High": "0.25"})
    assert run.status == "Succeeded", run.steps
    found = children(local, run)
    assert len(found) == 2
    for summary in found:
        assert summary["TunedHyperParameters"]["depth"] == "3"
        assert 0 <= float(summary["TunedHyperParameters"]["rate"]) <= 0.25
    for bad, expected in (
        ({"Scale": "Logarithmic"}, "Logarithmic scaling takes values above 0 only"),
        ({"Strategy": "Hyperband"}, "the strategy Hyperband is not run locally"),
        ({"Strategy": "Guess"}, "not one of Bayesian"),
    ):
        failed = local.run(text, bad)
        assert failed.status == "Failed"
        assert expected in failed.reason("Tune")


STATIC = {"sagemaker_program": "a.py", "sagemaker_submit_directory": "s3://b/sourcedir.tar.gz"}
RANDOM = tuning_config(RATE)


def without(item: Json, name: str) -> Json:
    return {key: value for key, value in item.items() if key != name}


REFUSED = [
    (tuning("T", tuning_config(RATE, strategy="Hyperband"), STATIC), "Hyperband"),
    (tuning("T", tuning_config(RATE, strategy="Guess"), STATIC), "is 'Guess', which is not one of"),
    (tuning("T", RANDOM, {}), "it has no script"),
    (tuning("T", RANDOM, STATIC | {"rate": "1"}), "rate has a range, and is one of the Static"),
    (tuning("T", RANDOM, STATIC, regex="loss=("), "no regular expression"),
    (tuning("T", RANDOM, STATIC, channels={"x": "s3://b/x"}, arguments={"InputDataConfig": [
        {"ChannelName": "x", "DataSource": {"S3DataSource": {
            "S3DataType": "ManifestFile", "S3Uri": "s3://b/x"}}}]}), "data type ManifestFile"),
    (tuning("T", without(RANDOM, "HyperParameterTuningJobObjective"), STATIC), "no Hyper"),
    (tuning("T", RANDOM, STATIC, arguments={"AlgorithmSpecification": {
        "TrainingInputMode": "File"}}), "the objective 'loss' is not among the MetricDefinitions"),
    (tuning("T", RANDOM, STATIC, arguments={"TuningObjective": {
        "Type": "Minimize", "MetricName": "loss"}}), "TuningObjective of a TrainingJobDefinition"),
    (tuning("T", RANDOM, STATIC, arguments={"HyperParameterRanges": {}}), "HyperParameterRanges"),
    (step("T", "Tuning", {"HyperParameterTuningJobConfig": RANDOM}), "no TrainingJobDefinition"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "expected"), REFUSED)
def test_what_cannot_be_tuned_is_refused_before_anything_runs(
    local: Local, item: Json, expected: str
) -> None:
    with pytest.raises(ClientError, match=re.escape(expected)):
        local.start(definition(processing("First", "s3://sagemaker-local/code"), item))
    assert not (local.root / "jobs").exists()


@pytest.mark.parametrize("member", ["WarmStartConfig", "TrainingJobDefinitions", "Autotune"])
def test_other_ways_to_tune_are_refused(local: Local, member: str) -> None:
    item = tuning("T", RANDOM, STATIC)
    item["Arguments"][member] = {}
    with pytest.raises(ClientError, match=f"the argument {member} is not run locally"):
        local.start(definition(item))


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("TrainingJobSummaries[0].Name", "Name"),
        ("BestTrainingJobs.TrainingJobName", "BestTrainingJobs"),
        ("NextToken", "NextToken"),
    ],
)
def test_a_property_that_a_tuning_step_has_not_is_refused(
    local: Local, path: str, missing: str
) -> None:
    after = model("After", get(f"Steps.T.{path}"))
    with pytest.raises(ClientError, match=f"a Tuning step has no property '{missing}' there"):
        local.start(definition(tuning("T", RANDOM, STATIC), after))
