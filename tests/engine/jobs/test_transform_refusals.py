"""What a Transform step asks for and cannot have is refused before the first step."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from sagemaker_local.definition.document import parse
from sagemaker_local.errors import DefinitionError
from sagemaker_local.planning.checks import check

from engine.checked import changed, places, put
from engine.definitions import (
    OWN_IMAGE,
    Json,
    definition,
    get,
    join,
    model,
    parameter,
    transform,
)

CSV: Json = {
    "source": {"ContentType": "text/csv", "SplitType": "Line"},
    "target": {"Accept": "text/csv", "AssembleWith": "Line"},
}
PARAMETERS = [parameter("Text", "String", "x"), parameter("Number", "Integer", 7)]
S3 = "TransformInput.DataSource.S3DataSource"
IDS: Json = {
    "DataCaptureConfig": {"DestinationS3Uri": "s3://b/captured", "GenerateInferenceId": True}
}
HTTPS = "https://b.s3.us-east-1.amazonaws.com/x"
NUMBERS = ("MaxPayloadInMB", "MaxConcurrentTransforms", "TransformResources.InstanceCount")


def step(**options: Any) -> Json:
    return transform("Score", "model", "s3://b/data", "s3://b/scores", **options)


def problems(item: Json) -> list[str]:
    """Without the step's name, which each of them begins with."""
    found = [str(problem) for problem in check(parse(definition(item, parameters=PARAMETERS)))]
    assert all(problem.startswith("step 'Score': ") for problem in found)
    return [problem.removeprefix("step 'Score': ") for problem in found]


def everything() -> Json:
    """A step with every member that is run or ignored."""
    return step(
        source={**CSV["source"], "CompressionType": "Gzip"},
        target={**CSV["target"], "KmsKeyId": "key"},
        processing={"InputFilter": "$[1:]", "OutputFilter": "$[0,-1]", "JoinSource": "Input"},
        options={
            "BatchStrategy": "MultiRecord",
            "MaxPayloadInMB": 25,
            "MaxConcurrentTransforms": 4,
            "Environment": {"A": get("Parameters.Text")},
            "ModelClientConfig": {"InvocationsTimeoutInSeconds": 60, "InvocationsMaxRetries": 1},
            "DataCaptureConfig": {"DestinationS3Uri": "s3://b/captured"},
            "ExperimentConfig": {"TrialComponentDisplayName": "t"},
            "Tags": [{"Key": "a", "Value": "b"}],
        },
    )


def test_all_that_is_run_or_ignored_has_no_problem() -> None:
    assert problems(everything()) == []
    assert problems(step()) == []


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (
            f"{S3}.S3DataType",
            "AugmentedManifestFile",
            "TransformInput: AugmentedManifestFile is no data type of a transform job",
        ),
        ("TransformInput.SplitType", "RecordIO", "SplitType RecordIO is not read locally; use"),
        ("TransformInput.SplitType", "TFRecord", "SplitType TFRecord is not read locally; use"),
        ("MaxPayloadInMB", 101, "MaxPayloadInMB is 101, and may be at most 100"),
        ("MaxConcurrentTransforms", 5, "MaxConcurrentTransforms times MaxPayloadInMB is 125, and"),
        ("ModelName", "", "ModelName is '', which does not match"),
        ("BatchStrategy", "Both", "BatchStrategy is 'Both', which is not one of MultiRecord"),
        ("DataProcessing.JoinSource", "Output", "DataProcessing.JoinSource is 'Output', which is"),
        ("DataProcessing.InputFilter", "$[0:2,5:]", "InputFilter: '$[0:2,5:]': a slice such as"),
        ("DataProcessing.OutputFilter", "SageMakerOutput", "OutputFilter: 'SageMakerOutput' is no"),
        ("DataProcessing.InputFilter", "$.id", "InputFilter '$.id': a row of CSV has positions"),
        ("DataProcessing.OutputFilter", "$['id']", "OutputFilter \"$['id']\": a row of CSV has"),
        ("TransformOutput.Accept", "application/json", "Accept application/json and ContentType"),
        ("TransformOutput.AssembleWith", "None", "AssembleWith is None; filters and JoinSource"),
        ("TransformInput.SplitType", "None", "SplitType is None; filters and JoinSource need"),
        ("TransformInput.ContentType", "image/png", "ContentType is image/png; filters and JoinSo"),
        ("TransformOutput.Accept", "", "Accept is missing; filters and JoinSource need one of"),
        ("Elsewhere", 1, "Cannot parse object, unknown property 'Elsewhere'"),
    ],
)
def test_what_is_not_run_is_named(path: str, value: Any, expected: str) -> None:
    found = problems(changed(everything(), path, value))
    assert any(problem.startswith(expected) for problem in found), found


def test_a_step_needs_a_model() -> None:
    without = step()
    del without["Arguments"]["ModelName"]
    assert problems(without) == [
        "it has no ModelName; give it one, such as Steps.<name>.ModelName of a Model step"
    ]


def with_model(environment: Json, **options: Any) -> list[str]:
    """Problems of a pipeline that makes the model with these variables."""
    made = model("Make", "s3://b/model.tar.gz")
    made["Arguments"]["PrimaryContainer"] |= {"Environment": environment, "Image": OWN_IMAGE}
    score = transform("Score", get("Steps.Make.ModelName"), "s3://b/data", "s3://b/o", **options)
    return [str(problem) for problem in check(parse(definition(made, score)))]


