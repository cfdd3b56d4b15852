"""Every definition that the prompts and parameters can build keeps SageMaker's rules.

What the engine knows of them, its plan refuses; the rest is asked here.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Bake, Run

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("all_definitions.py")
MAX_STEPS, MAX_INPUTS, MAX_ARGUMENTS, MAX_WORD = 50, 10, 100, 256
Json = dict[str, Any]


@dataclass(frozen=True)
class Built:
    """One line of the program's file; among the refusals is what SageMaker may refuse."""

    parameters: Json
    lists: bool
    families: list[str]
    definition: str
    refusals: list[str]

    @property
    def document(self) -> Json:
        return dict(json.loads(self.definition))

    def steps(self, kind: str = "") -> list[Json]:
        """Steps of a type, or all of them, those inside conditions too."""
        return [step for step in _steps(self.document["Steps"]) if kind in ("", step["Type"])]

    def words(self) -> Iterator[str]:
        """Every word of a command line, as it is when no start gives a parameter."""
        defaults = {each["Name"]: each["DefaultValue"] for each in self.document["Parameters"]}
        for step in self.steps("Processing"):
            application = step["Arguments"]["AppSpecification"]
            for word in application["ContainerEntrypoint"] + application["ContainerArguments"]:
                yield _text(word, defaults)


def _steps(steps: list[Json]) -> Iterator[Json]:
    for step in steps:
        yield step
        for branch in ("IfSteps", "ElseSteps"):
            yield from _steps(step["Arguments"].get(branch, []))


def _text(value: Any, defaults: Json) -> str:
    if isinstance(value, str):
        return value
    if "Get" in value:
        return str(defaults[value["Get"].removeprefix("Parameters.")])
    join = value["Std:Join"]
    return str(join["On"]).join(_text(part, defaults) for part in join["Values"])


@pytest.fixture(scope="module")
def built(bake: Bake, run: Run, tmp_path_factory: pytest.TempPathFactory) -> list[Built]:
    """All of them; the engine of a local session builds and plans them, and runs nothing."""
    file = tmp_path_factory.mktemp("definitions") / "definitions.jsonl"
    project = Path(shutil.copytree(bake(), file.parent / "project"))
    ended = run([sys.executable, str(PROGRAM), str(file)], project / "notebooks", project=project)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return [Built(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def test_all_of_them_are_built_and_none_is_refused(built: list[Built]) -> None:
    assert len({each.definition for each in built}) == len(built) == 3 * 3 * 3 * 2 * 2
    assert {str(each.parameters): each.refusals for each in built if each.refusals} == {}


def test_no_word_of_a_command_line_is_empty_long_or_of_two_lines(built: list[Built]) -> None:
    for each in built:
        words = list(each.words())
        assert all(0 < len(word) <= MAX_WORD and word.isprintable() for word in words), words


def test_one_condition_and_one_fail_for_each_family(built: list[Built]) -> None:
    for each in built:
        assert [len(each.steps(kind)) for kind in ("Condition", "Fail")] == [len(each.families)] * 2
        for condition in each.steps("Condition"):
            assert condition in each.document["Steps"], "no condition inside another"
            asked = condition["Arguments"]["Conditions"]
            assert len(asked) == (3 if each.lists else 2)
        for fail in each.steps("Fail"):
            assert "Std:JsonGet" not in json.dumps(fail)
            assert ".ExitMessage" in json.dumps(fail)


def test_no_more_of_anything_than_is_allowed(built: list[Built]) -> None:
    for each in built:
        steps = each.steps()
        assert len(steps) <= MAX_STEPS
        assert len({step["Name"] for step in steps}) == len(steps)
        for step in each.steps("Processing"):
            arguments = step["Arguments"]
            places = [item["S3Input"]["LocalPath"] for item in arguments["ProcessingInputs"]]
            assert len(set(places)) == len(places) <= MAX_INPUTS
            assert len(arguments["AppSpecification"]["ContainerArguments"]) <= MAX_ARGUMENTS


JOBS = ("Processing", "Training", "Tuning", "Transform")
THROTTLED = {"Step.THROTTLING"}
NO_MACHINE = {"SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"}


def test_every_job_waits_for_a_machine_and_every_call_is_made_again(built: list[Built]) -> None:
    """A model step may not have the policies of jobs, a condition or Fail step none at all."""
    wanted = dict.fromkeys(JOBS, THROTTLED | NO_MACHINE)
    wanted |= dict.fromkeys(("Model", "RegisterModel"), THROTTLED)
    for step in (step for each in built for step in each.steps()):
        policies = step.get("RetryPolicies", [])
        retried = {name for policy in policies for name in policy["ExceptionType"]}
        assert retried == wanted.get(step["Type"], set()), step["Name"]
        assert all(("MaxAttempts" in each) != ("ExpireAfterMin" in each) for each in policies)


def test_every_job_that_can_have_one_has_a_time_limit(built: list[Built]) -> None:
    for step in (step for each in built for step in each.steps()):
        arguments = step["Arguments"].get("TrainingJobDefinition", step["Arguments"])
        if step["Type"] in ("Processing", "Training", "Tuning"):
            assert arguments["StoppingCondition"]["MaxRuntimeInSeconds"] == 3600, step["Name"]
