"""Functions of a definition whose own arguments cannot be read, or never have a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_local.definition.expressions import (
    function_of,
    parse_json_path,
    parse_reference,
)
from sagemaker_local.definition.shapes import MANY, text_refusals
from sagemaker_local.definition.values import JOINED, kind_of, told
from sagemaker_local.errors import unknown_properties
from sagemaker_local.planning.known import Known

_MEMBERS = {"Std:Join": ("On", "Values"), "Std:JsonGet": ("PropertyFile", "S3Uri", "Path")}

_INSIDE = ("On", "Values", "PropertyFile")


def function_refusals(value: Any, known: Known, path: str = "") -> Iterator[str]:
    """What is wrong with the functions in a step's arguments, at any depth.

    Args:
        value: the arguments, or a part of them.
        known: of expressions.
        path: where the value stands, for the sentences.
    """
    function = function_of(value)
    if function:
        where = f"{path}: " if path else ""
        yield from (f"{where}{what}" for what in _refusals(function, value[function], known))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from function_refusals(item, known, f"{path}[{index}]")
    for key, item in value.items() if isinstance(value, dict) else ():
        # What is in a function stands where the function does.
        inside = path if function or key in _INSIDE else f"{path}.{key}".lstrip(".")
        yield from function_refusals(item, known, inside)


def _refusals(function: str, arguments: Any, known: Known) -> Iterator[str]:
    try:
        if function == "Get":
            parse_reference(arguments)
        elif not isinstance(arguments, dict):
            yield f"{function} has no arguments"
        elif function == "Std:JsonGet":
            yield from unknown_properties(arguments, _MEMBERS[function])
            yield from _json_get_refusals(arguments, known)
        else:
            yield from unknown_properties(arguments, _MEMBERS[function])
            yield from _join_refusals(arguments, known)
    except ValueError as error:
        yield f"{function}: {error}"


def _join_refusals(arguments: dict[str, Any], known: Known) -> Iterator[str]:
    values = arguments.get("Values")
    if not isinstance(arguments.get("On"), str) or not isinstance(values, list):
        yield "Std:Join needs On, a string, and Values, a list"
        return
    for value in values:
        what = _not_joined(value, known)
        if what:
            yield f"Std:Join joins strings, numbers and booleans, and one of its Values is {what}"


def _not_joined(value: Any, known: Known) -> str:
    """In words, what ``Std:Join`` does not join; empty: it may be joined."""
    if not function_of(value):
        return "" if kind_of(value) in JOINED else told(value)
    given = known.type_of(value)
    return f"{value['Get']}, of type {given}" if given in MANY.values() else ""


def _json_get_refusals(arguments: dict[str, Any], known: Known) -> Iterator[str]:
    if not isinstance(arguments.get("Path"), str):
        yield "Std:JsonGet needs Path, a string"
    else:
        try:
            parse_json_path(arguments["Path"])
        except ValueError as error:
            yield f"Std:JsonGet: {error}"
    if "S3Uri" in arguments and "PropertyFile" in arguments:
        yield "Std:JsonGet has S3Uri and PropertyFile, and needs one of them"
    elif "S3Uri" in arguments:
        yield from text_refusals("S3Uri of Std:JsonGet", arguments["S3Uri"], known)
    elif not _names_file(arguments.get("PropertyFile")):
        yield "Std:JsonGet needs S3Uri, or a PropertyFile such as Steps.<name>.PropertyFiles.<file>"


def _names_file(value: Any) -> bool:
    if function_of(value) != "Get":
        return False
    path = parse_reference(value["Get"]).path
    return path[:1] == ("PropertyFiles",) and len(path) == 2
