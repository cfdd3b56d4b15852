"""SageMaker's XGBoost algorithm, without a script: trained, tuned, served, and its words."""

from __future__ import annotations

import io
import json
import re
import tarfile
from typing import Any

import pytest
import xgboost
from sagemaker_local.definition.document import parse
from sagemaker_local.planning.checks import check

from engine.definitions import (
    IMAGE,
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
from engine.local import Local, Run
from engine.transforms import container

pytestmark = pytest.mark.slow

SKLEARN = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
GIVEN = {"objective": "reg:squarederror", "num_round": "4", "max_depth": "2", "eta": "0.5"}
ROWS = [(0.5 * (i % 7) + (i % 3), i % 7, i % 3) for i in range(60)]
CSV = "".join(f"{label},{first},{second}\n" for label, first, second in ROWS)
LIBSVM = "".join(f"{label} 1:{first} 2:{second}\n" for label, first, second in ROWS)


def data(local: Local, text: str = CSV) -> dict[str, Any]:
    return {name: local.put(text, f"data/{name}/rows") for name in ("train", "validation")}


def step(local: Local, text: str = CSV, kind: str | None = "text/csv", **given: str) -> Json:
    made = training("Train", data(local, text), hyperparameters={**GIVEN, **given})
    for channel in made["Arguments"]["InputDataConfig"]:
        channel.pop("ContentType", None)
        if kind:
            channel["ContentType"] = kind
    return made


def trained(local: Local, *options: Any, **given: str) -> Run:
    return local.run(definition(step(local, *options, **given)))


def left(local: Local, run: Run) -> bytes:
    """The only file of the model's archive."""
    uri = run.job("Train")["ModelArtifacts"]["S3ModelArtifacts"]
    with tarfile.open(local.bucket.existing(uri)) as tar:
        (name,) = [each for each in tar.getnames() if each != "."]
        assert name == "xgboost-model"
        file = tar.extractfile(name)
        assert file is not None
        return file.read()


def test_its_metrics_are_read_from_its_log(local: Local) -> None:
    run = trained(local, eval_metric="mae,r2,rmsle")
    values = {each["MetricName"]: each["Value"] for each in run.job("Train")["FinalMetricDataList"]}
    listed = run.job("Train")["AlgorithmSpecification"]["MetricDefinitions"]
    regexes = {each["Name"]: each["Regex"] for each in listed}
    log = local.log(run, "Train").replace("\t", "#011").splitlines()
    found = [match[1] for line in log if (match := re.match(regexes["validation:mae"], line))]
    assert float(found[-1]) == values["validation:mae"]
    names = {
        f"{part}:{name}" for part in ("train", "validation") for name in ("mae", "r2", "rmsle")
    }
    assert set(values) >= names
    assert 0.5 < values["validation:r2"] <= 1
    assert "[3]\ttrain-" in local.log(run, "Train")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"eta": "3"}, "Hyperparameter eta: 3.0 is not in [0, 1]"),
        ({"subsample": "0"}, "Hyperparameter subsample: 0.0 is not in (0, 1]"),
        ({"max_depth": "deep"}, "Hyperparameter max_depth: could not parse value (caused by Va"),
        ({"trees": "3"}, "Extraneous hyperparameter found: trees"),
        ({"silent": "0"}, "Extraneous hyperparameter found: silent"),
        ({"eval_metric": "rmse,loss"}, "Hyperparameter eval_metric: value ['rmse', 'loss'] not in"),
        ({"eval_metric": "auc"}, "Metric 'auc' can only be applied for classification and ranking"),
        ({"objective": "multi:softmax"}, "Require input for parameter 'num_class' for multi-class"),
        ({"tree_method": "gpu_hist"}, "training on GPUs is not run locally; give tree_method hist"),
    ],
)
def test_a_hyperparameter_is_refused_in_its_images_words(
    local: Local, given: dict[str, str], told: str
) -> None:
    (refusal,) = check(parse(definition(step(local, **given))))
    assert told in refusal.what


def test_what_is_missing_is_refused_in_its_images_words(local: Local) -> None:
    made = step(local)
    made["Arguments"]["HyperParameters"].pop("num_round")
    made["Arguments"]["InputDataConfig"][0]["ChannelName"] = "training"
    told = [refusal.what for refusal in check(parse(definition(made)))]
    assert [words.partition("says: ")[2] for words in told] == [
        "Missing required hyperparameter: num_round",
        "Missing required channel: train",
        "Extraneous channel found: training",
    ]


