"""The operators of a Condition step."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from sagemaker_local.errors import StepFailure

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
_NO_VALUE = "no plain value"
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
        return condition["QueryValue"] in condition["Values"]
    left, right = condition["LeftValue"], condition["RightValue"]
    if _kind(left) != _kind(right):
        raise StepFailure(
            f"{kind} cannot compare {left!r} with {right!r}: one is {_kind(left)}, "
            f"the other {_kind(right)}; make both the same type."
        )
    if kind != "Equals" and _kind(left) == _NO_VALUE:
        raise StepFailure(f"{kind} cannot compare {left!r} with {right!r}: they have no order.")
    return _COMPARISONS[kind](left, right)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "a string" if isinstance(value, str) else _NO_VALUE
