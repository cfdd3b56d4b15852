"""Pass steps succeed at once, and stand for an order among others."""

from __future__ import annotations

from typing import Any

from engine.checked import problems
from engine.definitions import compare, condition, definition, function, get, step
from engine.local import Local

START = step("Start", "Pass", {})


def test_it_succeeds_at_once_and_others_wait_for_it(local: Local) -> None:
    gate = condition("Gate", [compare("Equals", 1, 1)], [step("Inside", "Pass", {})])
    run = local.run(definition(gate | {"DependsOn": ["Start"]}, START))
    assert run.statuses == dict.fromkeys(("Start", "Gate", "Inside"), "Succeeded")
    assert run.steps["Start"]["Metadata"] == {}
    assert run.steps["Start"]["EndTime"] <= run.steps["Gate"]["StartTime"]


def test_a_retry_takes_it_as_done(with_functions: Any) -> None:
    failing = function("Breaks", "f", DependsOn=["Start"])
    run = with_functions(f=lambda event, context: 1 / 0).run(definition(START, failing))
    assert run.statuses == {"Start": "Succeeded", "Breaks": "Failed"}
    started = run.steps["Start"]["StartTime"]
    again = run.retry()
    assert again.steps["Start"]["StartTime"] == started


def test_it_has_no_arguments_and_no_properties() -> None:
    gate = condition("Gate", [compare("Equals", get("Steps.Start.Value"), 1)])
    found = problems(START | {"Arguments": {"Value": 1}}, gate)
    assert found == [
        "step 'Start': the argument Value is not run locally",
        "step 'Gate': Steps.Start.Value: a Pass step has no properties",
    ]
