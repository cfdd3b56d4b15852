"""Values that only a run knows and that are not what their place wants: words, and no process."""

from __future__ import annotations

from typing import Any

import pytest

from engine.checked import CODE, SCRIPT, changed
from engine.definitions import (
    Json,
    compare,
    condition,
    definition,
    fail,
    join,
    model,
    processing,
    register,
    training,
    transform,
)
from engine.local import Local, Run

FILE = """{
    "number": 3, "float": 2.5, "yes": true, "nothing": null, "text": "text", "empty": "",
    "list": [1], "object": {"a": 1}, "long": "%s", "lines": "a\\nb", "nan": NaN
}""" % ("x" * 300)

STEP = processing("S", CODE, inputs={"data": CODE}, outputs=["out"], arguments=["word"])
TRAIN = training("S", SCRIPT, hyperparameters={"a": "b"}, environment={"A": "b"})
MODEL = model("S", "s3://sagemaker-local/m/model.tar.gz")
PACKAGE = register("S", "group", "s3://sagemaker-local/m/model.tar.gz", status="Approved")
BATCH = transform("S", "some-model", CODE, "s3://sagemaker-local/out")
WORD = "AppSpecification.ContainerArguments.0"
CLUSTER = "ProcessingResources.ClusterConfig"


def found(path: str) -> Json:
    """What the file has at a path."""
    return {"Std:JsonGet": {"S3Uri": "s3://sagemaker-local/found.json", "Path": path}}


def failed(local: Local, item: Json) -> Run:
    """The run of a step alone, which fails before anything is started for it."""
    local.put(FILE, "found.json")
    run = local.run(definition(item))
    assert run.statuses == {"S": "Failed"}
    assert local.jobs_run() == 0
    assert "Metadata" not in run.steps["S"]
    return run


@pytest.mark.parametrize(
    ("item", "path", "value", "told"),
    [
        (STEP, WORD, "number", "ContainerArguments[0] should be a string, and is 3, a number"),
        (STEP, WORD, "yes", "should be a string, and is true, a boolean: write it as text"),
        (STEP, WORD, "nothing", "should be a string, and is null, nothing"),
        (STEP, WORD, "list", "should be a string, and is [1], a list"),
        (STEP, WORD, "object", 'should be a string, and is {"a": 1}, an object'),
        (STEP, WORD, "empty", "ContainerArguments[0] is empty"),
        (STEP, WORD, "long", "ContainerArguments[0] has 300 characters"),
        (STEP, WORD, "lines", "and has a line break"),
        (STEP, WORD, "nan", "is nan, which is no number in JSON"),
        (STEP, WORD, "absent", "there is no 'absent' in it"),
        (STEP, f"{CLUSTER}.InstanceCount", "text", "should be an integer, and is 'text', a string"),
        (STEP, f"{CLUSTER}.InstanceCount", "float", "should be an integer, and is 2.5, a number"),
        (STEP, f"{CLUSTER}.VolumeSizeInGB", "yes", "should be an integer, and is true, a boolean"),
        (STEP, f"{CLUSTER}.InstanceType", "text", "InstanceType is 'text', which is not one of"),
        (STEP, "ProcessingInputs.1.S3Input.S3Uri", "text", "S3Uri is 'text', which does not match"),
        (STEP, "ProcessingInputs.1.S3Input.S3Uri", "number", "S3Uri should be a string"),
        (STEP, "ProcessingOutputConfig.Outputs.0.S3Output.S3Uri", "text", "does not match"),
        (TRAIN, "HyperParameters.a", "float", "HyperParameters.a should be a string, and is 2.5"),
        (TRAIN, "Environment.A", "number", "Environment.A should be a string, and is 3"),
        (TRAIN, "StoppingCondition.MaxRuntimeInSeconds", "text", "should be an integer"),
        (TRAIN, "OutputDataConfig.S3OutputPath", "text", "S3OutputPath is 'text', which does not"),
        (MODEL, "PrimaryContainer.Environment.A", "yes", "Environment.A should be a string"),
        (MODEL, "PrimaryContainer.ModelDataUrl", "text", "ModelDataUrl is 'text', which does not"),
        (PACKAGE, "ModelApprovalStatus", "text", "is 'text', which is not one of Approved"),
        (PACKAGE, "ModelPackageGroupName", "number", "should be a string, and is 3, a number"),
        (BATCH, "TransformResources.InstanceCount", "text", "should be an integer"),
        (BATCH, "TransformOutput.S3OutputPath", "list", "should be a string, and is [1], a list"),
    ],
)
def test_a_value_that_its_place_does_not_take(
    local: Local, item: Json, path: str, value: str, told: str
) -> None:
    reason = failed(local, changed(item, path, found(value))).reason("S")
    assert reason.startswith("ClientError: ")
    assert told in reason


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("list", "joins strings, numbers and booleans, and one of its Values is [1], a list"),
        ("nothing", "one of its Values is null, nothing"),
    ],
)
def test_what_cannot_be_joined(local: Local, value: str, told: str) -> None:
    item = changed(STEP, WORD, join("-", "a", found(value)))
    assert told in failed(local, item).reason("S")


@pytest.mark.parametrize(
    ("left", "right", "told"),
    [
        (found("number"), "3", "cannot compare 3 with '3': one is a number, the other a string"),
        (found("nothing"), 3, "cannot compare null with 3: one is nothing, the other a number"),
        (found("$.list"), 1, "cannot compare [1] with 1: one is a list, the other a number"),
    ],
)
def test_what_cannot_be_compared(local: Local, left: Any, right: Any, told: str) -> None:
    item = condition("S", [compare("LessThan", left, right)])
    assert told in failed(local, item).reason("S")


@pytest.mark.parametrize("value", ["number", "list", "nothing"])
def test_a_message_of_failure_that_is_no_string(local: Local, value: str) -> None:
    local.put(FILE, "found.json")
    run = local.run(definition(fail("S", found(value))))
    assert "ErrorMessage should be a string, and is " in run.reason("S")


def test_a_uri_of_json_that_is_no_string_or_a_prefix(local: Local) -> None:
    local.put("{}", "folder/found.json")
    for uri, told in (
        (found("number"), "S3Uri of Std:JsonGet should be a string, and is 3, a number"),
        ("s3://sagemaker-local/folder", "s3://sagemaker-local/folder is a prefix"),
    ):
        value = {"Std:JsonGet": {"S3Uri": uri, "Path": "a"}}
        assert told in failed(local, changed(STEP, WORD, value)).reason("S")


def test_values_that_their_places_take(local: Local) -> None:
    local.put(FILE, "found.json")
    script = "import os, sys; print(sys.argv[1:], os.environ['A'])"
    word = join("-", found("number"), found("float"), found("yes"), found("text"))
    item = processing("S", local.code(script), arguments=[word], environment={"A": found("text")})
    item = changed(item, f"{CLUSTER}.VolumeSizeInGB", found("number"))
    run = local.run(definition(item))
    assert run.status == "Succeeded", run.steps
    assert local.log(run, "S").strip() == "['3-2.5-true-text'] text"
