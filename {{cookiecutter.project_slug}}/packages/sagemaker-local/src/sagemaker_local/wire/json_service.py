"""Services of AWS's JSON protocols: SageMaker, and its logs and metrics."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore import xform_name
from sagemaker_local.client.client import SageMakerClient
from sagemaker_local.client.logs import LocalLogs
from sagemaker_local.client.metrics import LocalCloudWatch
from sagemaker_local.service_model import service_model
from sagemaker_local.wire.messages import Answer, Request, WireError, request_id

# The longest request of the service is a pipeline's definition of a megabyte, as a JSON string.
LIMIT_BYTES = 6 << 20
TYPE = "application/x-amz-json-1.1"

Operation = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class JsonService:
    """Answers ``X-Amz-Target: <prefix>.<operation>``.

    Attributes:
        name: the service's, for a person.
        operations: a function for each operation, which takes the request's members.
    """

    name: str
    operations: Mapping[str, Operation]

    def answer(self, request: Request) -> Answer:
        """Call the operation.

        Raises:
            WireError: there is no such operation, or the body is no JSON object.
            ClientError: the operation's own.
        """
        name = request.header("X-Amz-Target").rpartition(".")[2]
        members = _members(request.body.read(LIMIT_BYTES))
        response = _bound(operation_of(self.name, self.operations, name), members)
        response.pop("ResponseMetadata", None)
        return json_answer(response)


def sagemaker(client: SageMakerClient) -> JsonService:
    """Every operation of the service that the client has a method for."""
    names = {name: xform_name(name) for name in service_model().operation_names}
    operations = {
        name: getattr(client, method)
        for name, method in names.items()
        if hasattr(type(client), method)
    }
    return JsonService("SageMaker", operations)


def logs(local: LocalLogs) -> JsonService:
    operations: dict[str, Operation] = {
        "DescribeLogStreams": local.describe_log_streams,
        "GetLogEvents": local.get_log_events,
        "FilterLogEvents": local.filter_log_events,
    }
    return JsonService("CloudWatch Logs", operations)


def metrics(local: LocalCloudWatch) -> JsonService:
    operations: dict[str, Operation] = {"GetMetricStatistics": local.get_metric_statistics}
    return JsonService("CloudWatch", operations)


def operation_of(service: str, operations: Mapping[str, Operation], name: str) -> Operation:
    """The operation of a service that a client names.

    Raises:
        WireError: there is none.
    """
    if name not in operations:
        raise unknown(f"{service} has no operation {name[:80]!r} on this machine")
    return operations[name]


def unknown(what: str) -> WireError:
    """The error for what a local session does not have."""
    message = f"{what}: it does not run here. A managed session, without AWS_ENDPOINT_URL, has it."
    return WireError("UnknownOperationException", message)


def json_answer(document: Mapping[str, Any], status: int = 200, error: str = "") -> Answer:
    """A document as the protocol writes it, with times in seconds.

    Args:
        document: what to write.
        status: of HTTP.
        error: the code of an error, which clients of other JSON protocols read in a header.
    """
    text = json.dumps(document, default=_seconds)
    named = {"x-amzn-ErrorType": error} if error else {}
    headers = {"Content-Type": TYPE, "x-amzn-RequestId": request_id(), **named}
    return Answer(status, headers, text.encode())


def refusal(error: WireError) -> Answer:
    document = {"__type": error.code, "message": error.message}
    return json_answer(document, error.status, error.code)


def _members(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        told = f"The request is no JSON: {error}"
        raise WireError("SerializationException", told) from error
    if not isinstance(members, dict):
        told = f"The request is JSON of a {type(members).__name__}, and should be an object."
        raise WireError("SerializationException", told)
    return members


def _bound(operation: Operation, members: dict[str, Any]) -> dict[str, Any]:
    try:
        inspect.signature(operation, follow_wrapped=False).bind(**members)
    except TypeError as error:
        raise WireError("ValidationException", f"The request cannot be read: {error}.") from error
    return operation(**members)


def _seconds(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{value!r} cannot be sent as JSON")
