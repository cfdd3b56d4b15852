"""What is accepted without effect is named, once; versions are compared with the images'."""

from __future__ import annotations

import io
import json
import logging
import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.definition.document import parse, read
from sagemaker_local.definition.support import Settings, Support
from sagemaker_local.planning import notices
from sagemaker_local.planning.notices import ignored, sentences
from sagemaker_local.planning.skew import report
from sagemaker_local.steps.step_types import STEP_TYPES

from engine.definitions import (
    Json,
    continuous,
    definition,
    function,
    get,
    processing,
    step,
    training,
    tuning,
    tuning_config,
)
from engine.local import Local

CODE = "s3://sagemaker-local/code"
SCRIPT = {"code": CODE, "sm_drivers": CODE}
REAL = Path(__file__).resolve().parents[4] / "shared" / "definitions"


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Nothing was said before."""
    said = set(notices._said)
    notices._said.clear()
    yield
    notices._said.update(said)


def found(*steps: Json, **members: Any) -> dict[str, list[str]]:
    members.setdefault("PipelineExperimentConfig", None)
    return ignored(parse(definition(*steps, **members)))


def with_arguments(item: Json, **arguments: Any) -> Json:
    return item | {"Arguments": item["Arguments"] | arguments}


def test_settings_without_effect_are_named_with_their_steps() -> None:
    tagged = with_arguments(processing("P", CODE), Tags=[{"Key": "a", "Value": "b"}])
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    isolated = with_arguments(training("T", SCRIPT), VpcConfig=vpc, EnableNetworkIsolation=True)
    assert found(tagged, isolated) == {
        "EnableNetworkIsolation": ["T"],
        "InstanceType": ["P", "T"],
        "RoleArn": ["P", "T"],
        "Tags": ["P"],
        "VolumeSizeInGB": ["P", "T"],
        "VpcConfig": ["T"],
    }


def test_settings_deep_inside_are_named() -> None:
    item = training("T", SCRIPT)
    item["Arguments"]["OutputDataConfig"]["KmsKeyId"] = "key"
    item["Arguments"]["StoppingCondition"]["MaxWaitTimeInSeconds"] = 7200
    channel = item["Arguments"]["InputDataConfig"][0]
    channel["ShuffleConfig"] = {"Seed": 1}
    names = {"KmsKeyId", "MaxWaitTimeInSeconds", "ShuffleConfig"}
    assert names <= set(found(item))
    assert not names & set(found(training("T", SCRIPT)))


def test_settings_of_the_jobs_that_a_tuning_job_starts_are_named() -> None:
    item = tuning("T", tuning_config(continuous("rate", 0, 1)), {})
    assert set(found(item)) == {"InstanceType", "RoleArn", "VolumeSizeInGB"}
    item["Arguments"]["TrainingJobDefinition"]["OutputDataConfig"]["KmsKeyId"] = "key"
    assert set(found(item)) == {"InstanceType", "KmsKeyId", "RoleArn", "VolumeSizeInGB"}


def test_a_persons_own_names_are_no_settings() -> None:
    """Variables, hyperparameters, and what a function gets."""
    assert "KmsKeyId" not in found(
        processing("P", CODE, environment={"KmsKeyId": "a"}),
        training("T", SCRIPT, hyperparameters={"KmsKeyId": "a"}),
        function("L", "f", event={"KmsKeyId": "a", "RoleArn": "b"}),
    )


def test_an_experiment_is_named_if_somebody_chose_it() -> None:
    item = function("L", "f")
    automatic = {"ExperimentName": get("Execution.PipelineName")}
    automatic["TrialName"] = get("Execution.PipelineExecutionId")
    whole = ["the pipeline as a whole"]
    assert found(item, PipelineExperimentConfig=automatic) == {}
    for chosen in ("mine", get("Parameters.P")):
        config = automatic | {"ExperimentName": chosen}
        text = definition(item, PipelineExperimentConfig=config)
        assert ignored(read(text)[0]) == {"PipelineExperimentConfig": whole}
    assert found(item, MlflowConfig={"MlflowResourceArn": "arn"}) == {"MlflowConfig": whole}
    assert found(item, MlflowConfig=None) == {}


def test_a_cache_config_without_effect_is_named() -> None:
    cache: Json = {"CacheConfig": {"Enabled": True}}
    assert found(function("L", "f", **cache)) == {"CacheConfig": ["L"]}
    assert "CacheConfig" not in found(processing("P", CODE, **cache))


def test_a_start_says_it_once(local: Local, capsys: pytest.CaptureFixture[str]) -> None:
    text = definition(processing("P", local.code("pass")))
    local.run(text)
    local.run(text)
    said = capsys.readouterr()
    named = "InstanceType, RoleArn, VolumeSizeInGB"
    told = f"local session: without effect on this machine: {named}\n"
    assert said.err.count(told) == 1
    assert said.out == "", "a program's output may be read by another one"
    local.run(definition(processing("P", local.code("pass"), environment={"A": "b"})))
    assert capsys.readouterr().err == "", "the same is not said again"


def test_who_logs_for_themselves_does_not_hear_it_twice(
    local: Local, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = io.StringIO()
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.StreamHandler(own)])
    local.run(definition(processing("P", local.code("pass"))))
    assert "without effect" in capsys.readouterr().err
    assert "without effect" not in own.getvalue()


def test_where_everything_has_an_effect_nothing_is_said(
    tmp_path: Path, runner: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    local = Local(tmp_path / "root", runner, {"f": lambda event, context: {}})
    local.run(definition(function("L", "f"), PipelineExperimentConfig=None))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("file", sorted(REAL.glob("*__*.json")), ids=lambda file: file.name[:40])
def test_every_ignored_setting_of_real_definitions_is_named(file: Path) -> None:
    """Found here in another way: in the text, by the tables of the step types."""
    text = file.read_text(encoding="utf-8")
    parsed, _ = read(text)
    named = set(ignored(parsed))
    for item in parsed.steps.values():
        step_type = STEP_TYPES.get(item.type)
        settings = (step_type and step_type.settings) or Settings({})
        for member in item.arguments:
            assert (member in named) or settings.members.get(member) is not Support.IGNORED
        inside = json.dumps(item.arguments)
        for part in (settings, *settings.parts.values()):
            for key in part.ignored_below:
                assert (f'"{key}": ' in inside) <= (key in named)
            for key, value in part.ignored_values.items():
                assert (f'"{key}": "{value}"' in inside) <= (key in named)


def test_versions_are_compared_with_the_images() -> None:
    image = "123.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:0.20.0-cpu-py37"
    item = processing("P", CODE)
    item["Arguments"]["AppSpecification"]["ImageUri"] = image
    skew = report(parse(definition(item)))
    rows = {row.library: row for row in skew.rows}
    assert set(rows) == {"Python", "scikit-learn"}
    assert (rows["Python"].there, rows["Python"].here) == ("3.7", platform.python_version())
    assert not rows["Python"].same
    assert rows["scikit-learn"].here == metadata.version("scikit-learn")
    told = sentences(parse(definition(item)))
    other = "versions other than in sagemaker-scikit-learn:0.20.0-cpu-py37"
    assert f"{other}: Python {platform.python_version()} (there 3.7), " in told[1]
    lines = str(skew).splitlines()
    assert len(lines) == 2
    assert all("sagemaker-scikit-learn:0.20.0-cpu-py37" in line for line in lines)
    assert lines[0].endswith("DIFFERS")


def test_patch_releases_are_the_same_version() -> None:
    major, minor, _ = platform.python_version_tuple()
    library = ".".join(metadata.version("scikit-learn").split(".")[:2])
    item = processing("P", CODE)
    image = f"sagemaker-scikit-learn:{library}-1-cpu-py{major}{minor}"
    item["Arguments"]["AppSpecification"]["ImageUri"] = image
    skew = report(parse(definition(item)))
    assert [row.same for row in skew.rows] == [True, True]
    assert skew.differing == []
    assert sentences(parse(definition(item))) == [
        "local session: without effect on this machine: InstanceType, RoleArn, VolumeSizeInGB"
    ]


def test_a_library_that_is_absent_differs() -> None:
    item = processing("P", CODE)
    item["Arguments"]["AppSpecification"]["ImageUri"] = "r/mxnet-training:1.9.0-cpu-py38"
    rows = {row.library: row for row in report(parse(definition(item))).rows}
    assert rows["mxnet"].here is None
    assert not rows["mxnet"].same


@pytest.mark.parametrize(
    "image", ["my/own:latest", "own", "r/own@sha256:123456", "r/sagemaker-xgboost@sha256:3.2"]
)
def test_of_an_unknown_image_nothing_is_claimed(image: str) -> None:
    item = processing("P", CODE)
    item["Arguments"]["AppSpecification"]["ImageUri"] = image
    skew = report(parse(definition(item)))
    assert skew.rows == ()
    assert skew.unknown == (image.rpartition("/")[2],)
    assert "what it holds is not known here" in str(skew)


def test_images_of_every_step_are_looked_at_once() -> None:
    image = "r/pytorch-training:2.3.0-cpu-py311"
    container = {"Image": "r/tensorflow-inference:2.14.1-cpu", "ModelDataUrl": "s3://b/m"}
    items = [
        training("T", SCRIPT),
        training("T2", SCRIPT),
        step("M", "Model", {"PrimaryContainer": container, "ExecutionRoleArn": "r"}),
    ]
    for item in items[:2]:
        item["Arguments"]["AlgorithmSpecification"]["TrainingImage"] = image
    skew = report(read(definition(*items))[0])
    held = [(row.image, row.library, row.there) for row in skew.rows]
    assert held == [
        ("pytorch-training:2.3.0-cpu-py311", "Python", "3.11"),
        ("pytorch-training:2.3.0-cpu-py311", "torch", "2.3.0"),
        ("tensorflow-inference:2.14.1-cpu", "tensorflow", "2.14.1"),
    ]


@pytest.mark.parametrize(
    ("image", "library", "there"),
    [
        ("sagemaker-spark-processing:3.3-cpu-py39-v1.1", "pyspark", "3.3"),
        ("autogluon-training:1.1.0-cpu-py310", "autogluon", "1.1.0"),
        ("huggingface-pytorch-training:2.0-transformers4.28-gpu-py310", "transformers", "4.28"),
    ],
)
def test_what_an_image_is_made_for_is_in_its_name(image: str, library: str, there: str) -> None:
    item = processing("P", CODE)
    item["Arguments"]["AppSpecification"]["ImageUri"] = f"r/{image}"
    rows = {row.library: row.there for row in report(read(definition(item))[0]).rows}
    assert rows[library] == there


def test_an_image_that_an_expression_gives_is_not_known_before() -> None:
    item = processing("P", CODE)
    item["Arguments"]["AppSpecification"]["ImageUri"] = get("Parameters.Image")
    assert str(report(read(definition(item))[0])) == "The definition names no image."
