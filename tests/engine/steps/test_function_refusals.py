"""Lambda steps that cannot run are refused with all else that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from engine.definitions import (
    Json,
    definition,
    fail,
    function,
    get,
    parameter,
    processing,
    step,
)
from engine.local import Local

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:scorer"


def echo(event: Json, context: Any) -> Json:
    return {"said": event["word"]}


def test_an_unknown_function_is_refused_with_all_else_that_is_wrong(with_functions: Any) -> None:
    local = with_functions(known=echo)
    text = definition(
        function("Known", "known"),
        function("Unknown", f"{ARN}:1"),
        function("Other", "other"),
        processing("P", get("Parameters.Absent")),
        step("Q", "QualityCheck", {}),
    )
    with pytest.raises(Exception, match="for 4 reasons") as refused:
        local.run(text)
    told = str(refused.value)
    assert "step 'Unknown': the Lambda function 'scorer' is not known to this local session" in told
    assert "LocalSession(..., functions={'other': my_handler})" in told
    assert "step 'Known'" not in told


def test_a_function_that_another_session_knew_is_refused_at_the_start(
    with_functions: Any, local: Local
) -> None:
    """Together with what is wrong with the start's parameters."""
    knows = with_functions(f=echo)
    knows.create(definition(function("S", "f"), parameters=[parameter("N", "Integer")]))
    assert knows.root == local.root
    with pytest.raises(Exception, match="for 2 reasons") as refused:
        local.client.start_pipeline_execution(PipelineName="pipe")
    assert "step 'S': the Lambda function 'f' is not known" in str(refused.value)
    assert "parameter 'N': has no default" in str(refused.value)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"FunctionArn": None}, "has no FunctionArn"),
        ({"FunctionArn": 3}, "FunctionArn should be a string, and is 3, a number"),
        ({"FunctionArn": {"Get": "Parameters.F"}}, "Parameters.F is not a parameter"),
        ({"OutputParameters": [{"OutputType": "String"}]}, "has an entry that is none"),
        ({"OutputParameters": [{"OutputName": "x", "OutputType": "List"}]}, "that is none"),
        ({"OutputParameters": "x"}, "OutputParameters is not a list"),
        ({"OutputParameters": {}}, "OutputParameters is not a list"),
        ({"RetryPolicies": [{}]}, "an entry that is no retry policy"),
    ],
)
def test_a_malformed_step_is_refused(local: Local, members: Json, reason: str) -> None:
    text = definition(function("S", "f") | members)
    with pytest.raises(Exception, match=r"step 'S': ") as refused:
        local.run(text)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("OutputParameters['z']", "step 'L' declares no output 'z'"),
        ("OutputParameters", "a Lambda step has OutputParameters['<name>'] only"),
        ("Arn", "a Lambda step has OutputParameters['<name>'] only"),
    ],
)
def test_an_answer_that_was_not_declared_is_refused(
    with_functions: Any, path: str, reason: str
) -> None:
    local = with_functions(f=echo)
    text = definition(function("L", "f", {"x": "String"}), fail("F", get(f"Steps.L.{path}")))
    with pytest.raises(Exception, match="cannot run, for 1 reason") as refused:
        local.run(text)
    assert reason in str(refused.value)


def test_a_function_by_a_parameter_is_looked_up_by_its_value(with_functions: Any) -> None:
    called = function("S", get("Parameters.Arn"), {"said": "String"}, {"word": "hi"})
    text = definition(called, parameters=[parameter("Arn", "String", ARN)])
    assert with_functions(scorer=echo).run(text).statuses == {"S": "Succeeded"}
    with pytest.raises(Exception, match="the Lambda function 'scorer' is not known"):
        with_functions(other=echo).run(text)


def test_a_function_that_a_step_would_name_is_refused(with_functions: Any) -> None:
    made = function("Make", "f", {"arn": "String"})
    called = function("S", get("Steps.Make.OutputParameters['arn']"))
    with pytest.raises(Exception, match="FunctionArn is not known before it runs; give its value"):
        with_functions(f=echo).run(definition(made, called))
