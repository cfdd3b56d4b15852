"""Condition steps: which of two branches runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition.conditions import OPERATORS, PLAIN, holds
from sagemaker_local.definition.document import Step
from sagemaker_local.definition.expressions import Reference, function_of
from sagemaker_local.definition.support import Settings, table
from sagemaker_local.definition.values import kind_of, shown, told
from sagemaker_local.errors import did_you_mean, unknown_properties
from sagemaker_local.steps.step_type import StepContext, StepResult, StepState, StepType


class ConditionStep(StepType):
    """Takes the first branch if all its conditions hold, else the second."""

    name = "Condition"
    metadata = "Condition"
    settings = Settings(table("Conditions IfSteps ElseSteps"))
    members = table("")

    def refusals(self, step: Step) -> Iterator[str]:
        yield from _conditions_refusals(step.arguments)

    def property_refusals(self, step: Step, reference: Reference) -> Iterator[str]:
        if reference.path != ("Outcome",):
            yield f"{reference.text}: a Condition step has the property Outcome only"

    def property_type(self, step: Step, reference: Reference) -> str | None:
        return "Boolean" if reference.path == ("Outcome",) else None

    def run(self, step: Step, arguments: dict[str, Any], context: StepContext) -> StepResult:
        return self._decided(self.outcome(arguments))

    def outcome(self, arguments: dict[str, Any]) -> bool:
        return all(holds(condition) for condition in arguments["Conditions"])

    def result(self, value: Any, state: StepState) -> StepResult | None:
        return self._decided(value["Outcome"] == "True")

    def _decided(self, outcome: bool) -> StepResult:
        metadata = {self.metadata: {"Outcome": str(outcome)}}
        return StepResult({"Outcome": outcome}, metadata, outcome)


def _conditions_refusals(arguments: dict[str, Any]) -> Iterator[str]:
    conditions = arguments.get("Conditions")
    if not isinstance(conditions, list) or not conditions:
        yield "it has no Conditions"
        return
    for condition in conditions:
        yield from _condition_refusals(condition)


def _condition_refusals(condition: Any) -> Iterator[str]:
    kind = condition.get("Type") if isinstance(condition, dict) else condition
    if not isinstance(kind, str) or kind not in OPERATORS:
        hint = did_you_mean(str(kind), OPERATORS) or f"; there are {', '.join(OPERATORS)}"
        yield f"{shown(kind)} is not a condition type{hint}"
        return
    yield from unknown_properties(condition, ("Type", *OPERATORS[kind]))
    missing = [member for member in OPERATORS[kind] if member not in condition]
    for member in missing:
        yield f"the condition {kind} has no {member}"
    if missing:
        return
    if kind == "Or":
        yield from _conditions_refusals(condition)
    elif kind == "Not":
        yield from _condition_refusals(condition["Condition"])
    elif kind == "In" and not isinstance(condition["Values"], list):
        yield "the Values of the condition In are not a list"
    else:
        yield from _operand_refusals(condition)


def _operand_refusals(condition: dict[str, Any]) -> Iterator[str]:
    for member in OPERATORS[condition["Type"]]:
        values = condition[member] if member == "Values" else [condition[member]]
        for value in values:
            if not function_of(value) and kind_of(value) not in PLAIN:
                yield (
                    f"the condition {condition['Type']} compares strings, numbers and booleans, "
                    f"and its {member} has {told(value)}"
                )


STEP = ConditionStep()
