"""Each member beside a step's arguments has its effect, is named, or is refused."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.definition.document import parse, read
from sagemaker_local.definition.support import Support
from sagemaker_local.jobs import tuning_search
from sagemaker_local.planning.checks import check
from sagemaker_local.planning.notices import ignored
from sagemaker_local.processes.runner import Runner
from sagemaker_local.steps import functions
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.store import Store

from engine.definitions import (
    OUTPUT,
    Json,
    answer_of,
    compare,
    condition,
    definition,
    json_get,
    processing,
)
from engine.local import Local
from engine.support_tables import MEMBERS, WAYS, knowing_a_function, simplest, types_with


@pytest.fixture
def local(tmp_path: Path, runner: Runner) -> Local:
    return knowing_a_function(tmp_path / "root", runner)


def rows(support: Support) -> list[tuple[str, str]]:
    return [(member, kind) for member in MEMBERS for kind in types_with(member, support)]


VALUES: Json = {
    "DependsOn": ["Before"],
    "DisplayName": "Shown",
    "Description": "Told",
    "PropertyFiles": [{"PropertyFileName": "f", "OutputName": "o", "FilePath": "f.json"}],
    "CacheConfig": {"Enabled": True},
    "RetryPolicies": [{"ExceptionType": ["Step.SERVICE_FAULT"], "IntervalSeconds": 0}],
    "FunctionArn": "f",
    "SqsQueueUrl": "f",
    "OutputParameters": [{"OutputName": "x", "OutputType": "String"}],
}


@pytest.mark.parametrize(("member", "kind"), rows(Support.REFUSED))
def test_a_member_that_is_refused_is_named(member: str, kind: str, local: Local) -> None:
    item = simplest(kind, local) | {member: VALUES[member]}
    parsed, problems = read(definition(item))
    told = [str(problem) for problem in problems + check(parsed)]
    assert any(problem.startswith("step 'S': ") and member in problem for problem in told), told


@pytest.mark.parametrize(("member", "kind"), rows(Support.IGNORED))
def test_a_member_that_is_ignored_is_named_and_changes_nothing(
    member: str, kind: str, local: Local
) -> None:
    item = simplest(kind, local) | {member: VALUES[member]}
    assert ignored(parse(definition(item)))[member] == ["S"]
    runs = [local.run(definition(item)) for _ in range(2)]
    assert {run.status for run in runs} == {"Succeeded"}
    assert all("CacheHitResult" not in run.steps["S"] for run in runs)


@pytest.mark.parametrize(("member", "kind"), rows(Support.RUN))
def test_a_member_that_is_run_has_its_effect(
    member: str, kind: str, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    effect = {
        "DependsOn": _waits,
        "DisplayName": lambda item, _: _listed(item, local, "StepDisplayName"),
        "Description": lambda item, _: _listed(item, local, "StepDescription"),
        "PropertyFiles": _is_read,
        "CacheConfig": _is_reused,
        "RetryPolicies": lambda item, _: _is_tried_again(item, local, monkeypatch),
        "FunctionArn": _answers,
        "OutputParameters": _answers,
    }[member]
    effect(simplest(kind, local) | {member: VALUES[member]}, local)


def _waits(item: Json, local: Local) -> None:
    run = local.run(definition(item, processing("Before", local.code("pass"))))
    assert run.steps["Before"]["EndTime"] <= run.steps["S"]["StartTime"]


def _listed(item: Json, local: Local, member: str) -> None:
    assert local.run(definition(item)).steps["S"][member] in ("Shown", "Told")


def _is_read(item: Json, local: Local) -> None:
    script = "import sys; open(sys.argv[1] + '/f.json', 'w').write('{\"a\": 7}')"
    made = processing("S", local.code(script), outputs=["o"], arguments=[f"{OUTPUT}/o"])
    gate = condition("Gate", [compare("Equals", json_get("S", "f", "a"), 7)])
    run = local.run(definition(made | {"PropertyFiles": item["PropertyFiles"]}, gate))
    assert run.steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "True"


def _is_reused(item: Json, local: Local) -> None:
    first, second = (local.run(definition(item)) for _ in range(2))
    assert second.steps["S"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first.arn}


def _is_tried_again(item: Json, local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the step does first breaks, once, inside the engine."""
    if item["Type"] == "Tuning":  # a program that does not start is a try that failed, no more
        _break_once(monkeypatch, tuning_search, "search")
    else:
        _break_once(monkeypatch, type(local.runner), "start")
    _break_once(monkeypatch, functions, "call")
    if item["Type"] in ("Model", "RegisterModel"):
        resource = {"Model": "model", "RegisterModel": "model-package-group"}[item["Type"]]
        _break_once(monkeypatch, Store, "add_resource", lambda store, kind, *_: kind == resource)
    run = local.run(definition(item))
    assert run.status == "Succeeded", run.steps
    assert run.steps["S"]["AttemptCount"] == 2


def _break_once(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, when: Any = lambda *_: True
) -> None:
    broken: list[str] = []
    work = getattr(owner, name)

    def breaks(*arguments: Any) -> Any:
        if not broken and when(*arguments):
            broken.append(name)
            raise RuntimeError("a bug")
        return work(*arguments)

    monkeypatch.setattr(owner, name, breaks)


def _answers(item: Json, local: Local) -> None:
    gate = condition("Gate", [compare("Equals", answer_of("S", "x"), "1")])
    run = local.run(definition(item, gate))
    assert run.steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "True"


def test_each_row_has_a_way_to_be_tried() -> None:
    assert set(VALUES) == set(MEMBERS)
    assert len(list(product(MEMBERS, STEP_TYPES))) == sum(len(rows(support)) for support in WAYS)
