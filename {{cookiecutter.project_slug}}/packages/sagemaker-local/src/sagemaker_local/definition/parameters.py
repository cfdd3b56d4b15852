"""Pipeline parameters: their types, defaults, and the values that a start gives them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sagemaker_local.definition.values import shown, told
from sagemaker_local.errors import LocalError, Refusal, did_you_mean, noting, unknown_properties

_MAX_LENGTH = 1024
# PipelineParameterName of botocore's model.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Parameter:
    """A declared parameter; without a default a start must give its value."""

    name: str
    type: str  # empty: not known
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
            raise ValueError(f"{shown(given)} is not one of {choices}")
        return value


def unread(name: str) -> Parameter:
    """A parameter whose declaration is refused: that it is used is not a second refusal."""
    return Parameter(name, "")


def parse_parameter(item: Mapping[str, Any]) -> Parameter:
    """One entry of a definition's ``Parameters``.

    Raises:
        ValueError: its arguments are sentences, one for each thing that is wrong with the entry.
    """
    wrong = unknown_properties(item, ("Name", "Type", "DefaultValue", "EnumValues"))
    if not _NAME.fullmatch(item["Name"]):
        wrong.append("the name must be 1 to 256 letters, digits, - or _")
    kind = item.get("Type")
    if kind not in ("String", "Integer", "Float", "Boolean"):
        found = f"has type {shown(kind)}, which is not" if "Type" in item else "has no Type:"
        wrong.append(f"{found} String, Integer, Float or Boolean")
        raise ValueError(*wrong)
    offered = item.get("EnumValues", [])
    if not isinstance(offered, list):
        wrong.append(f"EnumValues should be a list, and is {told(offered)}")
        offered = []
    choices = []
    for choice in offered:
        with noting(wrong):
            choices.append(_convert(kind, choice))
    parameter = Parameter(item["Name"], kind, None, tuple(choices))
    default = item.get("DefaultValue")
    # An empty default is accepted, an empty start value is not: the service's own difference.
    if default is not None and (kind, default) != ("String", ""):
        with noting(wrong):
            default = parameter.value(default)
    if wrong:
        raise ValueError(*wrong)
    return replace(parameter, default=default)


def given_values(items: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The values of a start's ``PipelineParameters`` by their names.

    Raises:
        LocalError: one name is there twice.
    """
    values: dict[str, str] = {}
    for item in items:
        name = item["Name"]
        if name in values:
            raise LocalError(f"PipelineParameters gives {name!r} twice; give it one value.")
        values[name] = item["Value"]
    return values


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
        if not parameter.type:
            continue
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
    hint = did_you_mean(name, declared) or f"; it has {', '.join(declared) or 'none'}"
    return f"the pipeline does not declare it{hint}"


def _convert(kind: str, given: Any) -> Any:
    if isinstance(given, str) and not given:
        raise ValueError("is empty; a parameter's value has at least one character")
    if kind == "String":
        return _string(given)
    if kind == "Boolean":
        return _boolean(given)
    wrong = isinstance(given, bool) or (kind == "Integer" and isinstance(given, float))
    if wrong or (isinstance(given, str) and not _is_plain(given)):
        raise ValueError(f"{shown(given)} is not of type {kind}")
    try:
        value = int(given) if kind == "Integer" else float(given)
    except (TypeError, ValueError):
        raise ValueError(f"{shown(given)} is not of type {kind}") from None
    if not math.isfinite(value):
        raise ValueError(f"{shown(given)} is not a finite number; type {kind} needs one")
    return value


def _is_plain(number: str) -> bool:
    """Python reads more as a number than others do: 1_000, blanks, digits of other scripts."""
    return number.isascii() and "_" not in number and number == number.strip()


def _string(given: Any) -> str:
    if not isinstance(given, str):
        raise ValueError(f"{shown(given)} is not of type String")
    if len(given) > _MAX_LENGTH:
        raise ValueError(f"is {len(given)} characters long; {_MAX_LENGTH} are allowed")
    return given


def _boolean(given: Any) -> bool:
    value = given if isinstance(given, bool) else _BOOLEANS.get(str(given).lower())
    if value is None:
        raise ValueError(f"{shown(given)} is not of type Boolean")
    return value
