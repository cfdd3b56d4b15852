"""Which step waits for which, and which never run."""

from __future__ import annotations

from sagemaker_local.definition.document import Definition, parse
from sagemaker_local.definition.graph import Graph, cycles, dependencies

from engine.definitions import (
    Json,
    definition,
    fail,
    function,
    get,
    join,
    json_get,
    output_of,
    processing,
    true,
)

CODE = "s3://b/code"


def parsed(*steps: Json) -> Definition:
    return parse(definition(*steps))


def names(graph: Graph) -> list[str]:
    return [step.name for step in graph.take_ready()]


def test_references_depends_on_and_branches_are_dependencies() -> None:
    steps = parsed(
        processing("A", CODE),
        processing("B", CODE),
        processing(
            "C",
            CODE,
            inputs={"x": join("/", output_of("A", "o"), "y")},
            arguments=[json_get("B", "F", "p"), get("Parameters.N")],
            DependsOn=["D"],
        ),
        processing("D", CODE),
        true("If", fail("Stop")),
    ).steps
    assert dependencies(steps["A"]) == set()
    assert dependencies(steps["C"]) == {"A", "B", "D"}
    assert dependencies(steps["Stop"]) == {"If"}


def test_steps_become_ready_in_the_order_of_the_definition() -> None:
    graph = Graph(
        parsed(
            processing("A", CODE),
            processing("B", CODE),
            processing("C", CODE, DependsOn=["A", "B"]),
        )
    )
    assert names(graph) == ["A", "B"]
    assert names(graph) == []
    graph.succeeded("B")
    assert names(graph) == []
    graph.succeeded("A")
    assert names(graph) == ["C"]


def test_the_branch_not_taken_and_what_needs_it_are_absent() -> None:
    graph = Graph(
        parsed(
            true(
                "If",
                processing("Yes", CODE),
                else_steps=[processing("No", CODE), true("Deep", processing("Deeper", CODE))],
            ),
            processing("AfterNo", CODE, DependsOn=["No"]),
            processing("AfterBoth", CODE, DependsOn=["Yes", "AfterNo"]),
            processing("AfterIf", CODE, DependsOn=["If"]),
        )
    )
    assert names(graph) == ["If"]
    graph.succeeded("If", True)
    assert names(graph) == ["Yes", "AfterIf"]
    graph.succeeded("Yes")
    assert names(graph) == []
    assert graph.absent == {"No", "Deep", "Deeper", "AfterNo", "AfterBoth"}


def test_what_depends_on_a_failed_step_never_starts() -> None:
    graph = Graph(
        parsed(
            processing("A", CODE),
            processing("B", CODE, DependsOn=["A"]),
            processing("C", CODE, DependsOn=["B"]),
            processing("Free", CODE),
        )
    )
    graph.take_ready()
    graph.blocked("A")
    graph.succeeded("Free")
    assert names(graph) == []
    assert graph.absent == {"B", "C"}


def test_cycles_name_their_steps() -> None:
    (problem,) = cycles(
        parsed(
            processing("A", CODE, DependsOn=["C"]),
            processing("B", CODE, inputs={"x": output_of("A", "o")}),
            processing("C", CODE, DependsOn=["B"]),
            processing("D", CODE, DependsOn=["A"]),
        )
    )
    assert "A -> C -> B -> A" in str(problem)


def test_a_step_that_waits_for_itself_is_a_cycle() -> None:
    (problem,) = cycles(parsed(processing("A", CODE, DependsOn=["A"])))
    assert "A -> A" in str(problem)


def test_two_cycles_are_two_problems() -> None:
    pairs = [("A", "B"), ("B", "A"), ("C", "D"), ("D", "C")]
    steps = [processing(name, CODE, DependsOn=[other]) for name, other in pairs]
    assert len(list(cycles(parsed(*steps)))) == 2


def test_a_condition_that_needs_its_own_branch_is_a_cycle() -> None:
    looped = true("If", processing("Inside", CODE), DependsOn=["Inside"])
    assert len(list(cycles(parsed(looped)))) == 1


def test_a_diamond_is_no_cycle() -> None:
    steps = [
        processing("A", CODE),
        processing("B", CODE, DependsOn=["A"]),
        processing("C", CODE, DependsOn=["A"]),
        processing("D", CODE, DependsOn=["B", "C", "A"]),
    ]
    assert not list(cycles(parsed(*steps)))


def test_two_thousand_steps_in_a_row_are_walked() -> None:
    rows = [function("S0", "f")]
    rows += [function(f"S{i}", "f", DependsOn=[f"S{i - 1}"]) for i in range(1, 2000)]
    steps = parsed(*reversed(rows))
    assert not list(cycles(steps))
    graph = Graph(steps)
    for index in range(2000):
        assert names(graph) == [f"S{index}"]
        graph.succeeded(f"S{index}")
