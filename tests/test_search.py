"""Notebook 03 searches for hyperparameters."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import LocalState, Run, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]


def test_the_best_model_of_a_repeatable_search_goes_on(project: Path, run: Run) -> None:
    parameters: dict[str, Any] = {
        "sample_rows": 1500,
        "tune": True,
        "tune_jobs": 5,
        "tune_parallel": 2,
    }
    ran = run_notebook(run, project, **parameters).succeeded()
    assert "The search: Minimize validation:rmse; the gate looks at r2." in ran.output

    state = LocalState(project)
    client = state.session.sagemaker_client
    arn = state.steps()["Tune"]["Metadata"]["TuningJob"]["Arn"]
    name = arn.rpartition("/")[2]
    job = client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    assert job["TrainingJobStatusCounters"]["Completed"] == 5
    assert job["TrainingJobDefinition"]["Environment"] == {"PIP_NO_BUILD_ISOLATION": "0"}
    listed = client.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name
    )
    values = {
        item["TrainingJobName"]: item["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        for item in listed["TrainingJobSummaries"]
    }
    assert len(set(values.values())) > 1, "the search tried different hyperparameters"
    (objective,) = {
        (item["MetricName"], item["Type"])
        for summary in listed["TrainingJobSummaries"]
        for item in [summary["FinalHyperParameterTuningJobObjectiveMetric"]]
    }
    assert objective == ("validation:rmse", "Minimize"), "r2 is none of the algorithm's metrics"
    best = min(values, key=values.__getitem__)
    assert job["BestTrainingJob"]["TrainingJobName"] == best

    (package,) = state.packages()
    container = package["InferenceSpecification"]["Containers"][0]
    assert f"/{best}/output/model.tar.gz" in container["ModelDataUrl"]
    assert "Train" not in state.steps()

    run_notebook(run, project, cache=False, **parameters).succeeded()
    again = state.steps()["Tune"]["Metadata"]["TuningJob"]["Arn"].rpartition("/")[2]
    assert again != name
    assert tuned(client, again) == tuned(client, name), "a search is repeatable"


def tuned(client: Any, name: str) -> list[dict[str, str]]:
    """The hyperparameters that a search tried, in the order of its trials."""
    listed = client.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, SortBy="Name"
    )
    return [item["TunedHyperParameters"] for item in listed["TrainingJobSummaries"]]
