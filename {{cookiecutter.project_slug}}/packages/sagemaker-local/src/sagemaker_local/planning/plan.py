"""What an execution would do: its steps in order, its branches, and what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

from sagemaker_local.definition import graph
from sagemaker_local.definition.document import Definition, Step, read
from sagemaker_local.definition.expressions import resolve
from sagemaker_local.definition.parameters import start_values
from sagemaker_local.errors import DefinitionError, Refusal, StepFailure
from sagemaker_local.planning import checks, notices
from sagemaker_local.planning.known import Known, KnownValues
from sagemaker_local.planning.rules import table
from sagemaker_local.planning.rules.rule import Doubt
from sagemaker_local.planning.shards import few_objects
from sagemaker_local.planning.skew import Skew, report
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.bucket import Bucket


@dataclass(frozen=True)
class PlannedStep:
    """One step of a plan.

    Attributes:
        wave: 1 for steps that wait for nothing, 2 for those that wait for the first, and so on;
            steps of one wave may run side by side.
        needs: names of the steps that it waits for.
        when: the condition that decides, such as ``if Better``; empty: it always runs.
        runs: False: the parameters decide already that it does not; None: not known before.
    """

    name: str
    type: str
    wave: int
    needs: tuple[str, ...]
    when: str
    runs: bool | None


@dataclass(frozen=True)
class Plan:
    """The plan of one execution.

    Attributes:
        steps: in the order in which they could run.
        refusals: reasons why nothing would run at all.
        ignored: settings without effect here, and the steps that have them.
        skew: versions here beside those of the images.
        doubts: what runs here, and SageMaker may refuse.
        few: inputs with fewer objects than hosts that share them.
    """

    steps: tuple[PlannedStep, ...]
    refusals: tuple[Refusal, ...]
    ignored: dict[str, list[str]]
    skew: Skew
    doubts: tuple[Doubt, ...] = ()
    few: tuple[Refusal, ...] = ()

    def __str__(self) -> str:
        if self.refusals:
            return str(DefinitionError(self.refusals))
        width = max(len(step.name) for step in self.steps)
        lines = [_line(step, width) for step in self.steps]
        lines += [
            f"without effect here: {setting} ({', '.join(steps)})"
            for setting, steps in self.ignored.items()
        ]
        lines += [f"differs here: {text}" for text in self.skew.differing]
        lines += [f"SageMaker may refuse: {doubt}" for doubt in self.doubts]
        return "\n".join([*lines, *(f"fewer objects than hosts: {place}" for place in self.few)])


def _line(step: PlannedStep, width: int) -> str:
    parts = [f"{step.wave:3}  {step.name:{width}}  {step.type:13}"]
    if step.needs:
        parts.append(f"after {', '.join(step.needs)}")
    if step.when:
        parts.append(step.when)
    if step.runs is False:
        parts.append("(will not run)")
    return "  ".join(parts).rstrip()


def plan(
    text: str,
    parameters: Mapping[str, str],
    functions: tuple[str, ...] | None = None,
    bucket: Bucket | None = None,
) -> Plan:
    """Plan an execution without running anything.

    Args:
        text: the definition's JSON.
        parameters: values that a start would give.
        functions: the Lambda functions that the session knows; see ``checks.check``.
        bucket: where the inputs are; None: they are not looked at.
    """
    definition, refusals = read(text)
    values, misgiven = start_values(definition.parameters, parameters)
    refusals += checks.check(definition, functions, values)
    refusals = [*checks.in_order(definition, refusals), *misgiven]
    ignored, skew = notices.ignored(definition), report(definition)
    if refusals:
        return Plan((), tuple(refusals), ignored, skew)
    known = Known(definition, values)
    doubts, few = table.doubts(known), few_objects(known, bucket) if bucket else []
    steps = tuple(_planned(definition, values))
    return Plan(steps, (), ignored, skew, tuple(doubts), tuple(few))


def _planned(definition: Definition, values: dict[str, Any]) -> list[PlannedStep]:
    needs = {name: graph.dependencies(step) for name, step in definition.steps.items()}
    waves = _waves(needs)
    order = {name: index for index, name in enumerate(definition.steps)}
    outcomes: dict[str, bool | None] = {}
    runs: dict[str, bool | None] = {}
    for name in sorted(order, key=lambda name: (waves[name], order[name])):
        step = definition.steps[name]
        runs[name] = _runs(step, needs[name], runs, outcomes)
        outcomes[name] = _outcome(step, KnownValues(values, outcomes))
    return [
        PlannedStep(
            name,
            definition.steps[name].type,
            waves[name],
            tuple(sorted(needs[name], key=order.__getitem__)),
            _when(definition.steps[name]),
            known,
        )
        for name, known in runs.items()
    ]


def _waves(needs: Mapping[str, set[str]]) -> dict[str, int]:
    """Each step's wave; the definition has no cycles."""
    waves: dict[str, int] = {}
    for name in TopologicalSorter(needs).static_order():
        waves[name] = 1 + max((waves[other] for other in needs[name]), default=0)
    return waves


def _runs(
    step: Step,
    needs: set[str],
    runs: Mapping[str, bool | None],
    outcomes: Mapping[str, bool | None],
) -> bool | None:
    """Whether a step runs, as far as its condition and the steps before it tell."""
    known = [runs[name] for name in needs]
    if step.branch:
        outcome = outcomes.get(step.branch.condition)
        known.append(None if outcome is None else outcome is step.branch.outcome)
    if False in known:
        return False
    return None if None in known else True


def _when(step: Step) -> str:
    if step.branch is None:
        return ""
    return f"{'if' if step.branch.outcome else 'unless'} {step.branch.condition}"


def _outcome(step: Step, known: KnownValues) -> bool | None:
    """Which branch a step takes, if it has some, and parameters and conditions alone decide it."""
    try:
        return STEP_TYPES[step.type].outcome(resolve(step.arguments, known))
    except (LookupError, StepFailure):
        return None
