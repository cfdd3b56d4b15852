"""Plain values in words: what a sentence says of one that is of another type than is wanted."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

from sagemaker_local.errors import StepFailure

_MOST_CHARACTERS = 80
STRING, NUMBER, BOOLEAN, LIST, OBJECT, TIME = (
    "a string",
    "a number",
    "a boolean",
    "a list",
    "an object",
    "a time",
)
NOTHING = "nothing"
# The kinds that ``Std:Join`` joins.
JOINED = (STRING, NUMBER, BOOLEAN, TIME)


def kind_of(value: Any) -> str:
    """The kind of a value; an integer and a float are of one kind."""
    if value is None:
        return NOTHING
    kinds = {str: STRING, bool: BOOLEAN, list: LIST, dict: OBJECT}
    if type(value) in kinds:
        return kinds[type(value)]
    return NUMBER if isinstance(value, int | float) else TIME


def shown(value: Any) -> str:
    """A value as JSON has it, a string in quotes; a long one is cut."""
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=as_text)
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."


def told(value: Any) -> str:
    """A value and its kind, such as ``3, a number``."""
    return f"{shown(value)}, {kind_of(value)}"


def as_text(value: Any) -> str:
    """How ``Std:Join`` writes a value: 3.0 for a float, true or false for a boolean."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def joined(value: Any) -> str:
    """A value of ``Std:Join`` as text.

    Raises:
        StepFailure: it is none of which it is known how the service writes it.
    """
    if kind_of(value) not in JOINED:
        raise StepFailure(
            f"Std:Join joins strings, numbers and booleans, and one of its Values is {told(value)}."
        )
    return as_text(value)


def is_finite(value: Any) -> bool:
    """False for NaN and the infinities, which Python reads from JSON, and JSON does not have."""
    return not isinstance(value, float) or math.isfinite(value)
