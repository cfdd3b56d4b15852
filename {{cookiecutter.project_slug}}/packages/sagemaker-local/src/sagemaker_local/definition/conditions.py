"""The operators of a Condition step."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from sagemaker_local.definition.values import BOOLEAN, NUMBER, STRING, kind_of, shown, told
from sagemaker_local.errors import StepFailure

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
# The kinds of values that a definition may compare.
PLAIN = (STRING, NUMBER, BOOLEAN)
# The members that each type of condition has beside its Type.
OPERATORS = {
    **dict.fromkeys(_COMPARISONS, ("LeftValue", "RightValue")),
    "In": ("QueryValue", "Values"),
    "Not": ("Condition",),
    "Or": ("Conditions",),
}


def holds(condition: dict[str, Any]) -> bool:
    """Whether a condition, its references already resolved, is true.

    Strings compare as strings, numbers as numbers; the service refuses a mixture.

    Raises:
        StepFailure: the two sides cannot be compared.
    """
    kind = condition["Type"]
    if kind == "Not":
        return not holds(condition["Condition"])
    if kind == "Or":
        return any(holds(item) for item in condition["Conditions"])
    if kind == "In":
        return _is_in(condition["QueryValue"], condition["Values"])
    left, right = condition["LeftValue"], condition["RightValue"]
    _refuse_two_kinds(kind, left, right)
    if kind != "Equals" and kind_of(left) not in PLAIN:
        raise StepFailure(f"{kind} cannot compare {told(left)}: it has no order.")
    return _COMPARISONS[kind](left, right)


def _is_in(query: Any, values: list[Any]) -> bool:
    for value in values:
        _refuse_two_kinds("In", query, value)
    return query in values


def _refuse_two_kinds(condition: str, left: Any, right: Any) -> None:
    if kind_of(left) != kind_of(right):
        raise StepFailure(
            f"{condition} cannot compare {shown(left)} with {shown(right)}: one is "
            f"{kind_of(left)}, the other {kind_of(right)}; make both the same type."
        )
