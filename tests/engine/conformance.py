"""Is what the client takes and gives what botocore's model of the service says?

``ConformingClient`` stands before a client and checks every accepted request and every response:
members, types and minima by botocore's own validator, enums, patterns and maxima by the engine's
``violations``, and what neither sees, such as times without a zone, by ``oddities``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any, cast

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.paginate import Paginator
from botocore.validate import ParamValidator
from botocore.waiter import Waiter
from sagemaker_local.client.client import SageMakerClient
from sagemaker_local.service_model import violations

_MODEL = botocore.session.get_session().get_service_model("sagemaker")
_OPERATIONS = {xform_name(name): name for name in _MODEL.operation_names}


class ConformingClient:
    """A client that fails a test when the client behind it leaves the service's model.

    Attributes:
        checked: the methods that were called and found right.
    """

    def __init__(self, client: SageMakerClient) -> None:
        self._client = client
        self.checked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._client, name)
        return partial(self._call, name, value) if name in _OPERATIONS else value

    def get_paginator(self, operation_name: str) -> Paginator:
        """The client's paginator, with its pages checked too."""
        return SageMakerClient.get_paginator(cast(SageMakerClient, self), operation_name)

    def get_waiter(self, waiter_name: str) -> Waiter:
        """The client's waiter, with what it looks at checked too."""
        return SageMakerClient.get_waiter(cast(SageMakerClient, self), waiter_name)

    def _call(self, name: str, method: Any, **request: Any) -> dict[str, Any]:
        operation = _MODEL.operation_model(_OPERATIONS[name])
        try:
            response = method(**request)
        except ClientError as error:
            _check_error(error, operation)
            raise
        _check(f"{name} accepted a request with", request, operation.input_shape)
        answer = {key: value for key, value in response.items() if key != "ResponseMetadata"}
        _check(f"{name} answered with", answer, operation.output_shape)
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 200
        self.checked.add(name)
        return cast(dict[str, Any], response)


def check_shape(name: str, value: Any) -> None:
    """Fail unless ``value`` conforms to the service's shape of this name."""
    _check(f"{name} has", value, _MODEL.shape_for(name))


def _check_error(error: ClientError, operation: OperationModel) -> None:
    declared = {shape.name for shape in operation.error_shapes} | {"ValidationException"}
    code = error.response["Error"]["Code"]
    assert code in declared, f"{operation.name} gave {code}, the service knows {sorted(declared)}"
    assert error.operation_name == operation.name
    assert error.response["Error"]["Message"]
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def _check(what: str, value: Any, shape: Shape | None) -> None:
    if shape is None:
        assert not value, f"{what} {value!r}, and there should be nothing"
        return
    report = ParamValidator().validate(_with_tokens(value, shape), shape)
    assert not report.has_errors(), f"{what} {report.generate_report()}"
    found = [*oddities(value, shape), *violations(value, shape)]
    assert not found, f"{what} {found}"


def _with_tokens(value: Any, shape: Shape) -> Any:
    """The request with the idempotency tokens that boto3 would fill in."""
    if not isinstance(shape, StructureShape):
        return value
    tokens = [n for n, member in shape.members.items() if member.metadata.get("idempotencyToken")]
    return dict.fromkeys(tokens, "0" * 32) | value


def oddities(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """What is missing instead of absent, and times and numbers that only look right."""
    kind = shape.type_name
    if value is None:
        yield f"{path} is None"
    elif isinstance(shape, StructureShape):
        for name, item in value.items():
            yield from oddities(item, shape.members[name], f"{path}.{name}")
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value):
            yield from oddities(item, shape.member, f"{path}[{index}]")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            yield from oddities(item, shape.value, f"{path}.{key}")
    elif kind == "timestamp" and not (isinstance(value, datetime) and value.tzinfo):
        yield f"{path} is {value!r}, not a time with a zone"
    elif kind in {"integer", "long", "float", "double"} and isinstance(value, bool):
        yield f"{path} is {value!r}, not a number"
