"""A definition's text becomes steps, or one error with every flaw."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sagemaker_local.definition.cache_config import CacheConfig
from sagemaker_local.definition.document import Branch, parse, read
from sagemaker_local.errors import DefinitionError
from sagemaker_local.planning.checks import check

from engine.definitions import (
    Json,
    condition,
    definition,
    fail,
    get,
    parameter,
    processing,
    step,
    true,
)

CODE = "s3://sagemaker-local/code"


def problems(text: str) -> list[str]:
    with pytest.raises(DefinitionError) as caught:
        parse(text)
    return [str(problem) for problem in caught.value.refusals]


def test_steps_parameters_and_experiment_are_read() -> None:
    prepare = processing(
        "Prepare",
        CODE,
        outputs=["out"],
        files={"File": ("out", "a.json")},
        DisplayName="Prepare it",
        Description="words",
        CacheConfig={"Enabled": True},
    )
    parsed = parse(
        definition(
            prepare,
            fail("Stop", DependsOn=["Prepare"]),
            parameters=[parameter("Rows", "Integer", 3), parameter("Path", "String")],
        )
    )
    first, second = parsed.steps.values()
    assert (first.name, first.type, first.display_name) == ("Prepare", "Processing", "Prepare it")
    assert first.description == "words"
    assert first.property_file("File") == first.property_files[0]
    assert first.property_files[0].path == "a.json"
    assert first.property_file("Other") is None
    assert first.cache == CacheConfig(expire_after=None)
    assert second.cache is None
    assert second.depends_on == ("Prepare",)
    assert {name: p.default for name, p in parsed.parameters.items()} == {"Rows": 3, "Path": None}
    assert parsed.experiment == {"ExperimentName": {"Get": "Execution.PipelineName"}}


def test_nested_steps_know_the_innermost_condition() -> None:
    inner = true("Inner", fail("Yes"), else_steps=[fail("No")])
    parsed = parse(definition(true("Outer", inner, else_steps=[fail("Other")])))
    assert list(parsed.steps) == ["Outer", "Inner", "Yes", "No", "Other"]
    assert parsed.steps["Outer"].branch is None
    assert parsed.steps["Inner"].branch == Branch("Outer", True)
    assert parsed.steps["Yes"].branch == Branch("Inner", True)
    assert parsed.steps["No"].branch == Branch("Inner", False)
    assert parsed.steps["Other"].branch == Branch("Outer", False)
    assert set(parsed.steps["Outer"].arguments) == {"Conditions"}


def test_conditions_nest_as_deep_as_in_the_wild() -> None:
    nested = fail("Last")
    for depth in range(60):
        nested = true(f"Level{depth}", nested)
    assert len(parse(definition(nested)).steps) == 61


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '"text"'])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    (problem,) = problems(text)
    assert "JSON" in problem


def test_every_flaw_is_in_one_error() -> None:
    text = json.dumps(
        {
            "Version": "2019",
            "Steeps": [],
            "Metadata": [1],
            "Parameters": [{"Name": "P", "Type": "Text"}, {"Name": "Q", "Type": "String", "X": 1}],
            "Steps": [
                fail("bad name"),
                fail("Twice"),
                fail("Twice"),
                {"Name": "NoType"},
                {"Type": "Fail"},
                fail("Extra", Retry=3),
                fail("Trigger", DependsOn=[{"Step": "Twice", "Trigger": "Failed"}]),
                fail("Files", PropertyFiles=[{"OutputName": "a"}]),
            ],
        }
    )
    parsed, flaws = read(text)
    found = "\n".join(map(str, [*flaws, *check(parsed)]))
    for expected in (
        "unknown property 'Steeps'",
        "Version is '2019'",
        "parameter 'P'",
        "parameter 'Q'",
        "step 'bad name': the name must be",
        "step 'Twice': is defined twice",
        "step 'NoType': has no Type",
        "a step without a name",
        "step 'Extra': Cannot parse object, unknown property 'Retry'",
        "step 'Trigger': DependsOn",
        "step 'Files': PropertyFiles",
        "Metadata should be an object",
    ):
        assert expected in found


def test_the_error_says_how_many_reasons_there_are() -> None:
    with pytest.raises(DefinitionError, match=r"for 1 reason:\n  - "):
        parse("[]")
    with pytest.raises(DefinitionError, match=r"for 2 reasons:\n  - .*\n  - "):
        parse("{}")


@pytest.mark.parametrize("name", ["", "a b", "a.b", "x" * 65, "ä", "a/b", "a\n"])
def test_step_names_are_those_of_the_service(name: str) -> None:
    assert any("the name must be" in problem for problem in problems(definition(fail(name))))


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"DisplayName": 3}, "DisplayName should be a string, and is 3, a number"),
        ({"Description": ["a"]}, 'Description should be a string, and is ["a"], a list'),
        (
            {"DisplayName": "x" * 257},
            "DisplayName has 257 characters, and the service takes",
        ),
        (
            {"Description": "x" * 3073},
            "Description has 3073 characters, and the service",
        ),
        ({"DependsOn": [None]}, "DependsOn has null, nothing, and needs names of steps"),
        ({"Type": ["Fail"]}, 'its Type is ["Fail"], a list'),
        ({"Arguments": []}, "Arguments should be an object, and is [], a list"),
        ({"CacheConfig": {"On": True}}, "CacheConfig should have Enabled and ExpireAfter"),
    ],
)
def test_what_stands_beside_the_arguments_is_text(members: Json, told: str) -> None:
    (found,) = problems(definition(fail("S") | members))
    assert found.startswith(f"step 'S': {told}")


def test_a_request_that_holds_a_definition_is_none() -> None:
    (found,) = problems(json.dumps({"PipelineName": "p", "PipelineDefinition": "{}"}))
    assert found == "it holds a PipelineDefinition, and is none itself; give that text"


def test_settings_of_the_whole_pipeline_are_objects() -> None:
    names = {"Trial": "a", "ExperimentName": get("Execution.Pipeline"), "TrialName": 3}
    found = [p.what for p in check(parse(definition(fail("S"), PipelineExperimentConfig=names)))]
    assert [what[:34] for what in found] == [
        "Cannot parse object, unknown prope",
        "TrialName should be a string, and ",
        "Execution.Pipeline is not an execu",
    ]
    found = problems(definition(fail("S"), PipelineExperimentConfig=3, MlflowConfig=[]))
    assert found == [
        "PipelineExperimentConfig should be an object, and is 3, a number",
        "MlflowConfig should be an object, and is [], a list",
    ]


def test_a_name_is_defined_once_in_all_branches() -> None:
    text = definition(fail("Same"), true("If", fail("Same")))
    assert problems(text) == ["step 'Same': is defined twice"]


def test_a_parameter_is_defined_once() -> None:
    text = definition(fail("F"), parameters=[parameter("P", "String")] * 2)
    assert problems(text) == ["parameter 'P': is defined twice"]


@pytest.mark.parametrize("steps", [None, [], {}, "Steps"])
def test_a_pipeline_has_steps(steps: Any) -> None:
    text = json.dumps({"Version": "2020-12-01", "Steps": steps})
    assert any("at least one step" in problem for problem in problems(text))


WRONG: list[Any] = [None, True, 7, 1.5, "text", [], [7], [None], ["a", ["b"]], {}, {"a": 7}]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
@pytest.mark.parametrize(
    "document",
    [
        lambda wrong: {"Parameters": wrong},
        lambda wrong: {"Parameters": [{"Name": wrong, "Type": "String"}]},
        lambda wrong: {"Parameters": [{"Name": "P", "Type": wrong}]},
        lambda wrong: {"Parameters": [{"Name": "P", "Type": "String", "DefaultValue": wrong}]},
        lambda wrong: {"Parameters": [{"Name": "P", "Type": "Integer", "EnumValues": wrong}]},
        lambda wrong: {"Steps": [wrong]},
        lambda wrong: {"Steps": [step("S", wrong, {})]},
        lambda wrong: {"Steps": [step("S", "Fail", wrong)]},
        lambda wrong: {"Steps": [fail("S", DependsOn=wrong)]},
        lambda wrong: {"Steps": [fail("S", PropertyFiles=wrong)]},
        lambda wrong: {"Steps": [fail("S", PropertyFiles=[{"PropertyFileName": wrong}])]},
        lambda wrong: {"Steps": [fail("S", DisplayName=wrong)]},
        lambda wrong: {"Steps": [step("S", "Condition", {"Conditions": [], "IfSteps": wrong})]},
        lambda wrong: {"Steps": [condition("S", [], else_steps=[wrong])]},
    ],
)
def test_wrong_types_are_flaws_and_no_crashes(document: Any, wrong: Any) -> None:
    """Whatever stands where, the answer is a definition or a DefinitionError."""
    whole = {"Version": "2020-12-01", "Steps": [fail("Stop")], **document(wrong)}
    try:
        parse(json.dumps(whole))
    except DefinitionError as error:
        assert error.refusals
