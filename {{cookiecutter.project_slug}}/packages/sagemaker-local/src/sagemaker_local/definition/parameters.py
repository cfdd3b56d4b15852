"""Pipeline parameters: their types, defaults, and the values that a start gives them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_local.errors import Refusal, unknown_properties

_MAX_LENGTH = 1024
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Parameter:
    """A declared parameter; without a default a start must give its value."""

    name: str
    type: str
    default: Any = None
    choices: tuple[Any, ...] = ()

    def value(self, given: Any) -> Any:
        """``given`` (a string on the wire, or JSON) as this parameter's type.

        Raises:
            ValueError: one sentence that says what is wrong with it.
        """
        value = _convert(self.type, given)
        if self.choices and value not in self.choices:
            choices = ", ".join(map(str, self.choices))
            raise ValueError(f"{given!r} is not one of {choices}")
        return value


def parse_parameter(item: Mapping[str, Any]) -> Parameter:
    """One entry of a definition's ``Parameters``.

    Raises:
        ValueError: one sentence that says what is wrong with it.
    """
    unknown = unknown_properties(item, ("Name", "Type", "DefaultValue", "EnumValues"))
    if unknown:
        raise ValueError("; ".join(unknown))
    kind = item.get("Type")
    if kind not in ("String", "Integer", "Float", "Boolean"):
        raise ValueError(f"has type {kind!r}, which is not String, Integer, Float or Boolean")
    offered = item.get("EnumValues") or []
    if not isinstance(offered, list):
        raise ValueError("EnumValues is not a list")
    choices = tuple(_convert(kind, choice) for choice in offered)
    parameter = Parameter(item["Name"], kind, None, choices)
    default = item.get("DefaultValue")
    # An empty default is accepted, an empty start value is not: the service's own difference.
    if default is not None and (kind, default) != ("String", ""):
        default = parameter.value(default)
    return Parameter(item["Name"], kind, default, choices)


def start_values(
    declared: Mapping[str, Parameter], given: Mapping[str, str]
) -> tuple[dict[str, Any], list[Refusal]]:
    """The value of every parameter of an execution, and what is wrong with what was given.

    Args:
        declared: the definition's parameters by name.
        given: the start's values, strings as on the wire.
    """
    refusals = [
        Refusal(f"parameter {n!r}", _unknown(n, declared)) for n in given if n not in declared
    ]
    values: dict[str, Any] = {}
    for name, parameter in declared.items():
        if name not in given and parameter.default is None:
            refusals.append(
                Refusal(f"parameter {name!r}", "has no default, so a start must give it")
            )
            continue
        try:
            values[name] = parameter.value(given[name]) if name in given else parameter.default
        except ValueError as error:
            refusals.append(Refusal(f"parameter {name!r}", str(error)))
    return values, refusals


def _unknown(name: str, declared: Mapping[str, Parameter]) -> str:
    close = difflib.get_close_matches(name, declared, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(declared) or 'none'}"
    return f"the pipeline does not declare it{hint}"


def _convert(kind: str, given: Any) -> Any:
    if isinstance(given, str) and not given:
        raise ValueError("is empty; a parameter's value has at least one character")
    if kind == "String":
        return _string(given)
    if kind == "Boolean":
        return _boolean(given)
    if isinstance(given, bool) or (kind == "Integer" and isinstance(given, float)):
        raise ValueError(f"{given!r} is not of type {kind}")
    try:
        value = int(given) if kind == "Integer" else float(given)
    except (TypeError, ValueError):
        raise ValueError(f"{given!r} is not of type {kind}") from None
    if not math.isfinite(value):
        raise ValueError(f"{given!r} is not a finite number; type {kind} needs one")
    return value


def _string(given: Any) -> str:
    if not isinstance(given, str):
        raise ValueError(f"{given!r} is not of type String")
    if len(given) > _MAX_LENGTH:
        raise ValueError(f"is {len(given)} characters long; {_MAX_LENGTH} are allowed")
    return given


def _boolean(given: Any) -> bool:
    value = given if isinstance(given, bool) else _BOOLEANS.get(str(given).lower())
    if value is None:
        raise ValueError(f"{given!r} is not of type Boolean")
    return value
