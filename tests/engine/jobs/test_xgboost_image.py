"""SageMaker's own XGBoost image: to the service an algorithm, whatever script runs in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.jobs import xgboost_image
from sagemaker_local.planning.plan import plan

from engine.definitions import (
    IMAGE,
    Json,
    continuous,
    definition,
    get,
    join,
    processing,
    training,
)
from engine.local import Local
from engine.tunings import children, counted, tuning_step, value

ETA = continuous("eta", 0, 1)
# XGBoost's own lines, as its tab and as the service's log have them, and some that are none.
TRY = """
import os, sys
eta = float(dict(zip(sys.argv[1::2], sys.argv[2::2]))["--eta"])
print("[0]#011train-rmse:9#011validation-rmse:9#011validation-r2:0.1")
print(f"[1]\\ttrain-rmse:1e-3\\tvalidation-rmse:{eta:.4f}")
print("validation-rmse:7")
print("#011validation-rmse:8 [2]")
print("[3]#011validation-rmse:high#011validation-loss:5")
open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w").write("x")
"""


def algorithm(**members: Any) -> Json:
    return {"TrainingInputMode": "File", "TrainingImage": IMAGE, **members}


def searched(local: Local, *ranges: Json, metric: str = "validation:rmse", **more: Any) -> Json:
    """A Tuning step of the image."""
    specification = {"AlgorithmSpecification": algorithm(**more)}
    item = tuning_step(local, *ranges, script=TRY, jobs=2, arguments=specification)
    config = item["Arguments"]["HyperParameterTuningJobConfig"]
    config["HyperParameterTuningJobObjective"]["MetricName"] = metric
    return item


@pytest.mark.slow  # the SDK takes seconds to import
@pytest.mark.parametrize("version", ["1", "0.90-2", "1.7-1", "3.2-0"])
@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "ap-south-2", "cn-north-1"])
def test_the_sdk_s_uris_of_the_image_are_known(region: str, version: str) -> None:
    from sagemaker.core import image_uris

    try:
        uri = image_uris.retrieve("xgboost", region, version=version)
    except ValueError:
        assert (region, version) == ("ap-south-2", "1")  # which that version never came to
        return
    assert xgboost_image.is_sagemakers(uri)
    assert xgboost_image.is_sagemakers(uri.partition(":")[0]), "the latest one"
    assert not xgboost_image.is_sagemakers("111122223333" + uri[12:]), "a copy in one's own account"


@pytest.mark.parametrize(
    "image",
    [
        None,
        "",
        get("Parameters.Image"),
        "sagemaker-xgboost:3.2-0",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost-own:3.2-0",
    ],
)
def test_other_images_are_not_it(image: Any) -> None:
    assert not xgboost_image.is_sagemakers(image)


def test_a_search_reads_the_algorithm_s_metrics_without_definitions(local: Local) -> None:
    run = local.run(definition(searched(local, ETA)))
    assert run.status == "Succeeded", run.steps
    assert counted(run.job("Tune")) == {"Completed": 2, "succeeded": 2}
    for summary in children(local, run):
        eta = float(summary["TunedHyperParameters"]["eta"])
        assert value(summary) == pytest.approx(eta, abs=1e-4)
        job = local.client.describe_training_job(TrainingJobName=summary["TrainingJobName"])
        found = {item["MetricName"]: item["Value"] for item in job["FinalMetricDataList"]}
        assert found == {
            "train:rmse": pytest.approx(0.001),
            "validation:rmse": pytest.approx(eta, abs=1e-4),
            "validation:r2": pytest.approx(0.1),
        }


def test_a_search_that_no_log_answers_says_what_line_it_wants(local: Local) -> None:
    run = local.run(definition(searched(local, ETA, metric="validation:auc")))
    reason = run.steps["Tune"]["FailureReason"]
    assert reason.endswith("has a line of XGBoost's such as [0]#011validation-auc:0.5")


@pytest.mark.parametrize(
    ("step", "refused"),
    [
        (
            {"MetricDefinitions": [{"Name": "validation:rmse", "Regex": "rmse=(.*)"}]},
            ["You can't override the metric definitions for Amazon SageMaker algorithms"],
        ),
        ({"metric": "validation:r2"}, ["is 'validation:r2', which is no metric of SageMaker's"]),
        ({"metric": "train:rmse"}, ["is 'train:rmse', which is no metric of SageMaker's"]),
        (
            {"ranges": ["max-depth", "kind"]},
            ["has 'max-depth', which SageMaker's XGBoost", "has 'kind', which"],
        ),
        (
            {"metric": "rmse", "ranges": ["rounds"]},
            ["is 'rmse', which is no metric", "has 'rounds', which"],
        ),
        ({"ranges": ["alpha", "lambda", "num_round", "colsample_bynode"]}, []),
    ],
)
def test_what_the_service_takes_for_no_algorithm_is_refused(
    local: Local, step: Json, refused: list[str]
) -> None:
    ranges = [continuous(name, 1, 2) for name in step.pop("ranges", ["eta"])]
    text = definition(searched(local, *ranges, **step))
    if not refused:
        assert plan(text, {}).refusals == ()
        return
    with pytest.raises(ClientError) as error:
        local.start(text)
    assert all(sentence in str(error.value) for sentence in refused)


def test_a_training_step_s_metrics_need_no_definition(local: Local) -> None:
    train = training("Train", {"code": "s3://b/code", "sm_drivers": "s3://b/drivers"})
    metric = get("Steps.Train.FinalMetricDataList['validation:rmse'].Value")
    last = processing("Last", "s3://b/code", arguments=[join("", metric)])
    assert plan(definition(train, last), {}).refusals == ()
    wrong = get("Steps.Train.FinalMetricDataList['validation:rmse'].Worth")
    last = processing("Last", "s3://b/code", arguments=[join("", wrong)])
    (refusal,) = plan(definition(train, last), {}).refusals
    assert "has no property 'Worth' there" in str(refusal)


CASES = Path(__file__).resolve().parents[4] / "shared" / "cases" / "service-rules"


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
@pytest.mark.parametrize("file", sorted(CASES.glob("03*.json")), ids=lambda file: file.stem)
def test_cases_of_what_the_service_refused(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert json.loads(text)["Steps"]
    assert "override the metric definitions" in str(plan(text, {}))
