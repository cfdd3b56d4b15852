"""Do a step's arguments have the shape of the service's Create request, and values it allows?

An expression stands for a single value of its type; its value is asked where it is known already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Protocol

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from sagemaker_local.definition.expressions import function_of, names_of
from sagemaker_local.definition.values import BOOLEAN, NUMBER, kind_of, told
from sagemaker_local.errors import did_you_mean
from sagemaker_local.service_model import own_violations, shape_named

_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}
# The types of expressions that may stand for a value of a shape; others may stand for any.
_ASSIGNABLE = {
    "string": ("String",),
    "boolean": ("Boolean",),
    "integer": ("Integer",),
    "long": ("Integer",),
    "float": ("Float", "Integer"),
    "double": ("Float", "Integer"),
    "timestamp": ("Timestamp", "String"),
}
# Types of expressions that stand for many values, and so for no value of a request.
MANY = {"list": "List", "map": "Map", "structure": "Structure"}
# The type of an expression that refers to a value of a shape.
EXPRESSION_TYPES = {shape: types[0] for shape, types in _ASSIGNABLE.items()} | MANY
# What a shape wants, in words.
_WANTED = {
    "integer": "an integer",
    "long": "an integer",
    "float": "a number",
    "double": "a number",
}
# Those that Std:Join writes as text.
_TEXTUAL = ("Integer", "Float", "Boolean", "Timestamp")
_TEXT = StringShape("String", {"type": "string"})
# An expression, which may stand for any value.
SOME_VALUE = {"Get": "Execution.PipelineExecutionId"}
UNKNOWN = object()


class Known(Protocol):
    """What is known of expressions before they are resolved."""

    def type_of(self, expression: Any) -> str | None:
        """``String``, ``Integer``, ``Float``, ``Boolean``, ``Timestamp``, or one of ``MANY``.

        None: it is not known.
        """
        ...

    def value_of(self, expression: Any) -> Any:
        """Its value, or ``UNKNOWN``."""
        ...


class NothingKnown:
    """Of expressions nothing is known; or there are none."""

    def type_of(self, expression: Any) -> str | None:
        return None

    def value_of(self, expression: Any) -> Any:
        return UNKNOWN


def shape_refusals(
    shape: str, arguments: dict[str, Any], given: Collection[str] = (), known: Known | None = None
) -> Iterator[str]:
    """What in ``arguments`` is missing, unknown, of another type, or no value that is allowed.

    Args:
        shape: the request's name in the service's model.
        arguments: a step's.
        given: required members that the engine gives itself, such as a job's name.
        known: of the expressions in the arguments.
    """
    filled = dict.fromkeys(given, SOME_VALUE) | arguments
    yield from _Walk(known or NothingKnown()).refusals(shape_named(shape), filled, "")


def sound(shape: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments; in place of what is of another type, an expression that may be anything."""
    found: dict[str, Any] = _sound(shape_named(shape), arguments)
    return found


def missing_key(
    shape_name: str, arguments: dict[str, Any], path: tuple[str | int, ...]
) -> str | int | None:
    """The name, or index, in ``path`` that a list of the arguments does not have, else None.

    Only what the arguments say literally is looked at: not what the service adds, and no
    expressions.

    Args:
        shape_name: the request's name in the service's model.
        arguments: a step's.
        path: of a property that a reference asks for.
    """
    shape = shape_named(shape_name)
    value: Any = arguments
    for part in path:
        if isinstance(shape, StructureShape):
            if part not in shape.members:
                return None
            shape = shape.members[str(part)]
            value = value.get(part) if isinstance(value, dict) else None
        elif isinstance(shape, ListShape):
            items = value if isinstance(value, list) else []
            if not _may_have(items, part):
                return part
            shape = shape.member
            value = next((i for n, i in enumerate(items) if part == n or part in names_of(i)), None)
        else:
            return None
    return None


def _may_have(items: list[Any], key: str | int) -> bool:
    if isinstance(key, int):
        return key < len(items)
    names = [name for item in items for name in names_of(item)]
    return key in names or not all(isinstance(name, str) for name in names)


