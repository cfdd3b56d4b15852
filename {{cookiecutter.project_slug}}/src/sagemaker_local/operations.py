"""What every method of the client does: check the request, answer with a copy, give pages."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from sagemaker_local.errors import LocalError, NotFoundError, invalid, not_found
from sagemaker_local.service_model import validated_request
from sagemaker_local.store import Document

_PAGE = 100


def operation(method: Callable[..., Document]) -> Callable[..., Document]:
    """Make a method answer as boto3's does.

    The request is validated against botocore's model (``ParamValidationError``), errors become
    ``ClientError`` with the service's code, and the caller gets a copy that it may change.
    """
    name = "".join(part.capitalize() for part in method.__name__.split("_"))

    @wraps(method)
    def call(self: Any, **request: Any) -> Document:
        try:
            checked = validated_request(method.__name__, request)
            response = copy.deepcopy(method(self, checked))
        except NotFoundError as error:
            raise not_found(str(error), name) from error
        except LocalError as error:
            raise invalid(str(error), name) from error
        return {**response, "ResponseMetadata": {"HTTPStatusCode": 200, "RetryAttempts": 0}}

    return call


def page(items: Sequence[Any], request: Document, member: str) -> Document:
    """A page of ``items`` under ``member``, as MaxResults and NextToken ask for."""
    token = request.get("NextToken", "0")
    if not token.isdigit():
        raise LocalError("Invalid NextToken.")
    start, size = int(token), request.get("MaxResults", _PAGE)
    response: Document = {member: list(items[start : start + size])}
    if start + size < len(items):
        response["NextToken"] = str(start + size)
    return response


def select(document: Document, names: Sequence[str]) -> Document:
    """The members of ``document`` that are there and named, for a summary."""
    return {name: document[name] for name in names if name in document}


def in_order(items: list[Document], request: Document) -> list[Document]:
    """Newest first, unless the request asks for ascending order."""
    return items[::-1] if request.get("SortOrder") == "Ascending" else items
