"""The training jobs of a tuning job: their order, the best, and what lists say of them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.jobs.tuning import KIND

from engine.definitions import (
    Json,
    categorical,
)
from engine.local import Local
from engine.tunings import (
    DEPTH,
    RATE,
    children,
    combinations,
    listed,
    tuned,
)


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_completion_details_count_the_tries_that_did_not_improve(local: Local) -> None:
    run = tuned(local, categorical("depth", "5", "2", "9", "1.99"), strategy="Grid", jobs=None)
    details = run.job("Tune")["TuningJobCompletionDetails"]
    assert details == {"NumberOfTrainingJobsObjectiveNotImproving": 2}
