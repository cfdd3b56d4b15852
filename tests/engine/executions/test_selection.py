"""Selective execution: some steps run, what they need comes from an earlier execution."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.definitions import (
    OUTPUT,
    Json,
    answer_of,
    compare,
    condition,
    definition,
    false,
    function,
    get,
    json_get,
    output_of,
    parameter,
    processing,
    true,
)
from engine.local import Local, Run

COPY = """
import sys
from pathlib import Path
target, *sources = map(Path, sys.argv[1:])
target.joinpath("x").write_text("".join((s / "x").read_text() for s in sources) + target.name)
"""
FRAGILE = """
import sys
from pathlib import Path
if not Path(sys.argv[1]).exists():
    sys.exit("not yet")
"""


def selecting(*steps: str, source: str | None = None) -> Json:
    config: Json = {"SelectedSteps": [{"StepName": name} for name in steps]}
    if source:
        config["SourcePipelineExecutionArn"] = source
    return {"SelectiveExecutionConfig": config}


@pytest.fixture
def link(local: Local) -> Callable[..., Json]:
    """A step that writes what the steps before it wrote, and its own name."""
    code = local.code(COPY)

    def make(name: str, *before: str, **members: Any) -> Json:
        return processing(
            name,
            code,
            inputs={other: output_of(other, other) for other in before},
            outputs=[name],
            arguments=[f"{OUTPUT}/{name}", *(f"/opt/ml/processing/input/{b}" for b in before)],
            **members,
        )

    return make


@pytest.fixture
def chain(link: Callable[..., Json]) -> str:
    """A -> B -> C -> D, and E on its own."""
    steps = [link("A"), link("B", "A"), link("C", "B"), link("D", "C"), link("E")]
    return definition(*steps)


def written(run: Run, step: str) -> str:
    (output,) = run.job(step)["ProcessingOutputConfig"]["Outputs"]
    return run.local.read(f"{output['S3Output']['S3Uri']}/x")


def taken_over(run: Run) -> dict[str, str]:
    """The execution that each step was taken from."""
    return {
        name: step["SelectiveExecutionResult"]["SourcePipelineExecutionArn"]
        for name, step in run.steps.items()
        if "SelectiveExecutionResult" in step
    }


@pytest.mark.slow
def test_selected_steps_run_and_what_they_need_is_taken_over(local: Local, chain: str) -> None:
    first = local.run(chain)
    jobs = local.jobs_run()
    run = local.run(chain, **selecting("C", source=first.arn))
    assert run.status == "Succeeded"
    assert run.statuses == dict.fromkeys("ABC", "Succeeded")
    assert taken_over(run) == {"A": first.arn, "B": first.arn}
    assert run.steps["B"]["Metadata"] == first.steps["B"]["Metadata"]
    assert run.arn_of("C") != first.arn_of("C")
    assert local.jobs_run() == jobs + 1
    assert written(run, "C") == "ABC"
    execution = first.arn.rsplit("/", 1)[-1]
    assert str(run.explained).splitlines()[-1] == "C: run, its CacheConfig is off"
    why = f"not selected, taken from execution {execution}"
    assert {str(run.explained[name]) for name in "AB"} == {f"A: hit, {why}", f"B: hit, {why}"}


def test_a_first_step_needs_nothing(local: Local, chain: str) -> None:
    """No earlier execution either."""
    run = local.run(chain, **selecting("A", "E"))
    assert run.statuses == {"A": "Succeeded", "E": "Succeeded"}
    assert taken_over(run) == {}
    assert "SourcePipelineExecutionArn" not in run.described["SelectiveExecutionConfig"]


@pytest.mark.slow
def test_the_latest_execution_is_the_source_unless_one_is_named(local: Local, chain: str) -> None:
    first, second = local.run(chain), local.run(chain)
    latest = local.run(chain, **selecting("B"))
    assert taken_over(latest) == {"A": second.arn}
    assert latest.described["SelectiveExecutionConfig"] == {
        "SelectedSteps": [{"StepName": "B"}],
        "SourcePipelineExecutionArn": second.arn,
    }
    named = local.run(chain, **selecting("B", source=first.arn))
    assert taken_over(named) == {"A": first.arn}
    # A selective execution is a source like any other.
    assert taken_over(local.run(chain, **selecting("C"))) == {"A": named.arn, "B": named.arn}


@pytest.mark.slow
def test_the_callers_request_is_not_changed(local: Local, chain: str) -> None:
    first = local.run(chain)
    request = selecting("B")
    assert taken_over(local.run(chain, **request)) == {"A": first.arn}
    assert request == selecting("B")


@pytest.mark.slow
def test_steps_between_selected_ones_have_to_be_selected(local: Local, chain: str) -> None:
    local.run(chain)
    refused = r"(?s)step 'B': lies between selected steps.*step 'C': lies between selected steps"
    with pytest.raises(Exception, match=refused):
        local.run(chain, **selecting("A", "D"))
    assert local.run(chain, **selecting("A", "B")).statuses.keys() == {"A", "B"}


def test_unknown_names_are_refused_all_at_once(local: Local, chain: str) -> None:
    with pytest.raises(Exception, match=r"for 2 reasons") as refused:
        local.run(chain, **selecting("A", "Bee", "Cee"))
    assert "selected step 'Bee': is not a step of this pipeline" in str(refused.value)
    assert local.client.list_pipeline_executions(PipelineName="pipe") == {
        "PipelineExecutionSummaries": [],
        "ResponseMetadata": {"HTTPStatusCode": 200, "RetryAttempts": 0},
    }


def test_results_that_the_source_does_not_have_are_refused(
    local: Local, link: Callable[..., Json]
) -> None:
    marker = local.root / "marker"
    bad = processing("Bad", local.code(FRAGILE), arguments=[str(marker)], DependsOn=["A"])
    text = definition(link("A"), bad, processing("Last", local.code("pass"), DependsOn=["Bad"]))
    failed = local.run(text)
    assert failed.statuses == {"A": "Succeeded", "Bad": "Failed"}
    with pytest.raises(Exception, match="step 'Bad': has no result in the source execution"):
        local.run(text, **selecting("Last", source=failed.arn))
    assert local.run(text, **selecting("A", source=failed.arn)).status == "Succeeded"


def test_without_an_earlier_execution_what_is_needed_cannot_be_had(
    local: Local, chain: str
) -> None:
    with pytest.raises(Exception, match="needs an earlier execution of this pipeline"):
        local.run(chain, **selecting("B"))


@pytest.mark.slow
def test_a_source_is_an_execution_of_the_same_pipeline(local: Local, chain: str) -> None:
    other = local.run(chain, name="other")
    local.run(chain)
    with pytest.raises(Exception, match="is an execution of another pipeline than 'pipe'"):
        local.run(chain, **selecting("B", source=other.arn))
    with pytest.raises(Exception, match="ResourceNotFound"):
        local.run(chain, **selecting("B", source=other.arn[:-3] + "abc"))


@pytest.mark.parametrize("selected", [[], [f"S{n}" for n in range(51)]])
def test_as_many_steps_are_selected_as_the_service_allows(
    local: Local, chain: str, selected: list[str]
) -> None:
    with pytest.raises(Exception, match="SelectedSteps"):
        local.run(chain, **selecting(*selected))


def test_a_step_of_the_branch_that_was_taken_runs_alone(
    local: Local, link: Callable[..., Json]
) -> None:
    text = definition(link("A"), true("If", link("Yes", "A"), DependsOn=["A"]), link("Last", "A"))
    first = local.run(text)
    run = local.run(text, **selecting("Yes"))
    assert taken_over(run) == {"A": first.arn, "If": first.arn}
    assert run.steps["If"]["Metadata"] == {"Condition": {"Outcome": "True"}}
    assert run.status == "Succeeded"
    assert set(run.statuses) == {"A", "If", "Yes"}


def test_a_step_of_the_branch_that_was_not_taken_is_refused(
    local: Local, link: Callable[..., Json]
) -> None:
    text = definition(false("If", link("No"), if_steps=[link("Yes")]))
    local.run(text)
    refused = "selected step 'Yes': is in the branch of 'If' that the source execution did not take"
    with pytest.raises(Exception, match=refused):
        local.run(text, **selecting("Yes"))
    assert local.run(text, **selecting("No")).statuses == {"If": "Succeeded", "No": "Succeeded"}


def test_a_selected_condition_decides_anew(local: Local, link: Callable[..., Json]) -> None:
    """And of its branches, what is selected too can run."""
    gate = condition("If", [compare("Equals", get("Parameters.N"), 1)], [link("Yes")], [link("No")])
    text = definition(gate, parameters=[parameter("N", "Integer", 1)])
    first = local.run(text)
    assert set(first.statuses) == {"If", "Yes"}
    assert set(local.run(text, {"N": "2"}, **selecting("If", "No")).statuses) == {"If", "No"}
    assert set(local.run(text, {"N": "2"}, **selecting("If")).statuses) == {"If"}
    assert set(local.run(text, {"N": "2"}, **selecting("If", "Yes")).statuses) == {"If"}


def test_property_files_and_answers_of_steps_taken_over_have_their_values(
    tmp_path: Path, runner: Any
) -> None:
    local = Local(tmp_path / "root", runner, {"f": lambda event, context: {"score": 0.5}})
    write = "import sys; open(sys.argv[1] + '/r.json', 'w').write('{\"n\": 3}')"
    measure = processing(
        "Measure",
        local.code(write),
        outputs=["o"],
        arguments=[f"{OUTPUT}/o"],
        files={"Report": ("o", "r.json")},
    )
    comparisons = [
        compare("Equals", json_get("Measure", "Report", "n"), 3),
        compare("LessThan", answer_of("Score", "score"), 0.6),
    ]
    text = definition(
        measure, function("Score", "f", {"score": "Float"}), condition("If", comparisons)
    )
    local.run(text)
    run = local.run(text, **selecting("If"))
    assert set(taken_over(run)) == {"Measure", "Score"}
    assert run.steps["If"]["Metadata"]["Condition"]["Outcome"] == "True"


@pytest.mark.slow
def test_selected_steps_may_come_from_the_cache(local: Local, link: Callable[..., Json]) -> None:
    cached: Json = {"CacheConfig": {"Enabled": True}}
    text = definition(link("A", **cached), link("B", "A", **cached), link("C", "B", **cached))
    first = local.run(text)
    run = local.run(text, **selecting("B"))
    assert taken_over(run) == {"A": first.arn}
    assert run.steps["B"]["CacheHitResult"] == {"SourcePipelineExecutionArn": first.arn}
    assert local.jobs_run() == 3


@pytest.mark.slow
def test_a_failed_selective_execution_is_retried_as_such(
    local: Local, link: Callable[..., Json]
) -> None:
    marker = local.root / "marker"
    fragile = processing("F", local.code(FRAGILE), arguments=[str(marker)], DependsOn=["A"])
    text = definition(
        link("A"), fragile, processing("G", local.code("pass"), DependsOn=["F"]), link("E")
    )
    marker.touch()
    first = local.run(text)
    marker.unlink()
    run = local.run(text, **selecting("F", "G"))
    assert run.statuses == {"A": "Succeeded", "F": "Failed"}
    marker.touch()
    jobs = local.jobs_run()
    run.retry()
    assert run.statuses == {"A": "Succeeded", "F": "Succeeded", "G": "Succeeded"}
    assert taken_over(run) == {"A": first.arn}
    assert local.jobs_run() == jobs + 2


def test_selection_and_parameters_are_independent(local: Local, link: Callable[..., Json]) -> None:
    show = processing("Show", local.code("import sys; print(sys.argv[1])"),
                      arguments=[get("Parameters.Word")], DependsOn=["A"])  # fmt: skip
    text = definition(link("A"), show, parameters=[parameter("Word", "String", "default")])
    local.run(text)
    run = local.run(text, {"Word": "given"}, **selecting("Show"))
    assert local.log(run, "Show") == "given\n"
