"""What this engine cannot do is refused before the first step, every reason in one error."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from sagemaker_local.definition.document import parse
from sagemaker_local.errors import DefinitionError
from sagemaker_local.planning.checks import check
from sagemaker_local.steps.step_types import NOT_RUN

from engine.checked import CODE, PARAMETERS, changed, places, problems, put, whole
from engine.definitions import (
    definition,
    fail,
    false,
    get,
    output_of,
    processing,
    step,
    true,
)

REAL = Path(__file__).resolve().parents[4] / "shared" / "definitions"


def test_a_definition_of_all_that_is_run_has_no_problem() -> None:
    assert problems(*whole(), parameters=PARAMETERS) == []


@pytest.mark.parametrize("kind", sorted(NOT_RUN))
def test_step_types_that_are_not_run_say_why(kind: str) -> None:
    (problem,) = problems(step("S", kind, {}))
    assert problem == f"step 'S': type {kind}: {NOT_RUN[kind]}"


def test_the_members_of_refused_types_do_not_hide_the_reason() -> None:
    found = problems(
        step("C", "ClarifyCheck", {}, CheckType="DATA_BIAS", OutputParameters=[]),
        step("Q", "QualityCheck", {}, CheckType="DATA_QUALITY", SkipCheck=False),
    )
    assert len(found) == 2
    assert all("type" in problem for problem in found)


def test_an_unknown_step_type_is_refused() -> None:
    assert problems(step("S", "Traning", {})) == [
        "step 'S': type Traning: this step type is not known; did you mean 'Training'?"
    ]


def test_depends_on_names_steps_that_can_be_waited_for() -> None:
    assert problems(
        fail("Stop"),
        processing("A", CODE, DependsOn=["Nowhere"]),
        processing("B", CODE, DependsOn=["Stop"]),
    ) == [
        "step 'A': DependsOn names 'Nowhere', which is not a step of this pipeline",
        "step 'B': DependsOn names the Fail step 'Stop'; nothing can depend on a Fail step: "
        "B can not depends on Stop",
    ]


def test_all_reasons_are_listed_and_name_their_steps() -> None:
    found = problems(
        step("Tune", "Tuning", {}),
        true("If", step("Call", "EMR", {}), else_steps=[step("Wait", "AutoML", {})]),
        changed(processing("S", CODE), "ProcessingInputs.0.S3Input.S3InputMode", "Pipe"),
        false("Other", processing("Last", CODE, arguments=[get("Parameters.No")], DependsOn=["X"])),
    )
    assert [problem.split("'")[1] for problem in found] == [
        "Tune",
        "Call",
        "Wait",
        "S",
        "Last",
        "Last",
    ]


def test_a_cycle_is_refused() -> None:
    (problem,) = problems(
        processing("A", CODE, outputs=["o"], DependsOn=["B"]),
        processing("B", CODE, inputs={"x": output_of("A", "o")}),
    )
    assert problem == "steps wait for each other: A -> B -> A"


@pytest.mark.slow
def test_wherever_a_value_is_wrong_the_answer_is_a_reason_and_no_crash() -> None:
    """One value at a time of a good definition is replaced, each by several wrong ones."""
    good = definition(*whole(), parameters=PARAMETERS)
    chosen = random.Random(7)
    for place in list(places(json.loads(good)))[1:]:
        for wrong in chosen.sample([None, True, 7, "x", [], [7], {}, {"x": 1}, get("x")], 3):
            document = json.loads(good)
            put(document, place, wrong)
            try:
                check(parse(json.dumps(document)))
            except DefinitionError as error:
                assert error.refusals
            except Exception as error:
                raise AssertionError(f"{place} = {wrong!r} ends in {error!r}") from error


def real_definitions() -> list[Path]:
    return sorted(file for file in REAL.glob("*.json") if file.name != "manifest.json")


@pytest.mark.parametrize("file", real_definitions() or [None], ids=lambda file: file and file.stem)
def test_real_definitions_pass_or_are_refused_with_reasons(file: Path | None) -> None:
    if file is None:
        pytest.skip(f"the public definitions are not at {REAL}")
    parsed = parse(file.read_text(encoding="utf-8"))
    names = {f"step {name!r}" for name in parsed.steps}
    for problem in check(parsed):
        assert problem.where in names
        assert "is not known" not in problem.what
        assert "unknown property" not in problem.what
        assert " missing" not in problem.what
