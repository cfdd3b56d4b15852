"""Tuning jobs: the training jobs that they start, and what refers to the best of them."""

from __future__ import annotations

import json
import re

import pytest
from botocore.exceptions import ClientError
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
)
from engine.local import Local
from engine.tunings import (
    DEPTH,
    RATE,
    children,
    counted,
    tuned,
    tuning_step,
    value,
)


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
@pytest.mark.slow
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
    static = job["TrainingJobDefinition"]["StaticHyperParameters"]
    config = job["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    assert static["_tuning_objective_metric"] == config["MetricName"]
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


@pytest.mark.slow
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
        with pytest.raises(ClientError, match=expected):
            local.run(text, bad)
