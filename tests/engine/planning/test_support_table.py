"""The table in the engine's README is what the step types say, and every row of it is true.

Run this file to write it anew, with the engine's ``src`` and ``tests`` on PYTHONPATH:
``python tests/engine/planning/test_support_table.py``
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import sagemaker_local
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from sagemaker_local.definition.document import parse, read
from sagemaker_local.definition.support import Support
from sagemaker_local.jobs import tuning_search
from sagemaker_local.planning.checks import check
from sagemaker_local.planning.notices import _said, ignored
from sagemaker_local.planning.settings import SETTINGS
from sagemaker_local.processes.runner import Runner
from sagemaker_local.service_model import service_model, violations
from sagemaker_local.steps import functions
from sagemaker_local.steps.step_type import EVERY_MEMBER
from sagemaker_local.steps.step_types import NOT_RUN, STEP_TYPES
from sagemaker_local.storage.store import Store

from engine.definitions import (
    OUTPUT,
    Json,
    answer_of,
    compare,
    condition,
    definition,
    fail,
    function,
    get,
    integer,
    json_get,
    model,
    parameter,
    processing,
    register,
    step,
    training,
    transform,
    true,
    tuning,
    tuning_config,
)
from engine.jobs.test_transform import ECHO, created
from engine.local import Local

README = Path(sagemaker_local.__file__).parents[2] / "README.md"
_TABLE = re.compile(r"(?<=<!-- support -->\n).*?(?=<!-- /support -->)", re.DOTALL)
_WAYS = (Support.RUN, Support.IGNORED, Support.REFUSED)
ARGUMENTS = {
    name: step_type.settings.members if step_type.settings else {}
    for name, step_type in STEP_TYPES.items()
}
MEMBERS = list(
    dict.fromkeys([*EVERY_MEMBER, *(m for found in STEP_TYPES.values() for m in found.members)])
)
REQUEST_SHAPES = {name: found.request for name, found in STEP_TYPES.items() if found.request}


def table() -> str:
    """The rows, as Markdown."""
    rows = ["| step | run | ignored |", "| --- | --- | --- |"]
    for kind, arguments in ARGUMENTS.items():
        cells = (_named(arguments, support) for support in (Support.RUN, Support.IGNORED))
        rows.append(f"| {kind} | {' | '.join(cells)} |")
    rows += ["", "| step | refused, because |", "| --- | --- |"]
    rows += [f"| {kind} | {reason} |" for kind, reason in NOT_RUN.items()]
    rows += ["", "| member of a step | run | ignored | refused |", "| --- | --- | --- | --- |"]
    for member in MEMBERS:
        cells = (", ".join(_types(member, support)) for support in _WAYS)
        rows.append(f"| `{member}` | {' | '.join(cells)} |")
    rows += ["", "| setting of a pipeline or a start | |", "| --- | --- |"]
    rows += [f"| `{name}` | {support.value} |" for name, support in SETTINGS.items()]
    return "\n".join(rows) + "\n"


def _named(arguments: Mapping[str, Support], support: Support) -> str:
    return ", ".join(f"`{name}`" for name, how in arguments.items() if how is support)


def _types(member: str, support: Support) -> list[str]:
    return [name for name, found in STEP_TYPES.items() if found.support(member) is support]


def test_the_readme_has_the_table_of_support() -> None:
    found = _TABLE.search(README.read_text(encoding="utf-8"))
    assert found is not None
    assert found.group() == table(), f"run {Path(__file__).name} to write the table anew"


def simplest(kind: str, local: Local) -> Json:
    """The smallest step ``S`` of a type."""
    uri = local.put("m", "model.tar.gz")
    makers: dict[str, Any] = {
        "Processing": lambda: processing("S", local.code("pass")),
        "Training": lambda: training("S", local.channels("pass")),
        "Tuning": lambda: smallest_tuning(local),
        "Transform": lambda: smallest_transform(local),
        "Model": lambda: model("S", uri),
        "RegisterModel": lambda: register("S", "group", uri),
        "Condition": lambda: true("S"),
        "Fail": lambda: fail("S", "on purpose"),
        "Lambda": lambda: function("S", "f", {"x": "String"}),
    }
    found: Json = makers[kind]()
    return found


def smallest_tuning(local: Local) -> Json:
    config = tuning_config(integer("n", 1, 3), jobs=1)
    return tuning("S", config, local.submitted("print('loss=1')"))


def smallest_transform(local: Local) -> Json:
    """A step that has a model answer with what it was asked."""
    data = local.put("1\n", "records/one.csv")
    name = created(local, "echo", ECHO)
    return transform("S", name, data, "s3://sagemaker-local/answers")


@pytest.fixture
def local(tmp_path: Path, runner: Runner) -> Local:
    return Local(tmp_path / "root", runner, {"f": lambda event, context: {"x": "1"}})


def rows(support: Support) -> list[tuple[str, str]]:
    return [(member, kind) for member in MEMBERS for kind in _types(member, support)]


VALUES: Json = {
    "DependsOn": ["Before"],
    "DisplayName": "Shown",
    "Description": "Told",
    "PropertyFiles": [{"PropertyFileName": "f", "OutputName": "o", "FilePath": "f.json"}],
    "CacheConfig": {"Enabled": True},
    "RetryPolicies": [{"ExceptionType": ["Step.SERVICE_FAULT"], "IntervalSeconds": 0}],
    "FunctionArn": "f",
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


def test_every_type_of_step_that_runs_is_tried_here(local: Local) -> None:
    for kind in ARGUMENTS:
        assert simplest(kind, local)["Type"] == kind


IGNORED_ARGUMENTS = [
    (kind, name)
    for kind, arguments in ARGUMENTS.items()
    for name, support in arguments.items()
    if support is Support.IGNORED
]
# Texts of which one fits whatever pattern a member has.
TEXTS = ("abc", "s3://b/k", "arn:aws:iam::000000000000:role/some-role", "arn:aws:kms:us-east-1:0")


def example(shape: Shape) -> Any:
    """A small value of a shape; a structure with all its required members and one more."""
    if isinstance(shape, StructureShape):
        names = shape.required_members or list(shape.members)[:1]
        return {name: example(shape.members[name]) for name in names}
    if isinstance(shape, ListShape):
        return [example(shape.member)]
    if isinstance(shape, MapShape):
        return {"a": example(shape.value)}
    if isinstance(shape, StringShape):
        return shape.enum[0] if shape.enum else next(_fitting(shape))
    return {"boolean": False, "timestamp": 0}.get(
        shape.type_name, max(1, shape.metadata.get("min", 1))
    )


def _fitting(shape: Shape) -> Iterator[str]:
    long_enough = [text.ljust(shape.metadata.get("min", 0), "a") for text in TEXTS]
    return (text for text in long_enough if not list(violations(text, shape)))


@pytest.mark.parametrize(("kind", "name"), IGNORED_ARGUMENTS)
def test_an_argument_that_is_ignored_is_accepted_and_named(
    kind: str, name: str, local: Local
) -> None:
    shape = service_model().shape_for(REQUEST_SHAPES[kind])
    assert isinstance(shape, StructureShape)
    item = simplest(kind, local)
    item["Arguments"][name] = example(shape.members[name])
    parsed = parse(definition(item))
    assert check(parsed) == []
    assert "S" in ignored(parsed)[name]


@pytest.mark.parametrize("kind", REQUEST_SHAPES)
def test_ignored_arguments_all_together_change_nothing(kind: str, local: Local) -> None:
    shape = service_model().shape_for(REQUEST_SHAPES[kind])
    assert isinstance(shape, StructureShape)
    item = simplest(kind, local)
    for name in (name for type_, name in IGNORED_ARGUMENTS if type_ == kind):
        item["Arguments"].setdefault(name, example(shape.members[name]))
    run = local.run(definition(item))
    assert run.status == "Succeeded", run.steps


@pytest.mark.parametrize("kind", sorted(NOT_RUN))
def test_a_type_that_is_refused_says_why(kind: str, local: Local) -> None:
    with pytest.raises(Exception, match="cannot run, for 1 reason") as refused:
        local.run(definition(step("S", kind, {})))
    assert f"step 'S': type {kind}: {NOT_RUN[kind]}" in str(refused.value)


def _parameters(local: Local) -> None:
    item = fail("S", get("Parameters.Word"))
    text = definition(item, parameters=[parameter("Word", "String", "default")])
    assert local.run(text, {"Word": "given"}).reason("S") == "given"
    assert local.run(text).reason("S") == "default"


def _parallelism(local: Local) -> None:
    text = definition(processing("A", local.code("pass")), processing("B", local.code("pass")))
    run = local.run(text, parallel=1)
    first, second = run.listed[::-1]
    assert first["EndTime"] <= second["StartTime"]


def _selection(local: Local) -> None:
    config = {"SelectedSteps": [{"StepName": "B"}]}
    text = definition(true("A"), true("B"))
    assert set(local.run(text, SelectiveExecutionConfig=config).statuses) == {"B"}


def _token(local: Local) -> None:
    text = definition(true("S"))
    arns = {local.run(text, ClientRequestToken="t" * 32).arn for _ in range(2)}
    assert len(arns) == 1


def _described(member: str) -> Any:
    def effect(local: Local) -> None:
        request: Json = {member: "Shown"}
        run = local.run(definition(true("S")), **request)
        assert run.described[member] == "Shown"
        (summary,) = local.client.list_pipeline_executions(PipelineName="pipe")[
            "PipelineExecutionSummaries"
        ]
        assert summary[member] == "Shown"

    return effect


EFFECTS = {
    "Parameters": _parameters,
    "ParallelismConfiguration": _parallelism,
    "SelectiveExecutionConfig": _selection,
    "ClientRequestToken": _token,
    "PipelineExecutionDisplayName": _described("PipelineExecutionDisplayName"),
    "PipelineExecutionDescription": _described("PipelineExecutionDescription"),
}


def settings(support: Support) -> list[str]:
    return [name for name, how in SETTINGS.items() if how is support]


@pytest.mark.parametrize("name", settings(Support.RUN))
def test_a_setting_that_is_run_has_its_effect(name: str, local: Local) -> None:
    EFFECTS[name](local)


@pytest.mark.parametrize("name", settings(Support.IGNORED))
def test_a_setting_that_is_ignored_is_named(
    name: str, local: Local, capsys: pytest.CaptureFixture[str]
) -> None:
    _said.clear()
    values: Json = {
        "PipelineExperimentConfig": {"ExperimentName": "mine", "TrialName": "first"},
        "MlflowConfig": {"MlflowResourceArn": "arn"},
        "MlflowExperimentName": "mine",
        "RoleArn": "arn:aws:iam::000000000000:role/some-role",
    }
    in_definition = name.endswith("Config")
    text = definition(true("S"), **({name: values[name]} if in_definition else {}))
    request: Json = {} if in_definition else {name: values[name]}
    run = local.run(text, **request)
    assert run.status == "Succeeded"
    assert f"without effect on this machine: {name}\n" in capsys.readouterr().err


@pytest.mark.parametrize("name", settings(Support.REFUSED))
def test_a_setting_that_is_refused_says_so(name: str, local: Local) -> None:
    request: Json = {name: 1 if name.endswith("Id") else "alias"}
    with pytest.raises(Exception, match=f"{name} is not run locally"):
        local.run(definition(true("S")), **request)
    assert (
        local.client.list_pipeline_executions(PipelineName="pipe")["PipelineExecutionSummaries"]
        == []
    )


def test_each_row_has_a_way_to_be_tried() -> None:
    assert set(VALUES) == set(MEMBERS)
    assert set(EFFECTS) == set(settings(Support.RUN))
    assert len(list(product(MEMBERS, ARGUMENTS))) == sum(len(rows(support)) for support in _WAYS)


def write() -> None:
    text = README.read_text(encoding="utf-8")
    README.write_text(_TABLE.sub(lambda _: table(), text), encoding="utf-8")


if __name__ == "__main__":
    write()