def test_a_value_that_only_a_run_has_is_asked_then(local: Local) -> None:
    made = step(local, eta=get("Execution.PipelineName"))  # type: ignore[arg-type]
    assert check(parse(definition(made))) == []
    run = local.run(definition(made))
    assert "Hyperparameter eta: could not parse value" in run.reason("Train")


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("application/json", "application/json is not an accepted ContentType: csv, libsvm, parq"),
        ("text/csv; label_size=2", "Optional parameter label_size must be equal to 1"),
    ],
)
def test_a_content_type_is_refused_before_the_first_step(
    local: Local, kind: str, told: str
) -> None:
    (refusal,) = check(parse(definition(step(local, kind=kind))))
    assert told in refusal.what


def test_a_header_fails_in_words(local: Local) -> None:
    run = trained(local, f"price,a,b\n{CSV}", "text/csv")
    assert run.status == "Failed"
    assert "the algorithm takes CSV without a header, the label first" in run.reason("Train")


def test_hosts_train_one_model_of_their_shares_and_one_without_data_does_not(local: Local) -> None:
    made = step(local, num_round="2")
    made["Arguments"]["ResourceConfig"]["InstanceCount"] = 3
    source, parts = made["Arguments"]["InputDataConfig"][0], CSV.splitlines(keepends=True)
    for number in range(2):
        local.put("".join(parts[number::2]), f"parts/{number}")
    source["DataSource"]["S3DataSource"].update(
        S3Uri="s3://sagemaker-local/parts", S3DataDistributionType="ShardedByS3Key"
    )
    run = local.run(definition(made))
    assert run.status == "Succeeded", run.reason("Train") + local.log(run, "Train")
    assert "Train matrix has 30 rows" in local.log(run, "Train")
    other = local.root / "jobs" / run.job("Train")["TrainingJobName"] / "algo-3" / "job.log"
    assert "Host algo-3 has no data of train: it does not train." in other.read_text()
    booster = xgboost.Booster(model_file=bytearray(left(local, run)))
    rows = xgboost.DMatrix([row[1:] for row in ROWS], label=[row[0] for row in ROWS])
    settings = {"objective": "reg:squarederror", "max_depth": 2, "eta": 0.5}
    plain = xgboost.train(settings, rows, num_boost_round=2).predict(rows)
    assert booster.predict(rows) == pytest.approx(plain, abs=0.3)
    names = {each["MetricName"] for each in run.job("Train")["FinalMetricDataList"]}
    assert names >= {"train:rmse", "validation:rmse"}


def test_other_algorithms_are_refused(local: Local) -> None:
    made = step(local)
    image = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"
    made["Arguments"]["AlgorithmSpecification"]["TrainingImage"] = image
    (refusal,) = check(parse(definition(made)))
    assert "built-in algorithm" in refusal.what


def test_it_is_tuned(local: Local) -> None:
    jobs = step(local)["Arguments"]
    jobs["StaticHyperParameters"] = jobs.pop("HyperParameters") | {"seed": "1"}
    jobs["StaticHyperParameters"].pop("eta")
    config = tuning_config(continuous("eta", 0.1, 0.9), jobs=3, parallel=3)
    config["HyperParameterTuningJobObjective"] = {
        "Type": "Minimize",
        "MetricName": "validation:rmse",
    }
    made = tuning("Tune", config, {})
    made["Arguments"]["TrainingJobDefinition"] = jobs
    run = local.run(definition(made))
    assert run.status == "Succeeded", run.steps
    best = run.job("Tune")["BestTrainingJob"]
    assert best["FinalHyperParameterTuningJobObjectiveMetric"]["MetricName"] == "validation:rmse"
    assert 0.1 <= float(best["TunedHyperParameters"]["eta"]) <= 0.9


def test_an_unchanged_training_comes_from_the_cache(local: Local) -> None:
    made = step(local) | {"CacheConfig": {"Enabled": True, "ExpireAfter": "P1D"}}
    assert local.run(definition(made)).verdicts == {"Train": "miss"}
    assert local.run(definition(made)).verdicts == {"Train": "hit"}


@pytest.mark.parametrize(("kind", "split"), [("text/csv", "Line"), (None, None)])
def test_its_model_answers_a_transform_job(
    local: Local, kind: str | None, split: str | None
) -> None:
    records = "".join(f"{first},{second}\n" for _, first, second in ROWS[:5])
    local.put(records, "records/a.csv")
    source = {name: each for name, each in (("ContentType", kind), ("SplitType", split)) if each}
    scores = transform(
        "Score",
        get("Steps.Make.ModelName"),
        "s3://sagemaker-local/records",
        "s3://b/s",
        source=source,
    )
    made = model("Make", artifacts_of("Train"))
    made["Arguments"]["PrimaryContainer"]["Image"] = IMAGE
    run = local.run(definition(step(local, num_round="30"), made, scores, *behind(local, made)))
    assert run.status == "Succeeded", run.steps
    answers = list(map(float, local.read("s3://b/s/a.csv.out").splitlines()))
    assert answers == pytest.approx([row[0] for row in ROWS[:5]], abs=0.2)
    assert local.read("s3://b/both/a.csv.out") == local.read("s3://b/s/a.csv.out")


