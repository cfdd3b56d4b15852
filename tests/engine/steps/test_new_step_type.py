"""A new step type is one class and one row: everything else learns of it from there."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from sagemaker_local.cache.signature import Signing
from sagemaker_local.definition.document import Step, parse
from sagemaker_local.definition.expressions import Reference
from sagemaker_local.definition.support import Settings, Support, table
from sagemaker_local.planning.checks import check
from sagemaker_local.planning.notices import ignored
from sagemaker_local.planning.plan import plan
from sagemaker_local.steps.step_type import StepContext, StepResult, StepState, StepType
from sagemaker_local.steps.step_types import STEP_TYPES

from engine.definitions import Json, compare, condition, definition, get, parameter, step
from engine.local import Local


class Echo(StepType):
    """Gives what it is given; an EMR cluster's shape stands for its own in the list of steps."""

    name = "Echo"
    metadata = "EMR"
    settings = Settings(table("Value", "Tags"), ignored_below=["KmsKeyId"])
    members = table("CacheConfig RetryPolicies Label")

    def refusals(self, step: Step) -> Iterator[str]:
        if "Value" not in step.arguments:
            yield "it has no Value"

    def property_refusals(self, step: Step, reference: Reference) -> Iterator[str]:
        if reference.path != ("Value",):
            yield f"{reference.text}: an Echo step has the property Value only"

    def run(self, step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
        return self._result({"ClusterId": str(arguments["Value"])})

    def result(self, value: Any, state: StepState) -> StepResult:
        return self._result(value)

    def _result(self, value: Any) -> StepResult:
        return StepResult({"Value": value["ClusterId"]}, {self.metadata: value})

    def sign(self, signing: Signing, arguments: dict[str, Any]) -> None:
        signing.setting("value", arguments["Value"])


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STEP_TYPES, Echo.name, Echo())


CACHED: Json = {"CacheConfig": {"Enabled": True}}
WORD = parameter("Word", "String", "hello")


def passing(value: Any, **members: Any) -> Json:
    return step("P", "Echo", {"Value": value}, **members)


def problems(*steps: Json) -> list[str]:
    return [str(refusal) for refusal in check(parse(definition(*steps)))]


def test_it_is_short() -> None:
    assert len(inspect.getsource(Echo).splitlines()) < 40


def test_it_runs_and_later_steps_refer_to_it(local: Local) -> None:
    gate = condition("Gate", [compare("Equals", get("Steps.P.Value"), "hello")])
    run = local.run(definition(passing(get("Parameters.Word")), gate, parameters=[WORD]))
    assert run.statuses == {"P": "Succeeded", "Gate": "Succeeded"}
    assert run.steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "True"
    assert run.steps["P"]["Metadata"]["EMR"] == {"ClusterId": "hello"}


def test_it_is_planned(local: Local) -> None:
    planned = plan(definition(passing("x"), passing(get("Steps.P.Value")) | {"Name": "Q"}), {})
    assert [(item.name, item.type, item.wave) for item in planned.steps] == [
        ("P", "Echo", 1),
        ("Q", "Echo", 2),
    ]


def test_it_is_reused_as_long_as_what_it_signs_is_the_same(local: Local) -> None:
    text = definition(passing(get("Parameters.Word"), **CACHED), parameters=[WORD])
    first, second = (local.run(text) for _ in range(2))
    assert second.steps["P"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first.arn}
    other = local.run(text, {"Word": "bye"})
    assert "CacheHitResult" not in other.steps["P"]
    assert str(other.explained) == "P: miss, value was hello, is bye"


def test_without_a_cache_config_it_always_runs(local: Local) -> None:
    runs = [local.run(definition(passing("x"))) for _ in range(2)]
    assert all("CacheHitResult" not in run.steps["P"] for run in runs)


def test_what_it_refuses_is_named_with_all_else() -> None:
    wrong = step("P", "Echo", {"Surprise": 1}, Retry=3)
    after = passing(get("Steps.P.Valu"), Label="its own") | {"Name": "Q"}
    assert problems(wrong, after) == [
        "step 'P': the argument Surprise is not run locally",
        "step 'P': Cannot parse object, unknown property 'Retry'",
        "step 'P': it has no Value",
        "step 'Q': Steps.P.Valu: an Echo step has the property Value only",
    ]
    assert problems(passing("x", Label="its own", **CACHED)) == []


def test_what_it_ignores_is_named() -> None:
    item = step("P", "Echo", {"Value": {"KmsKeyId": "k"}, "Tags": []})
    found = ignored(parse(definition(item, PipelineExperimentConfig=None)))
    assert found == {"KmsKeyId": ["P"], "Tags": ["P"]}


def test_the_tables_of_support_have_it() -> None:
    assert STEP_TYPES["Echo"].support("Label") is Support.RUN
    assert STEP_TYPES["Echo"].support("PropertyFiles") is Support.REFUSED


def test_a_retry_takes_its_result_from_the_state(local: Local) -> None:
    """It does not run again, in this process or another one."""
    gate = condition("Gate", [compare("LessThan", get("Steps.P.Value"), 1)])
    run = local.run(definition(passing("x"), gate))
    assert run.statuses == {"P": "Succeeded", "Gate": "Failed"}
    before = run.steps["P"]
    assert run.retry().statuses == {"P": "Succeeded", "Gate": "Failed"}
    assert run.steps["P"] == before
    assert "cannot compare 'x' with 1" in run.reason("Gate")
