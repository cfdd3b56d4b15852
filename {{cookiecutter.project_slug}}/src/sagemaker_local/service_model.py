"""botocore's model of the SageMaker service: the shapes of requests and responses, offline."""

from __future__ import annotations

import uuid
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ParamValidationError
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator


@cache
def service_model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("sagemaker")


@cache
def _operations() -> dict[str, str]:
    return {xform_name(name): name for name in service_model().operation_names}


def validated_request(method: str, request: dict[str, Any]) -> dict[str, Any]:
    """The request as boto3 would send it: checked, with an idempotency token where one is due.

    Raises:
        ParamValidationError: as boto3 does, for missing, unknown or mistyped members.
    """
    shape = service_model().operation_model(_operations()[method]).input_shape
    if not isinstance(shape, StructureShape):
        return request
    tokens = [n for n, m in shape.members.items() if m.metadata.get("idempotencyToken")]
    filled = {name: str(uuid.uuid4()) for name in tokens} | request
    report = ParamValidator().validate(filled, shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())
    return filled


def missing_member(shape_name: str, path: tuple[str | int, ...]) -> str | int | None:
    """The first part of ``path`` that a response of this shape cannot have, else None."""
    shape: Shape = service_model().shape_for(shape_name)
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
    shape = service_model().shape_for(shape_name)
    assert isinstance(shape, StructureShape)
    return frozenset(shape.members)