@pytest.mark.parametrize(
    "container", ["text", [], {"Environment": "A=b", "ModelDataUrl": "s3://b/m"}]
)
def test_a_model_that_is_none_is_refused_for_its_own_reason(container: Any) -> None:
    made = model("Make", "s3://b/m")
    made["Arguments"]["PrimaryContainer"] = container
    scores = transform("Score", get("Steps.Make.ModelName"), "s3://b/data", "s3://b/scores")
    found = [str(problem) for problem in check(parse(definition(made, scores)))]
    assert found
    assert all(problem.startswith("step 'Make': ") for problem in found)


def test_a_model_without_a_script_is_refused_where_the_pipeline_makes_it() -> None:
    served = {"SAGEMAKER_PROGRAM": "inference.py"}
    (problem,) = with_model({"A": "b"})
    assert problem.startswith("step 'Score': the model has no script, and what the image 'own:1.0'")
    assert problem.endswith("/opt/ml/model/code (step 'Make')")
    assert with_model(served) == []
    assert with_model({}, options={"Environment": served}) == []
    (elsewhere,) = with_model({"A": 7})  # the Model step's own fault
    assert elsewhere.startswith("step 'Make': ")


@pytest.mark.parametrize("member", ["TransformInput", "TransformOutput", "TransformResources"])
def test_what_the_service_needs_is_asked_for(member: str) -> None:
    without = step()
    del without["Arguments"][member]
    assert problems(without) == [f"{member} is missing"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (  # a whole JSON document is a record, and needs no lines
            {
                "source": {"ContentType": "application/json"},
                "target": {"Accept": "application/json; charset=utf-8"},
                "processing": {"JoinSource": "Input"},
            },
            [],
        ),
        (  # only the input is looked into
            {"source": CSV["source"], "processing": {"InputFilter": "$[1:]"}},
            [],
        ),
        (
            {"target": CSV["target"], "processing": {"OutputFilter": "$[1:]"}},
            ["AssembleWith Line and SplitType None should be the same"],
        ),
        (
            {"processing": {"JoinSource": "Input"}},
            [
                "ContentType is missing; filters and JoinSource need one of text/csv, "
                "application/json, application/jsonlines",
                "Accept is missing; filters and JoinSource need one of text/csv, "
                "application/json, application/jsonlines",
            ],
        ),
        (
            {
                "source": {"ContentType": "application/jsonlines"},
                "processing": {"InputFilter": "$.x"},
            },
            ["SplitType is None; filters and JoinSource need Line for application/jsonlines"],
        ),
        ({"target": CSV["target"], "options": IDS}, []),
        (
            {"target": {"Accept": "text/csv"}, "options": IDS},
            ["AssembleWith is None; GenerateInferenceId needs Line for text/csv"],
        ),
        (
            {"options": IDS},
            [
                "Accept is missing; GenerateInferenceId needs one of text/csv, application/json, "
                "application/jsonlines"
            ],
        ),
        (
            {"options": {"DataCaptureConfig": {"DestinationS3Uri": HTTPS}}},
            [
                f"DataCaptureConfig.DestinationS3Uri is '{HTTPS}'; a local session "
                "writes below URIs that begin with s3://"
            ],
        ),
        ({"processing": {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}}, []),
    ],
)
def test_types_and_lines_go_together(options: Json, expected: list[str]) -> None:
    assert problems(step(**options)) == expected


@pytest.mark.parametrize(
    "path",
    [
        "ModelName",
        "BatchStrategy",
        "MaxPayloadInMB",
        "MaxConcurrentTransforms",
        f"{S3}.S3Uri",
        f"{S3}.S3DataType",
        "TransformInput.ContentType",
        "TransformInput.SplitType",
        "TransformInput.CompressionType",
        "TransformOutput.S3OutputPath",
        "TransformOutput.Accept",
        "TransformOutput.AssembleWith",
        "DataProcessing.InputFilter",
        "DataProcessing.OutputFilter",
        "DataProcessing.JoinSource",
        "DataCaptureConfig.DestinationS3Uri",
        "TransformResources.InstanceCount",
    ],
)
def test_expressions_are_left_to_the_run(path: str) -> None:
    """Those whose type is that of their place."""
    number, text = get("Parameters.Number"), join("", get("Parameters.Text"))
    right, wrong = (number, text) if path in NUMBERS else (text, number)
    assert problems(changed(everything(), path, right)) == []
    (told,) = problems(changed(everything(), path, wrong))
    assert "Cannot assign property reference" in told


def test_wherever_a_value_is_wrong_the_answer_is_a_reason_and_no_crash() -> None:
    good = definition(everything(), parameters=PARAMETERS)
    chosen = random.Random(7)
    steps = [place for place in places(json.loads(good)) if place[:1] == ("Steps",)]
    for place in steps:
        for wrong in chosen.sample([None, True, 7, "x", [], [7], {}, {"x": 1}, get("x")], 4):
            document = json.loads(good)
            put(document, place, wrong)
            try:
                check(parse(json.dumps(document)))
            except DefinitionError as error:
                assert error.refusals
            except Exception as error:
                raise AssertionError(f"{place} = {wrong!r} ends in {error!r}") from error
