"""References that nothing will answer are refused before the first step."""

from __future__ import annotations

from typing import Any

import pytest

from engine.checked import CODE, PARAMETERS, SCRIPT, problems, whole
from engine.definitions import (
    get,
    join,
    json_get,
    processing,
    training,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (get("Parameters.Rws"), "Parameters.Rws is not a parameter of this pipeline"),
        (get("Execution.Start"), "Execution.Start is not an execution variable"),
        (get("Execution.TrainingJobName"), "not an execution variable that has a value here"),
        (get("Steps.Nowhere.ExitMessage"), "refers to a step that this pipeline does not have"),
        (get("Steps.Prepare.ExitMesage"), "has no property 'ExitMesage'"),
        (get("Steps.Prepare.ExitMessage.Text"), "has no property 'Text'"),
        (
            get("Steps.Prepare.ProcessingOutputConfig.Outputs['train'].S3Output.Uri"),
            "has no property 'Uri'",
        ),
        (get("Steps.Prepare.Environment['A']['B']"), "has no property 'B'"),
        (get("Steps.Gate.Result"), "a Condition step has the property Outcome only"),
        (get("Steps.Missed.ErrorMessage"), "a Fail step has no properties"),
        (get("Steps.Prepare.ProcessingOutputConfig.Outputs[x]"), "is not a path"),
        (get("Somewhere.Else"), "is not Parameters"),
        ({"Get": 7}, "is not Parameters"),
        (json_get("Prepare", "Eval", "a.b"), "step 'Prepare' declares no property file 'Eval'"),
        (json_get("Evaluate", "Evl", "a.b"), "declares no property file 'Evl'"),
        (json_get("Evaluate", "Eval", "a..b"), "is not a path"),
        ({"Std:JsonGet": {"Path": "a"}}, "Std:JsonGet needs S3Uri, or a PropertyFile"),
        ({"Std:JsonGet": {"S3Uri": "s3://b/x"}}, "Std:JsonGet needs Path"),
        ({"Std:JsonGet": {"PropertyFile": "Eval", "Path": "a"}}, "needs S3Uri, or a PropertyFile"),
        ({"Std:JsonGet": []}, "Std:JsonGet has no arguments"),
        ({"Std:Join": {"On": "/"}}, "Std:Join needs On"),
        ({"Std:Join": {"On": 1, "Values": []}}, "Std:Join needs On"),
        (join("/", join("", get("Parameters.Rws"))), "Parameters.Rws is not a parameter"),
        (join("/", "a", None), "one of its Values is null, nothing"),
        (join("/", ["a"]), 'one of its Values is ["a"], a list'),
        (join("/", get("Steps.Prepare.ProcessingInputs")), "ProcessingInputs, of type List"),
        ({"Std:Join": {"On": "", "Values": ["a"], "More": 1}}, "unknown property 'More'"),
        (get("Steps.Prepare"), "Steps.Prepare names no property of the step"),
        (get("Steps.Prepare.ProcessingInputs"), "of type List: name a single value in it"),
        (get("Steps.Prepare.ProcessingResources"), "it is of type Structure: name a single"),
        ({"Std:JsonGet": {"S3Uri": 7, "Path": "a"}}, "S3Uri of Std:JsonGet should be a string"),
        ({"Std:JsonGet": {"S3Uri": get("Parameters.Rows"), "Path": "a"}}, "[Parameters.Rows]"),
        (json_get("Evaluate", "Eval", "a[*]"), "is not a path to one value"),
        (json_get("Evaluate", "Eval", ""), "Path is empty"),
    ],
)
def test_references_that_cannot_be_resolved_are_refused(value: Any, expected: str) -> None:
    last = processing("Last", CODE, arguments=[value])
    found = problems(*whole(), last, parameters=PARAMETERS)
    assert len(found) == 1
    assert found[0].startswith("step 'Last': ")
    assert expected in found[0]


@pytest.mark.parametrize(
    "path",
    [
        "ProcessingOutputConfig.Outputs['b'].S3Output.S3Uri",
        "ProcessingInputs['a'].S3Input.LocalPath",
        "ProcessingJobArn",
        "Environment['A']",
        "ProcessingEndTime",
    ],
)
def test_every_property_of_the_describe_response_may_be_referenced(path: str) -> None:
    after = processing("After", CODE, arguments=[join("", get(f"Steps.Before.{path}"))])
    before = processing("Before", CODE, inputs={"a": CODE}, outputs=["b"])
    assert problems(before, after) == []


OUTPUTS = "ProcessingOutputConfig.Outputs"


@pytest.mark.parametrize(
    ("step_name", "path", "missing"),
    [
        ("Prepare", f"{OUTPUTS}['trian'].S3Output.S3Uri", "trian"),
        ("Prepare", f"{OUTPUTS}[1].S3Output.S3Uri", 1),
        ("Prepare", "ProcessingInputs['dta'].S3Input.S3Uri", "dta"),
        ("Prepare", "ProcessingInputs[2].InputName", 2),
        ("Train", "InputDataConfig['trian'].ContentType", "trian"),
        ("Train", "FinalMetricDataList['rmsle'].Value", "rmsle"),
        ("Train", "FinalMetricDataList[1].Value", 1),
        ("Model", "Containers[0].Image", 0),
        ("Bare", f"{OUTPUTS}['train'].S3Output.S3Uri", "train"),
        ("Bare", "ProcessingInputs['data'].InputName", "data"),
    ],
)
def test_names_and_places_that_a_list_does_not_have_are_refused(
    step_name: str, path: str, missing: str | int
) -> None:
    bare = processing("Bare", CODE)
    del bare["Arguments"]["ProcessingInputs"]
    bare["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = ["sh", "-c", "true"]
    last = processing("Last", CODE, arguments=[join("", get(f"Steps.{step_name}.{path}"))])
    (problem,) = problems(*whole(), bare, last, parameters=PARAMETERS)
    assert problem.startswith(f"step 'Last': Steps.{step_name}.")
    assert problem.endswith(f": step {step_name!r} has no {missing!r} there")


def test_names_that_an_expression_gives_may_be_there() -> None:
    metrics = [{"Name": get("Parameters.Status"), "Regex": "x"}]
    train = training("Train", SCRIPT, metrics={"loss": "x"})
    train["Arguments"]["AlgorithmSpecification"]["MetricDefinitions"] = metrics
    value = join("", get("Steps.Train.FinalMetricDataList['on'].Value"))
    last = processing("Last", CODE, arguments=[value])
    assert problems(train, last, parameters=PARAMETERS) == []


def test_every_wrong_key_is_told_in_one_error() -> None:
    wrong = [get(f"Steps.Prepare.{OUTPUTS}['{name}'].S3Output.S3Uri") for name in "abc"]
    found = problems(*whole(), processing("Last", CODE, arguments=wrong), parameters=PARAMETERS)
    assert len(found) == 3