# Of a scikit-learn container before it: records whose columns are named, and in another order.
PREPARE = """
def model_fn(model_dir):
    return [1, 0]

def input_fn(body, content_type):
    return [line.split(";") for line in body.decode().splitlines()]

def predict_fn(rows, order):
    return [[row[at] for at in order] for row in rows]

def output_fn(rows, accept):
    return "".join(",".join(row) + chr(10) for row in rows), accept
"""


def behind(local: Local, alone: Json) -> tuple[Json, Json]:
    """A model of two containers, the other of which makes records for one that is there alone."""
    local.put("".join(f"{second};{first}\n" for _, first, second in ROWS[:5]), "raw/a.csv")
    prepared = container(local, PREPARE, Image=SKLEARN)
    prepared["Environment"] |= {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
    made = model("Both", "")
    made["Arguments"] = {"Containers": [prepared, alone["Arguments"]["PrimaryContainer"]]}
    name, raw = get("Steps.Both.ModelName"), "s3://sagemaker-local/raw"
    source = {"ContentType": "text/plain", "SplitType": "Line"}
    return made, transform("ScoreBoth", name, raw, "s3://b/both", source=source)


# As AWS's own sample for several hosts: the image's packages, and no more than model_fn to serve.
SCRIPT = """
import json, os, pickle, sys
import xgboost
from sagemaker_containers import entry_point
from sagemaker_xgboost_container import distributed
from sagemaker_xgboost_container.data_utils import get_dmatrix, get_size

def train(rows, is_master):
    booster = xgboost.train({"max_depth": 2, "eta": 0.5}, rows, num_boost_round=30)
    if is_master:
        with open(os.environ["SM_MODEL_DIR"] + "/xgboost-model", "wb") as file:
            pickle.dump(booster, file)

def model_fn(model_dir):
    with open(model_dir + "/xgboost-model", "rb") as file:
        return pickle.load(file)

if __name__ == "__main__":
    place = os.environ["SM_CHANNEL_TRAIN"]
    rows = get_dmatrix(place, "csv") if get_size(place) else None
    entry_point._wait_hostname_resolution()
    hosts, current = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
    distributed.rabit_run(train, {"rows": rows}, rows is not None, hosts, current,
                          update_rabit_args=True)
"""


def test_a_script_that_imports_the_images_own_packages_trains_and_answers(local: Local) -> None:
    names = local.submitted(SCRIPT)
    made = training("Train", {"train": local.put(CSV, "data/train/rows")}, hyperparameters=names)
    made["Arguments"]["ResourceConfig"]["InstanceCount"] = 2
    local.put("3,0\n1,2\n", "records/a.csv")
    serving = model("Make", artifacts_of("Train"))
    serving["Arguments"]["PrimaryContainer"]["Environment"] = {
        "SAGEMAKER_PROGRAM": "script.py",
        "SAGEMAKER_SUBMIT_DIRECTORY": names["sagemaker_submit_directory"],
    }
    name, records = get("Steps.Make.ModelName"), "s3://sagemaker-local/records"
    kinds = {"source": {"ContentType": "text/csv"}, "target": {"Accept": "application/json"}}
    run = local.run(definition(made, serving, transform("S", name, records, "s3://b/s", **kinds)))
    assert run.status == "Succeeded", run.steps
    assert json.loads(local.read("s3://b/s/a.csv.out")) == pytest.approx([1.5, 2.5], abs=0.2)


@pytest.mark.slow
def test_its_model_answers_behind_an_endpoint(local: Local, tmp_path: Any) -> None:
    run = trained(local, LIBSVM, "libsvm", num_round="30")
    body = local.bucket.existing(run.job("Train")["ModelArtifacts"]["S3ModelArtifacts"])
    with hosting(tmp_path / "served", local.runner) as hosted:
        uri = hosted.local.put(io.BytesIO(body.read_bytes()).getvalue(), "m/model.tar.gz")
        hosted.client.create_model(
            ModelName="m", PrimaryContainer={"Image": IMAGE, "ModelDataUrl": uri}
        )
        hosted.create("e", variant("m"))
        answer, _ = hosted.invoke("e", "1:4 2:1", ContentType="text/libsvm")
        assert float(answer) == pytest.approx(3.0, abs=0.3)
        told, _ = hosted.invoke("e", "0,4,1", Accept="application/json")
        assert told.startswith('{"predictions": [{"score": ')
