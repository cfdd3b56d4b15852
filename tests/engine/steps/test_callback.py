"""Callback steps wait for an answer, from anywhere, by their token."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.processes.runner import Runner

from engine.definitions import (
    answer_of,
    callback,
    compare,
    condition,
    definition,
    get,
    parameter,
)
from engine.local import Local, Run, until

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/Queue"


def waiting(local: Local, outputs: dict[str, str], left: str = "x", right: Any = 3) -> Run:
    gate = condition("Gate", [compare("Equals", answer_of("Ask", left), right)])
    run = local.start(definition(callback("Ask", QUEUE, outputs, {"word": "hi"}), gate))
    until(lambda: "Metadata" in run.steps.get("Ask", {}))
    return run


def token(run: Run) -> str:
    return str(run.steps["Ask"]["Metadata"]["Callback"]["CallbackToken"])


def test_an_answer_lets_it_go_on(local: Local) -> None:
    run = waiting(local, {"x": "Integer"})
    assert run.statuses == {"Ask": "Executing"}
    request: Any = {"OutputParameters": [{"Name": "x", "Value": "3"}]}
    answer = local.other().client.send_pipeline_execution_step_success(
        CallbackToken=token(run), **request
    )
    assert answer["PipelineExecutionArn"] == run.arn
    assert run.wait().statuses == {"Ask": "Succeeded", "Gate": "Succeeded"}
    assert run.steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "True"
    shown = run.steps["Ask"]["Metadata"]["Callback"]
    assert shown == {"CallbackToken": token(run), "SqsQueueUrl": QUEUE, **request}


def test_a_failure_is_its_reason(local: Local) -> None:
    run = waiting(local, {"x": "Integer"})
    local.client.send_pipeline_execution_step_failure(
        CallbackToken=token(run), FailureReason="nobody is in"
    )
    assert run.wait().statuses == {"Ask": "Failed"}
    assert run.reason("Ask") == "ClientError: nobody is in"


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"y": "3"}, "the callback was answered without x"),
        ({"x": "three"}, "the callback was answered with a wrong x: "),
    ],
)
def test_an_answer_that_it_cannot_use_fails_it(
    local: Local, given: dict[str, str], reason: str
) -> None:
    run = waiting(local, {"x": "Integer"})
    listed = [{"Name": name, "Value": value} for name, value in given.items()]
    local.client.send_pipeline_execution_step_success(
        CallbackToken=token(run), OutputParameters=listed
    )
    assert reason in run.wait().reason("Ask")


def test_stopping_ends_the_wait_and_its_token_is_not_known_any_more(local: Local) -> None:
    run = waiting(local, {"x": "Integer"})
    run.stop()
    assert run.wait().statuses == {"Ask": "Stopped"}
    for spent in (token(run), "a" * 10):
        with pytest.raises(ClientError, match="No step waits for an answer with the token") as told:
            local.client.send_pipeline_execution_step_success(CallbackToken=spent)
        assert told.value.response["Error"]["Code"] == "ResourceNotFound"


def test_a_session_may_have_a_function_for_its_queue(local: Local, runner: Runner) -> None:
    answering = Local(local.root, runner, {QUEUE: lambda event, _: {"x": len(event["word"])}})
    item = callback("Ask", QUEUE, {"x": "Integer"}, {"word": "hi"})
    gate = condition("Gate", [compare("Equals", answer_of("Ask", "x"), 2)])
    run = answering.run(definition(item, gate))
    assert run.steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "True"


def test_its_queue_may_be_a_parameter(local: Local, runner: Runner) -> None:
    answering = Local(local.root, runner, {QUEUE: lambda event, _: {"x": 1}})
    item = callback("Ask", get("Parameters.Queue"), {"x": "Integer"})
    run = answering.run(definition(item, parameters=[parameter("Queue", "String", QUEUE)]))
    assert run.steps["Ask"]["Metadata"]["Callback"]["SqsQueueUrl"] == QUEUE


def test_one_without_a_queue_is_refused(local: Local) -> None:
    item = callback("Ask", QUEUE)
    del item["SqsQueueUrl"]
    with pytest.raises(ClientError, match="step 'Ask': has no SqsQueueUrl"):
        local.run(definition(item))
