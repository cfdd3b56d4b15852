"""Plans: waves, branches, and what parameters decide already; nothing runs."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.planning.plan import Plan, PlannedStep, plan

from engine.definitions import (
    IMAGE,
    Json,
    compare,
    condition,
    definition,
    fail,
    false,
    function,
    get,
    join,
    json_get,
    output_of,
    parameter,
    processing,
    step,
    training,
    true,
)
from engine.local import Local

CODE = "s3://sagemaker-local/code"
REAL = Path(__file__).resolve().parents[4] / "shared" / "definitions"


def planned(text: str, given: Json | None = None) -> dict[str, PlannedStep]:
    found = plan(text, given or {})
    assert found.refusals == ()
    return {item.name: item for item in found.steps}


def waves(found: dict[str, PlannedStep]) -> dict[str, int]:
    return {name: item.wave for name, item in found.items()}


def test_steps_are_in_waves_and_name_what_they_wait_for() -> None:
    found = planned(
        definition(
            processing("D", CODE, DependsOn=["B", "C"]),
            processing("C", CODE, inputs={"x": output_of("A", "o")}),
            processing("B", CODE, DependsOn=["A"]),
            processing("A", CODE, outputs=["o"]),
            processing("E", CODE),
        )
    )
    assert waves(found) == {"A": 1, "E": 1, "B": 2, "C": 2, "D": 3}
    assert list(found) == ["A", "E", "C", "B", "D"]  # waves, then as they are written
    assert found["D"].needs == ("C", "B")
    assert found["A"].needs == ()
    assert {item.runs for item in found.values()} == {True}
    assert found["A"].type == "Processing"


def test_branches_name_their_condition() -> None:
    gate = condition(
        "Gate",
        [compare("GreaterThan", json_get("Evaluate", "Eval", "score"), 0.5)],
        [processing("Yes", CODE), true("Inner", processing("Deep", CODE))],
        [fail("No")],
    )
    evaluate = processing("Evaluate", CODE, outputs=["o"], files={"Eval": ("o", "e.json")})
    found = planned(definition(evaluate, gate, processing("After", CODE, DependsOn=["Yes"])))
    assert waves(found) == {
        "Evaluate": 1, "Gate": 2, "Yes": 3, "Inner": 3, "No": 3, "Deep": 4, "After": 4
    }  # fmt: skip
    assert {name: item.when for name, item in found.items() if item.when} == {
        "Yes": "if Gate",
        "Inner": "if Gate",
        "No": "unless Gate",
        "Deep": "if Inner",
    }
    assert found["Gate"].runs is True
    assert {found[n].runs for n in ("Yes", "Inner", "No", "Deep", "After")} == {None}


@pytest.mark.parametrize(
    ("given", "runs"),
    [
        (None, {"Yes": True, "After": True, "No": False, "Never": False}),
        ({"N": "2"}, {"Yes": False, "After": False, "No": True, "Never": True}),
    ],
)
def test_what_parameters_decide_is_told(given: Json | None, runs: dict[str, bool]) -> None:
    gate = condition(
        "Gate",
        [compare("Equals", get("Parameters.N"), 1)],
        [processing("Yes", CODE)],
        [processing("No", CODE)],
    )
    text = definition(
        gate,
        processing("After", CODE, DependsOn=["Yes"]),
        processing("Never", CODE, DependsOn=["No"]),
        parameters=[parameter("N", "Integer", 1)],
    )
    found = planned(text, given)
    assert {name: found[name].runs for name in runs} == runs


def test_a_condition_on_another_ones_outcome_is_decided_too() -> None:
    second = condition(
        "Second", [compare("Equals", get("Steps.First.Outcome"), True)], [processing("A", CODE)]
    )
    found = planned(definition(false("First"), second))
    assert found["A"].runs is False


@pytest.mark.parametrize(
    "value",
    [
        get("Execution.PipelineName"),
        get("Steps.P.ProcessingJobName"),
        {"Std:JsonGet": {"S3Uri": "s3://b/k", "Path": "a"}},
        json_get("P", "F", "a"),
        get("Steps.Unsure.Outcome"),
    ],
)
def test_what_only_a_run_tells_is_left_open(value: Any) -> None:
    p = processing("P", CODE, outputs=["o"], files={"F": ("o", "f.json")})
    unsure = condition("Unsure", [compare("Equals", get("Execution.PipelineExecutionId"), "x")])
    gate = condition("Gate", [compare("Equals", value, "x")], [processing("A", CODE)])
    assert planned(definition(p, unsure, gate))["A"].runs is None


def test_what_cannot_be_compared_is_left_to_the_run() -> None:
    gate = condition("Gate", [compare("GreaterThan", "1", 1)], [processing("A", CODE)])
    assert planned(definition(gate))["A"].runs is None


def test_what_stands_in_the_way_is_listed_and_nothing_is_planned() -> None:
    text = definition(
        step("Q", "QualityCheck", {}),
        processing("P", get("Parameters.Absent")),
        function("F", "unknown"),
        parameters=[parameter("N", "Integer")],
        Surplus=1,
    )
    found = plan(text, {"M": "1"}, ())
    assert found.steps == ()
    assert [problem.where for problem in found.refusals] == [
        "", "step 'Q'", "step 'P'", "step 'F'", "parameter 'M'", "parameter 'N'"
    ]  # fmt: skip
    assert str(found).startswith("The pipeline definition cannot run, for 6 reasons:\n  - Cannot")
    assert plan(text, {}, ("unknown",)).refusals != found.refusals


@pytest.mark.parametrize("text", ["", "[]", '{"Steps": 5}', '{"Version": "2020-12-01"}'])
def test_what_is_no_definition_has_problems_and_no_crash(text: str) -> None:
    found = plan(text, {})
    assert found.refusals
    assert str(found).startswith("The pipeline definition cannot run")


def test_a_plan_reads_well() -> None:
    gate = condition(
        "Gate",
        [compare("Equals", get("Parameters.N"), 1)],
        [training("Train", {"code": CODE, "sm_drivers": CODE})],
        [fail("No")],
    )
    prepare = processing("Prepare", CODE, DependsOn=["Gate"])
    text = definition(prepare, gate, parameters=[parameter("N", "Integer", 1)])
    old = "r/sagemaker-scikit-learn:0.20.0-cpu-py37"
    text = text.replace(IMAGE, "r/unknown").replace("r/unknown", old, 1)
    *lines, python, library, doubt = str(plan(text, {})).splitlines()
    assert lines == [
        "  1  Gate     Condition",
        "  2  Prepare  Processing     after Gate",
        "  2  Train    Training       after Gate  if Gate",
        "  2  No       Fail           after Gate  unless Gate  (will not run)",
        "without effect here: InstanceType (Prepare, Train)",
        "without effect here: RoleArn (Prepare, Train)",
        "without effect here: VolumeSizeInGB (Prepare, Train)",
    ]
    assert python.startswith("differs here: Python 3.")
    assert library.endswith(", 0.20.0 in sagemaker-scikit-learn:0.20.0-cpu-py37")
    told = "SageMaker may refuse: step 'Prepare': DependsOn names the Condition step 'Gate'"
    assert doubt.startswith(told)


@pytest.mark.slow
def test_two_thousand_steps_are_in_the_right_waves() -> None:
    """Random references backwards; each wave is one after the last one that it waits for."""
    chance = random.Random(7)
    needs: dict[str, list[str]] = {}
    for number in range(2000):
        earlier = chance.sample(range(number), min(number, chance.choice([0, 0, 1, 2, 5])))
        needs[f"S{number}"] = [f"S{other}" for other in earlier]
    steps = [function(name, "f", DependsOn=others) for name, others in needs.items()]
    chance.shuffle(steps)
    found = planned(definition(*steps))
    assert set(found) == set(needs)
    for name, others in needs.items():
        assert set(found[name].needs) == set(others)
        assert found[name].wave == 1 + max((found[other].wave for other in others), default=0)
    order = [item.wave for item in found.values()]
    assert order == sorted(order)


@pytest.mark.slow
def test_a_chain_of_two_thousand_and_one_step_that_needs_all() -> None:
    chain = [function(f"S{n}", "f", DependsOn=[f"S{n - 1}"] if n else []) for n in range(2000)]
    last = function("Last", "f", DependsOn=[f"S{n}" for n in range(2000)])
    found = planned(definition(last, *chain))
    assert [found[f"S{n}"].wave for n in range(2000)] == list(range(1, 2001))
    assert found["Last"].wave == 2001


def test_waves_are_the_order_of_a_run(local: Local) -> None:
    code = local.code("pass")
    steps = [
        processing("D", code, DependsOn=["B", "C"]),
        processing("C", code, DependsOn=["A"]),
        processing("B", code, DependsOn=["A"]),
        true("A", processing("Yes", code), else_steps=[processing("No", code)]),
    ]
    text = definition(*steps)
    found = planned(text)
    run = local.run(text)
    assert set(run.statuses) == {name for name, item in found.items() if item.runs}
    listed = [found[item["StepName"]].wave for item in run.listed[::-1]]
    assert listed == sorted(listed)


def test_a_plan_runs_nothing_and_needs_no_file(tmp_path: Path, runner: Any) -> None:
    local = Local(tmp_path / "root", runner)
    text = definition(processing("S", "s3://absent/code", arguments=[join("", "a", "b")]))
    assert planned(text)["S"].runs is True
    assert local.client.list_pipelines()["PipelineSummaries"] == []
    assert local.client.list_processing_jobs()["ProcessingJobSummaries"] == []


@pytest.mark.parametrize("file", sorted(REAL.glob("*__*.json")), ids=lambda file: file.name[:40])
def test_definitions_that_others_wrote_are_planned(file: Path) -> None:
    """Either every step is in a wave after those that it waits for, or the reasons are told."""
    text = file.read_text(encoding="utf-8")
    names = {item["Name"] for item in json.loads(text)["Parameters"] if "DefaultValue" not in item}
    found = plan(text, dict.fromkeys(names, "1"))
    assert isinstance(found, Plan)
    assert str(found)
    by_name = {item.name: item for item in found.steps}
    for item in found.steps:
        assert all(by_name[other].wave < item.wave for other in item.needs)
    assert bool(found.steps) != bool(found.refusals)


def test_real_definitions_are_there_or_their_absence_is_told() -> None:
    if not REAL.is_dir():
        pytest.skip(f"there are no definitions of other people at {REAL}")
    assert len(list(REAL.glob("*__*.json"))) > 10


def test_one_fault_hides_no_other_and_each_is_told_at_its_step_in_their_order() -> None:
    faulty = {"Std:JsonGet": {"Path": "a b", "PropertyFile": "x"}}
    words = [get("Bogus"), {"Std:Join": {"On": ","}}, get("Parameters.No"), faulty]
    policies = [{"ExceptionType": ["All"], "MaxAttempts": 0}]
    text = definition(
        processing("A", "s3://b/code", arguments=words),
        step("F", "Lambda", {}, FunctionArn=get("Nonsense")),
        processing("B", "s3://b/code", RetryPolicies=policies),
    )
    at = "AppSpecification.ContainerArguments"
    told = [str(each) for each in plan(text, {}).refusals]
    expected = [
        f"step 'A': {at}[0]: Get: 'Bogus' is not ",
        f"step 'A': {at}[1]: Std:Join needs On, ",
        f"step 'A': {at}[3]: Std:JsonGet: 'a b' is not a path ",
        f"step 'A': {at}[3]: Std:JsonGet needs S3Uri, ",
        "step 'A': Parameters.No is not a parameter",
        "step 'F': FunctionArn is not known before it runs",
        "step 'F': FunctionArn: Get: 'Nonsense' is not ",
        "step 'B': 'All' is not an exception type",
        "step 'B': a retry policy's MaxAttempts should be from 1 to 20",
    ]
    assert [line[: len(want)] for line, want in zip(told, expected, strict=True)] == expected
