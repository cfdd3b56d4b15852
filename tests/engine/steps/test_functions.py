"""Lambda steps: a Python function for each Lambda function, and what becomes of its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.errors import LocalError
from sagemaker_local.steps.functions import function_name, handler_for

from engine.definitions import (
    Json,
    answer_of,
    compare,
    condition,
    definition,
    function,
    get,
    join,
    parameter,
    processing,
)

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:scorer"


def echo(event: Json, context: Any) -> Json:
    """What a test names by ``engine.steps.test_functions:echo``."""
    return {"said": event["word"]}


def test_a_step_calls_its_function_with_its_arguments(with_functions: Any) -> None:
    calls: list[tuple[Any, Any]] = []

    def scorer(event: Json, context: Any) -> Json:
        calls.append((event, context))
        return {"score": 0.75, "more": "than was asked for"}

    event = {"word": get("Parameters.Word"), "nested": {"list": [1, None, {"a": True}]}}
    local = with_functions(scorer=scorer)
    show = local.code("import sys; print(sys.argv[1])")
    answer = join("", "score ", answer_of("Score", "score"))
    run = local.run(
        definition(
            function("Score", "scorer", {"score": "Float"}, event),
            condition("Gate", [compare("GreaterThan", answer_of("Score", "score"), 0.5)]),
            processing("Show", show, arguments=[answer]),
            parameters=[parameter("Word", "String", "hello")],
        )
    )
    assert run.status == "Succeeded", run.steps
    assert calls == [({"word": "hello", "nested": {"list": [1, None, {"a": True}]}}, None)]
    assert run.steps["Score"]["Metadata"] == {
        "Lambda": {
            "Arn": "arn:aws:lambda:us-east-1:000000000000:function:scorer",
            "OutputParameters": [{"Name": "score", "Value": "0.75"}],
        }
    }
    assert run.steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "True"
    assert local.log(run, "Show") == "score 0.75\n"


@pytest.mark.parametrize("given", ["scorer", ARN, f"{ARN}:3"])
@pytest.mark.parametrize("called", ["scorer", ARN, f"{ARN}:live"])
def test_a_function_is_known_by_its_name_or_its_arn(
    with_functions: Any, given: str, called: str
) -> None:
    local = with_functions({given: lambda event, context: {"x": "1"}})
    run = local.run(definition(function("S", called, {"x": "String"})))
    assert run.status == "Succeeded", run.steps
    arn = (
        ARN
        if called.startswith("arn:")
        else "arn:aws:lambda:us-east-1:000000000000:function:scorer"
    )
    assert run.steps["S"]["Metadata"]["Lambda"]["Arn"].startswith(arn)


def test_an_exact_arn_goes_before_a_name() -> None:
    functions: Json = {"scorer": print, ARN: echo}
    assert handler_for(functions, ARN) is echo
    assert handler_for({"scorer": print}, ARN) is print


@pytest.mark.parametrize(
    ("text", "name"),
    [(ARN, "scorer"), (f"{ARN}:7", "scorer"), ("scorer", "scorer"), ("a:b", "a:b")],
)
def test_the_name_in_an_arn(text: str, name: str) -> None:
    assert function_name(text) == name


def test_a_function_may_be_named_by_its_place(with_functions: Any) -> None:
    local = with_functions(f="engine.steps.test_functions:echo")
    run = local.run(definition(function("S", "f", {"said": "String"}, {"word": "hi"})))
    (output,) = run.steps["S"]["Metadata"]["Lambda"]["OutputParameters"]
    assert output == {"Name": "said", "Value": "hi"}


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("no_such_module:handler", "the function 'no_such_module:handler' cannot be imported"),
        ("engine.steps.test_functions:nothing", "cannot be imported"),
        ("engine.steps.test_functions", "cannot be imported"),
        ("engine.steps.test_functions:ARN", "'engine.steps.test_functions:ARN' is not a function"),
    ],
)
def test_a_place_that_is_wrong_fails_the_step(with_functions: Any, place: str, reason: str) -> None:
    run = with_functions(f=place).run(definition(function("S", "f")))
    assert run.statuses == {"S": "Failed"}
    assert reason in run.reason("S")
    assert "write it as module:handler" in run.reason("S")


def test_a_module_that_breaks_on_import_fails_the_step(
    with_functions: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_handler.py").write_text("this is no Python")
    monkeypatch.syspath_prepend(str(tmp_path))
    run = with_functions(f="broken_handler:f").run(definition(function("S", "f")))
    assert run.reason("S").startswith("ClientError: the function 'broken_handler:f' cannot be")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: {}, "the function 'f' returned no x, y; it must return a dict with the step's"),
        (lambda: {"x": 1}, "the function 'f' returned no y"),
        (lambda: None, "the function 'f' returned no x, y"),
        (lambda: "text", "the function 'f' returned no x, y"),
        (lambda: {"x": [1], "y": 1}, "the function 'f' returned a list as x; an output parameter"),
        (lambda: {"x": None, "y": 1}, "the function 'f' returned a NoneType as x"),
        (lambda: {"x": "a", "y": "b"}, "the function 'f' returned a wrong y: 'b' is not of type"),
        (lambda: {"x": "a", "y": 1.5}, "the function 'f' returned a wrong y: 1.5 is not of type"),
        (lambda: 1 / 0, "the function 'f' failed: ZeroDivisionError: division by zero"),
    ],
)
def test_a_wrong_answer_fails_the_step_with_a_sentence(
    with_functions: Any, answer: Callable[[], Any], reason: str
) -> None:
    local = with_functions(f=lambda event, context: answer())
    run = local.run(definition(function("S", "f", {"x": "String", "y": "Integer"})))
    assert run.statuses == {"S": "Failed"}
    assert run.reason("S").startswith(f"ClientError: {reason}")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("String", 200, "200"),
        ("String", True, "true"),
        ("String", "", ""),
        ("Integer", "7", "7"),
        ("Float", 3, "3.0"),
        ("Boolean", "True", "true"),
        ("Boolean", False, "false"),
    ],
)
def test_an_answer_has_the_type_that_was_declared(
    with_functions: Any, kind: str, value: Any, text: str
) -> None:
    local = with_functions(f=lambda event, context: {"x": value})
    run = local.run(definition(function("S", "f", {"x": kind})))
    assert run.status == "Succeeded", run.steps
    (output,) = run.steps["S"]["Metadata"]["Lambda"]["OutputParameters"]
    assert output["Value"] == text


def test_what_a_function_changes_in_its_event_is_its_own(with_functions: Any) -> None:
    def careless(event: Json, context: Any) -> Json:
        event["list"].append(2)
        return {"x": str(event["list"])}

    local = with_functions(f=careless)
    text = definition(function("S", "f", {"x": "String"}, {"list": [1]}))
    for _ in range(2):
        (output,) = local.run(text).steps["S"]["Metadata"]["Lambda"]["OutputParameters"]
        assert output["Value"] == "[1, 2]"


def test_times_of_other_steps_reach_a_function_as_texts(with_functions: Any) -> None:
    """As in Lambda, whose event is JSON."""
    local = with_functions(f=lambda event, context: {"x": event["at"]})
    run = local.run(
        definition(
            processing("Before", local.code("pass")),
            function("S", "f", {"x": "String"}, {"at": get("Steps.Before.ProcessingEndTime")}),
        )
    )
    assert run.status == "Succeeded", run.steps


def test_a_function_that_is_interrupted_by_stop_ends_first(with_functions: Any) -> None:
    """A Python function cannot be ended from outside; what follows it does not start."""
    started, go_on = threading.Event(), threading.Event()

    def waits(event: Json, context: Any) -> Json:
        started.set()
        assert go_on.wait(30)
        return {}

    local = with_functions(f=waits)
    after = processing("After", local.code("pass"), DependsOn=["S"])
    run = local.start(definition(function("S", "f"), after))
    assert started.wait(30)
    run.stop()
    assert run.status == "Stopping"
    go_on.set()
    assert run.wait().status == "Stopped"
    assert run.statuses == {"S": "Succeeded"}


def test_a_function_that_fails_inside_is_not_tried_again(with_functions: Any) -> None:
    calls: list[int] = []

    def breaks(event: Json, context: Any) -> Json:
        calls.append(1)
        raise RuntimeError("broken")

    policy = {"ExceptionType": ["Step.SERVICE_FAULT"], "IntervalSeconds": 0}
    local = with_functions(f=breaks)
    run = local.run(definition(function("S", "f", RetryPolicies=[policy])))
    assert run.statuses == {"S": "Failed"}
    assert calls == [1]


def test_a_place_is_looked_up_when_it_is_called() -> None:
    with pytest.raises(LocalError, match="is not known to this local session"):
        handler_for({}, "f")


@pytest.mark.parametrize(
    ("declared", "status"),
    [({"x": "String"}, "taken"), ({"x": "Integer"}, "no result"), ({"y": "String"}, "no result")],
)
def test_an_earlier_answer_is_of_use_only_as_what_is_declared_now(
    with_functions: Any, declared: dict[str, str], status: str
) -> None:
    """A selective execution runs the definition of now over what an older one answered."""
    local = with_functions(f=lambda event, context: {"x": "many"})
    source = local.run(definition(function("S", "f", {"x": "String"})))
    (name,) = declared
    after = condition("Gate", [compare("Equals", answer_of("S", name), "many")])
    selected = {
        "SelectedSteps": [{"StepName": "Gate"}],
        "SourcePipelineExecutionArn": source.arn,
    }
    text = definition(function("S", "f", declared), after)
    if status == "taken":
        run = local.run(text, SelectiveExecutionConfig=selected)
        assert run.statuses == {"S": "Succeeded", "Gate": "Succeeded"}
        return
    with pytest.raises(ClientError, match="step 'S': has no result in the source execution"):
        local.run(text, SelectiveExecutionConfig=selected)