def _sound(shape: Shape, value: Any) -> Any:
    if function_of(value):
        return value
    if not _has_type(shape, value):
        return SOME_VALUE
    if isinstance(shape, StructureShape):
        known = shape.members
        return {k: _sound(known[k], v) if k in known else v for k, v in value.items()}
    if isinstance(shape, ListShape):
        return [_sound(shape.member, item) for item in value]
    if isinstance(shape, MapShape):
        return {key: _sound(shape.value, item) for key, item in value.items()}
    return value


def _has_type(shape: Shape, value: Any) -> bool:
    allowed = _TYPES.get(shape.type_name, (object,))
    return isinstance(value, allowed) and (not isinstance(value, bool) or bool in allowed)


class _Walk:
    """Through a request and its shape side by side."""

    def __init__(self, known: Known) -> None:
        self._known = known

    def refusals(self, shape: Shape, value: Any, path: str) -> Iterator[str]:
        holds_others = isinstance(shape, StructureShape | ListShape | MapShape)
        if function_of(value) and not holds_others:
            yield from self._of_expression(shape, value, path)
        elif function_of(value) or not _has_type(shape, value):
            yield _misfit(shape, value, path)
        else:
            yield from own_violations(value, shape, path)
            yield from self._inside(shape, value, path)

    def _of_expression(self, shape: Shape, expression: Any, path: str) -> Iterator[str]:
        given = self._known.type_of(expression)
        allowed = _ASSIGNABLE.get(shape.type_name)
        if given and allowed and given not in allowed:
            yield f"{path}: {_not_assignable(expression, given, allowed[0])}"
            return
        value = self._known.value_of(expression)
        if value is not UNKNOWN and _has_type(shape, value):
            yield from own_violations(value, shape, path)

    def _inside(self, shape: Shape, value: Any, path: str) -> Iterator[str]:
        if isinstance(shape, StructureShape):
            yield from self._in_structure(shape, value, path)
        elif isinstance(shape, ListShape):
            for index, item in enumerate(value):
                yield from self.refusals(shape.member, item, f"{path}[{index}]")
        elif isinstance(shape, MapShape):
            for key, item in value.items():
                yield from own_violations(key, shape.key, f"{path} key {key!r}")
                yield from self.refusals(shape.value, item, f"{path}.{key}")

    def _in_structure(
        self, shape: StructureShape, value: dict[str, Any], path: str
    ) -> Iterator[str]:
        dot = f"{path}." if path else ""
        for key in sorted(set(shape.required_members) - set(value)):
            yield f"{dot}{key} is missing"
        for key, item in value.items():
            if key in shape.members:
                yield from self.refusals(shape.members[key], item, f"{dot}{key}")
            elif path:  # at the top, the table of what runs here names it already
                hint = did_you_mean(key, set(shape.members) - set(value))
                yield f"Cannot parse object, unknown property {dot}{key}{hint}"


def _misfit(shape: Shape, value: Any, path: str) -> str:
    wanted = _WANTED.get(shape.type_name, f"a {shape.type_name}")
    function = function_of(value)
    if function:
        return f"{path} should be {wanted}, and is an expression, {function}: a single value"
    found = f"{path} should be {wanted}, and is {told(value)}"
    if shape.type_name == "string" and kind_of(value) in (NUMBER, BOOLEAN):
        return f"{found}: write it as text; of an expression Std:Join makes it (.to_string())"
    return found


def _not_assignable(expression: Any, given: str, wanted: str) -> str:
    """The service's own words, and what to do."""
    text = expression.get("Get", "Std:Join")
    found = f"Cannot assign property reference [{text}] to argument of type [{wanted}]"
    if given in MANY.values():
        return f"{found}; it is of type {given}: name a single value in it"
    if wanted == "String" and given in _TEXTUAL:
        return f"{found}; it is of type {given}: write it as text, with Std:Join (.to_string())"
    if text.startswith("Parameters."):
        return f"{found}; it is of type {given}: declare the parameter as {wanted}"
    return f"{found}; it is of type {given}"


def text_refusals(path: str, value: Any, known: Known | None = None) -> Iterator[str]:
    """Why a value, or an expression, is no text; for what no request of the service has."""
    yield from _Walk(known or NothingKnown()).refusals(_TEXT, value, path)
