"""Do a step's arguments have the shape of the service's Create request?

An expression stands for any single value: what it gives is known only when the pipeline runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from sagemaker_local.definition.expressions import function_of, names_of
from sagemaker_local.planning.support import REQUEST_SHAPES
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
# The engine names jobs and models itself, as the service does when a pipeline creates them.
_GIVEN = {
    "ProcessingJobName",
    "TrainingJobName",
    "HyperParameterTuningJobName",
    "TransformJobName",
    "ModelName",
}


def misfits(step_type: str, arguments: dict[str, Any]) -> Iterator[str]:
    """What in ``arguments`` is missing, unknown, of another type or never allowed."""
    if step_type in REQUEST_SHAPES:
        yield from _misfits(shape_named(REQUEST_SHAPES[step_type]), arguments, "")


def refused_values(step_type: str, arguments: dict[str, Any]) -> list[str]:
    """Values that the service does not allow, in arguments whose expressions are resolved."""
    if step_type not in REQUEST_SHAPES:
        return []
    return list(violations(arguments, shape_named(REQUEST_SHAPES[step_type])))


def missing_key(
    step_type: str, arguments: dict[str, Any], path: tuple[str | int, ...]
) -> str | int | None:
    """The name, or index, in ``path`` that a list of a step's arguments does not have, else None.

    Only what the arguments say literally is looked at: not what the service adds, and no
    expressions. A training job's final metrics are those that its arguments define.
    """
    shape = shape_named(REQUEST_SHAPES[step_type])
    value: Any = arguments
    if step_type == "Training" and path[:1] == ("FinalMetricDataList",):
        path = ("AlgorithmSpecification", "MetricDefinitions", *path[1:])
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


def _misfits(shape: Shape, value: Any, path: str) -> Iterator[str]:
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
            yield from _misfits(shape.member, item, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from _misfits(shape.value, item, f"{path}.{key}")
    else:
        yield from violations(value, shape, path)


def _in_structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    dot = f"{path}." if path else ""
    for key in sorted(set(shape.required_members) - set(value) - _GIVEN):
        yield f"{dot}{key} is missing"
    for key, item in value.items():
        if key in shape.members:
            yield from _misfits(shape.members[key], item, f"{dot}{key}")
        elif path:  # at the top, the table of what runs here names it already
            yield f"Cannot parse object, unknown property {dot}{key}"
