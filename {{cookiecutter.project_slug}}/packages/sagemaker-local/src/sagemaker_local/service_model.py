"""botocore's model of the SageMaker service: the shapes of requests and responses, offline."""

from __future__ import annotations

import difflib
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
from sagemaker_local import patterns
from sagemaker_local.errors import LocalError

_MOST_CHOICES = 20
# What a pattern has, and a value that people with a placeholder may look at.
_WANTED = {
    ":role/": "a role's ARN, such as arn:aws:iam::111122223333:role/service-role/my-role",
    "(https|s3)://": "an address in S3, such as s3://my-bucket/data",
}


class InvalidRequest(LocalError):
    """A request of the right types, with values that the service does not allow."""


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
        InvalidRequest: for values that the service refuses, such as a name that it does not allow.
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
        raise InvalidRequest(f"The request is not valid: {'; '.join(refusals)}.")
    return filled


def violations(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """What botocore's validator lets pass and the service does not: enums, patterns, sizes.

    Args:
        value: a request, a response, or a part of one; its types are right.
        shape: what it should be.
        path: where it stands, for the sentences.
    """
    yield from own_violations(value, shape, path)
    if isinstance(shape, StructureShape):
        for name in set(value) & set(shape.members):
            yield from violations(value[name], shape.members[name], f"{path}.{name}".lstrip("."))
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value):
            yield from violations(item, shape.member, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from violations(key, shape.key, f"{path} key {key!r}")
            yield from violations(item, shape.value, f"{path}.{key}")


def own_violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """What a value itself breaks, its members and items apart; see ``violations``."""
    if isinstance(shape, StringShape):
        yield from _string_violations(value, shape, path)
    limits = shape.metadata
    if "min" not in limits and "max" not in limits:
        return
    size, told = _size(value, shape)
    if size < limits.get("min", size):
        yield f"{path} {told}, and the service takes at least {limits['min']}"
    if size > limits.get("max", size):
        yield f"{path} {told}, and the service takes at most {limits['max']}"


def _size(value: Any, shape: Shape) -> tuple[Any, str]:
    """What a limit is asked of, and the words for it."""
    if isinstance(shape, ListShape | MapShape):
        return len(value), f"has {len(value)} entries"
    if isinstance(value, str | bytes):
        return len(value), f"has {len(value)} characters"
    return value, f"is {value}"


def _string_violations(value: str, shape: StringShape, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path} is {value!r}, which is not one of {_offered(value, shape.enum)}"
    pattern = shape.metadata.get("pattern", "")
    if pattern and not patterns.matches(pattern, value):
        line_break = " and has a line break" if len(value.splitlines()) > 1 else ""
        hints = (f"; give {what}" for mark, what in _WANTED.items() if mark in pattern)
        hint = next(hints, "")
        yield f"{path} is {value[:80]!r}, which does not match {pattern}{line_break}{hint}"


def _offered(value: str, choices: list[str]) -> str:
    """The choices; of more than a person wants to read, those that look like the value."""
    if len(choices) <= _MOST_CHOICES:
        return ", ".join(choices)
    close = difflib.get_close_matches(value, choices, n=3, cutoff=0.3)
    return f"the {len(choices)} that there are, such as {', '.join(close or choices[:3])}"


def shape_at(shape_name: str, path: tuple[str | int, ...]) -> Shape | None:
    """The shape of what a path leads to in a response of a shape; None: it leads nowhere."""
    shape = shape_named(shape_name)
    for part in path:
        if isinstance(shape, StructureShape) and part in shape.members:
            shape = shape.members[str(part)]
        elif isinstance(shape, ListShape):
            shape = shape.member
        elif isinstance(shape, MapShape):
            shape = shape.value
        else:
            return None
    return shape


def missing_member(shape_name: str, path: tuple[str | int, ...]) -> str | int | None:
    """The first part of ``path`` that a response of this shape cannot have, else None."""
    ways = ((part, path[:length]) for length, part in enumerate(path, start=1))
    return next((part for part, way in ways if shape_at(shape_name, way) is None), None)


def members(shape_name: str) -> frozenset[str]:
    """Names of a structure's members."""
    shape = shape_named(shape_name)
    assert isinstance(shape, StructureShape)
    return frozenset(shape.members)
