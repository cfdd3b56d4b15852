"""Do a step's arguments have the shape of the service's Create request?

An expression stands for any single value: what it gives is known only when the pipeline runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from sagemaker_local.expressions import function_of
from sagemaker_local.service_model import service_model, violations
from sagemaker_local.support import REQUEST_SHAPES

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
        yield from _misfits(service_model().shape_for(REQUEST_SHAPES[step_type]), arguments, "")


def refused_values(step_type: str, arguments: dict[str, Any]) -> list[str]:
    """Values that the service does not allow, in arguments whose expressions are resolved."""
    if step_type not in REQUEST_SHAPES:
        return []
    return list(violations(arguments, service_model().shape_for(REQUEST_SHAPES[step_type])))


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
