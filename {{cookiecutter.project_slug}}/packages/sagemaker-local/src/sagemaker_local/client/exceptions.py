"""boto3's classes of exceptions: one for each error that a service's model declares."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ClientError


@cache
def exceptions(service: str = "sagemaker") -> Any:
    """What ``client.exceptions`` is: ``ResourceNotFound``, ``ConflictException`` and so on."""
    model = botocore.session.get_session().get_service_model(service)
    return ClientExceptionsFactory().create_client_exceptions(model)


def modeled(error: ClientError, service: str = "sagemaker") -> ClientError:
    """The error as boto3 raises it: of its own class, where its code has one."""
    kind: type[ClientError] = exceptions(service).from_code(error.response["Error"]["Code"])
    return kind(error.response, error.operation_name)


class Modeled:
    """A client that has ``exceptions``, so that ``except client.exceptions.X`` is no new error."""

    service: str

    @property
    def exceptions(self) -> Any:
        """The classes of what a client of this service raises."""
        return exceptions(self.service)
