"""boto3's classes of exceptions: one for each error that the service's model declares."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ClientError
from sagemaker_local.service_model import service_model


@cache
def exceptions() -> Any:
    """What ``client.exceptions`` is: ``ResourceNotFound``, ``ConflictException`` and so on."""
    return ClientExceptionsFactory().create_client_exceptions(service_model())


def modeled(error: ClientError) -> ClientError:
    """The error as boto3 raises it: of its own class, where its code has one."""
    kind: type[ClientError] = exceptions().from_code(error.response["Error"]["Code"])
    return kind(error.response, error.operation_name)
