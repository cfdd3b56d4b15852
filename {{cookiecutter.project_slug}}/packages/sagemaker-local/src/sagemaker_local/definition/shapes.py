"""Do a step's arguments have the shape of the service's Create request?

An expression stands for any single value: what it gives is known only when the pipeline runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from sagemaker_local.definition.expressions import function_of, names_of
from sagemaker_local.service_model import shape_named, violations

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
# An expression, which may stand for any value.
_SOME_VALUE = {"Get": "Execution.PipelineExecutionId"}


def shape_refusals(
    shape: str, arguments: dict[str, Any], given: Collection[str] = ()
) -> Iterator[str]:
    """What in ``arguments`` is missing, unknown, of another type or never allowed.

    Args:
        shape: the request's name in the service's model.
        arguments: a step's.
        given: required members that the engine gives itself, such as a job's name.
    """
    yield from _refusals(shape_named(shape), dict.fromkeys(given, _SOME_VALUE) | arguments, "")


def value_refusals(shape: str, arguments: dict[str, Any]) -> Iterator[str]:
    """Values that the service does not allow, in arguments whose expressions are resolved."""
    return violations(arguments, shape_named(shape))


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


def _refusals(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if function_of(value) and not isinstance(shape, StructureShape | ListShape | MapShape):
        return
    allowed = _TYPES.get(shape.type_name, (object,))
    wrong_type = not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)
    if wrong_type or function_of(value):
        yield f"{path} should be a {shape.type_name}, and is {str(value)[:80]!r}"
    elif isinstance(shape, StructureShape):
        yield from _in_structure(shape, value, path)
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value):
            yield from _refusals(shape.member, item, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _refusals(shape.value, item, f"{path}.{key}")
    else:
        yield from violations(value, shape, path)


def _in_structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    dot = f"{path}." if path else ""
    for key in sorted(set(shape.required_members) - set(value)):
        yield f"{dot}{key} is missing"
    for key, item in value.items():
        if key in shape.members:
            yield from _refusals(shape.members[key], item, f"{dot}{key}")
        elif path:  # at the top, the table of what runs here names it already
            yield f"Cannot parse object, unknown property {dot}{key}"
