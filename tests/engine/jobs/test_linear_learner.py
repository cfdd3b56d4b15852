"""SageMaker's Linear Learner, with a linear model of scikit-learn: trained, tuned, served."""

from __future__ import annotations

import json
import tarfile
from importlib import util
from typing import Any

import pytest
from sagemaker_local.definition.document import parse
from sagemaker_local.planning import notices
from sagemaker_local.planning.checks import check

from engine.definitions import (
    Json,
    artifacts_of,
    continuous,
    definition,
    get,
    model,
    training,
    transform,
    tuning,
    tuning_config,
)
from engine.hosting import hosting, variant
from engine.local import Local

IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1"
GIVEN = {"predictor_type": "regressor", "mini_batch_size": "20", "epochs": "5"}
ROWS = [(2 * (i % 7) - (i % 3) + 1, i % 7, i % 3) for i in range(60)]
CSV = "".join(f"{label},{first},{second}\n" for label, first, second in ROWS)


def step(local: Local, image: str = IMAGE, **given: str) -> Json:
    data = {name: local.put(CSV, f"data/{name}/rows") for name in ("train", "validation")}
    made = training("Train", data, hyperparameters={**GIVEN, **given})
    made["Arguments"]["AlgorithmSpecification"]["TrainingImage"] = image
    for channel in made["Arguments"]["InputDataConfig"]:
        channel["ContentType"] = "text/csv"
    return made


def told(*steps: Json) -> list[str]:
    return [refusal.what for refusal in check(parse(definition(*steps)))]


@pytest.mark.slow
def test_it_is_trained_tuned_and_answers_jobs_and_requests(local: Local, tmp_path: Any) -> None:
    train = step(local)
    jobs = json.loads(json.dumps(train["Arguments"]))
    jobs["StaticHyperParameters"] = jobs.pop("HyperParameters")
    config = tuning_config(continuous("wd", 1e-7, 1, "Logarithmic"), jobs=2, parallel=2)
    objective = {"Type": "Minimize", "MetricName": "validation:mse"}
    config["HyperParameterTuningJobObjective"] = objective
    tune = tuning("Tune", config, {})
    tune["Arguments"]["TrainingJobDefinition"] = jobs
    made = model("Make", artifacts_of("Train"))
    made["Arguments"]["PrimaryContainer"]["Image"] = IMAGE
    local.put("3,1\n0,2\n", "records/a.csv")
    scores = transform(
        "Score",
        get("Steps.Make.ModelName"),
        "s3://sagemaker-local/records",
        "s3://b/scores",
        source={"ContentType": "text/csv", "SplitType": "Line"},
        target={"AssembleWith": "Line"},
    )
    run = local.run(definition(train, tune, made, scores))
    assert run.status == "Succeeded", run.steps
    job = run.job("Train")
    found = {each["MetricName"]: each["Value"] for each in job["FinalMetricDataList"]}
    assert found["validation:mse"] < 0.01
    assert "train:objective_loss" in found
    assert "A linear model of scikit-learn" in local.log(run, "Train")
    best = run.job("Tune")["BestTrainingJob"]
    metric = best["FinalHyperParameterTuningJobObjectiveMetric"]
    assert (metric["MetricName"], metric["Value"] < 1) == ("validation:mse", True)
    lines = local.read("s3://b/scores/a.csv.out").splitlines()
    assert [json.loads(line)["score"] for line in lines] == pytest.approx([6, -1], abs=0.05)

    archive = local.bucket.existing(job["ModelArtifacts"]["S3ModelArtifacts"])
    with tarfile.open(archive) as tar:
        assert [name for name in tar.getnames() if name != "."] == ["linear-learner.json"]
    with hosting(tmp_path / "served", local.runner) as hosted:
        uri = hosted.local.put(archive.read_bytes(), "m/model.tar.gz")
        container = {"Image": IMAGE, "ModelDataUrl": uri}
        hosted.client.create_model(ModelName="m", PrimaryContainer=container)
        hosted.create("e", variant("m"))
        answer, _ = hosted.invoke("e", "3,1", Accept="application/json")
        assert json.loads(answer)["predictions"][0]["score"] == pytest.approx(6, abs=0.05)


@pytest.mark.parametrize(
    ("given", "refused"),
    [
        ({"predictor_type": "ranker"}, "predictor_type: ranker is not in"),
        ({"loss": "hinge_loss"}, "loss: hinge_loss is none of a regressor's"),
        ({"eta": "0.1"}, "Extraneous hyperparameter found: eta"),
    ],
)
def test_what_it_does_not_take_is_refused_before_the_first_step(
    local: Local, given: dict[str, str], refused: str
) -> None:
    (what,) = told(step(local, **given))
    assert what.startswith("it has no script, and SageMaker's Linear Learner algorithm does not")
    assert refused in what


def test_its_channels_metrics_and_ranges_are_asked(local: Local) -> None:
    made = step(local)
    made["Arguments"]["InputDataConfig"][0].update(ChannelName="rows", ContentType="text/libsvm")
    assert [what.partition("take it: ")[2] for what in told(made)] == [
        "Missing required channel: train",
        "Extraneous channel found: rows",
    ]
    jobs = step(local)["Arguments"]
    jobs["StaticHyperParameters"] = jobs.pop("HyperParameters")
    made = tuning("Tune", tuning_config(continuous("eta", 0.1, 1)), {})
    made["Arguments"]["TrainingJobDefinition"] = jobs
    extraneous, objective, varied = told(made)
    assert "'loss', which is no metric of SageMaker's Linear Learner algorithm" in objective
    assert "'eta', which SageMaker's Linear Learner algorithm cannot tune" in varied
    assert "Extraneous hyperparameter found: eta" in extraneous


def test_a_notice_says_whose_model_it_is(local: Local) -> None:
    sentences = notices.sentences(parse(definition(step(local))))
    (said,) = [sentence for sentence in sentences if "Linear Learner" in sentence]
    assert "is a linear model of scikit-learn here, not of SageMaker's optimizer" in said
    assert "SageMaker cannot serve its model.tar.gz" in said


def test_without_scikit_learn_it_is_refused(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    found = util.find_spec
    monkeypatch.setattr(
        "sagemaker_local.jobs.built_in.find_spec",
        lambda name: None if name == "sklearn" else found(name),
    )
    (what,) = told(step(local))
    assert what.endswith(
        "runs here with scikit-learn, which is not installed; install scikit-learn"
    )


@pytest.mark.parametrize("name", ["kmeans", "blazingtext", "pca", "forecasting-deepar"])
def test_every_other_algorithm_is_refused_by_its_name(local: Local, name: str) -> None:
    account = {"blazingtext": "811284229777", "forecasting-deepar": "522234722520"}
    image = f"{account.get(name, '382416733822')}.dkr.ecr.us-east-1.amazonaws.com/{name}:1"
    (what,) = told(step(local, image))
    assert f"it has no script, and the built-in algorithm {name} needs Docker" in what
