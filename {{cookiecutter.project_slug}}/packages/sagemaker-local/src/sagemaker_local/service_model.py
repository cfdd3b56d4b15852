"""botocore's model of the SageMaker service: the shapes of requests and responses, offline."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ParamValidationError
from botocore.model import (
    ListShape,
    MapShape,
    ServiceModel,
    Shape,
    StringShape,
    StructureShape,
)
from botocore.validate import ParamValidator
from sagemaker_local.errors import LocalError


@cache
def service_model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("sagemaker")


@cache
def service_data(kind: str) -> dict[str, Any]:
    """botocore's file of this kind about the service, ``paginators-1`` or ``waiters-2``."""
    loader = botocore.session.get_session().get_component("data_loader")
    found: dict[str, Any] = loader.load_service_model("sagemaker", kind)
    return found


@cache
def shape_named(name: str) -> Shape:
    """A shape of the service, one object for each: botocore works out its members once."""
    return service_model().shape_for(name)


@cache
def _operations() -> dict[str, str]:
    return {xform_name(name): name for name in service_model().operation_names}


def validated_request(method: str, request: dict[str, Any]) -> dict[str, Any]:
    """The request as boto3 would send it: checked, with an idempotency token where one is due.

    Raises:
        ParamValidationError: as boto3 does, for missing, unknown or mistyped members.
        LocalError: for values that the service refuses, such as a name that it does not allow.
    """
    shape = service_model().operation_model(_operations()[method]).input_shape
    if not isinstance(shape, StructureShape):
        return request
    tokens = [n for n, m in shape.members.items() if m.metadata.get("idempotencyToken")]
    filled = {name: str(uuid.uuid4()) for name in tokens} | request
    report = ParamValidator().validate(filled, shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())
    refusals = list(violations(filled, shape))
    if refusals:
        raise LocalError(f"The request is not valid: {'; '.join(refusals)}.")
    return filled


def violations(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """What botocore's validator lets pass and the service does not: enums, patterns, maxima.

    Args:
        value: a request, a response, or a part of one.
        shape: what it should be.
        path: where it stands, for the sentences.
    """
    if isinstance(shape, StructureShape):
        for name in set(value) & set(shape.members):
            yield from violations(value[name], shape.members[name], f"{path}.{name}".lstrip("."))
        return
    if isinstance(shape, ListShape):
        for index, item in enumerate(value):
            yield from violations(item, shape.member, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from violations(key, shape.key, f"{path} key {key!r}")
            yield from violations(item, shape.value, f"{path}.{key}")
    elif isinstance(shape, StringShape):
        yield from _string_violations(value, shape, path)
    size = len(value) if hasattr(value, "__len__") else value
    if "max" in shape.metadata and size > shape.metadata["max"]:
        yield f"{path} exceeds {shape.metadata['max']}"


def _string_violations(value: str, shape: StringShape, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}, which is not one of {', '.join(shape.enum)}"
    pattern = _pattern(shape.metadata.get("pattern", ""))
    if pattern and not pattern.fullmatch(value):
        yield f"{path} is {value[:80]!r}, which does not match {pattern.pattern}"


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    r"""The pattern, unless it is in a dialect (``\p{L}``) that Python does not have."""
    try:
        return re.compile(text, re.DOTALL) if text else None
    except re.error:
        return None


def missing_member(shape_name: str, path: tuple[str | int, ...]) -> str | int | None:
    """The first part of ``path`` that a response of this shape cannot have, else None."""
    shape = shape_named(shape_name)
    for part in path:
        if isinstance(shape, StructureShape):
            if part not in shape.members:
                return part
            shape = shape.members[str(part)]
        elif isinstance(shape, ListShape):
            shape = shape.member
        elif isinstance(shape, MapShape):
            shape = shape.value
        else:
            return part
    return None


def members(shape_name: str) -> frozenset[str]:
    """Names of a structure's members."""
    shape = shape_named(shape_name)
    assert isinstance(shape, StructureShape)
    return frozenset(shape.members)
