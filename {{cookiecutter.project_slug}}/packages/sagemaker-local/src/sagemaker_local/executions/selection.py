"""Selective execution: some steps run, what they need of others comes from an earlier execution.

Developer Guide, "Selective execution of pipeline steps". Steps that are not selected and that no
selected step needs are absent; those that are needed are listed with the execution that they are
taken from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sagemaker_local.definition.document import Definition
from sagemaker_local.definition.graph import dependencies
from sagemaker_local.errors import DefinitionError, Problem
from sagemaker_local.steps.results import StepResult


@dataclass(frozen=True)
class Selection:
    """What a selective execution takes over, and what it leaves out.

    Attributes:
        finished: results of an earlier execution, by step.
        left_out: steps that are neither selected nor needed.
    """

    finished: dict[str, StepResult]
    left_out: frozenset[str]


def select(
    definition: Definition,
    selected: Iterable[str],
    result_of: Callable[[str], StepResult | None],
) -> Selection:
    """Decide what becomes of each step.

    Args:
        definition: the pipeline's.
        selected: names of the steps that shall run.
        result_of: a step's result in the earlier execution, None if it has none.

    Raises:
        DefinitionError: every reason why this cannot be done.
    """
    chosen = set(selected)
    unknown = sorted(chosen - set(definition.steps))
    if unknown:
        raise DefinitionError(
            [
                Problem(f"selected step {name!r}", "is not a step of this pipeline")
                for name in unknown
            ]
        )
    needs = {name: dependencies(step) for name, step in definition.steps.items()}
    above = _reachable(chosen, needs)
    between = sorted((above & _reachable(chosen, _reverse(needs))) - chosen)
    problems = [
        Problem(f"step {name!r}", "lies between selected steps, so it has to be selected too")
        for name in between
    ]
    finished = {}
    for name in sorted(above - chosen - set(between)):
        result = result_of(name)
        if result is None:
            problems.append(Problem(f"step {name!r}", "has no result in the source execution"))
        else:
            finished[name] = result
    problems += _branches_not_taken(definition, chosen, finished)
    if problems:
        raise DefinitionError(problems)
    return Selection(finished, frozenset(set(definition.steps) - chosen - set(finished)))


def _branches_not_taken(
    definition: Definition, chosen: set[str], finished: Mapping[str, StepResult]
) -> list[Problem]:
    """Selected steps whose condition went the other way in the earlier execution."""
    problems = []
    for name in sorted(chosen):
        branch = definition.steps[name].branch
        result = finished.get(branch.condition) if branch else None
        if branch and result and result.outcome is not branch.outcome:
            what = (
                f"is in the branch of {branch.condition!r} that the source execution did not take"
            )
            problems.append(Problem(f"selected step {name!r}", what))
    return problems


def _reachable(start: set[str], edges: Mapping[str, set[str]]) -> set[str]:
    """All names that one gets to from ``start``, itself left out unless on a way."""
    found: set[str] = set()
    pending = [target for name in start for target in edges[name]]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(edges[name])
    return found


def _reverse(edges: Mapping[str, set[str]]) -> dict[str, set[str]]:
    reverse: dict[str, set[str]] = {name: set() for name in edges}
    for name, targets in edges.items():
        for target in targets:
            reverse[target].add(name)
    return reverse
