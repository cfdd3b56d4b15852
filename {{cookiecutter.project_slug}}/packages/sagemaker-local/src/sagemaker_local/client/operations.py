"""What every method of the client does: check the request, answer with a copy, give pages."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from botocore.exceptions import ClientError
from botocore.utils import parse_to_aware_datetime
from sagemaker_local.client.exceptions import modeled
from sagemaker_local.errors import LocalError, NotFoundError, invalid, not_found, refused
from sagemaker_local.planning.rules import table
from sagemaker_local.service_model import InvalidRequest, validated_request
from sagemaker_local.storage.store import Document

_PAGE = 100
# The member that a filter by time looks at; some requests say Created for CreationTime.
_TIMES = {
    f"{name}{side}": member
    for name, member in (
        ("Created", "CreationTime"),
        ("CreationTime", "CreationTime"),
        ("LastModifiedTime", "LastModifiedTime"),
    )
    for side in ("After", "Before")
}


_Method = Callable[..., Document]


def operation(method: _Method) -> _Method:
    """Make a method answer as boto3's does.

    The request is validated against botocore's model (``ParamValidationError``), errors become
    ``ClientError`` of the class that boto3 has for the service's code, and the caller gets a copy
    that it may change.
    """
    return asking(_nothing_else)(method)


def asking(also: Callable[[Any, Document], object]) -> Callable[[_Method], _Method]:
    """``operation``, for a method whose request may be wrong in ways that no model states.

    Args:
        also: asked where the model refuses a value, so that a person hears of all that is wrong at
            once; it raises LocalError, and is the method's own part otherwise.
    """
    return lambda method: _answering(method, also)


def _nothing_else(client: Any, request: Document) -> None:
    """No further reasons."""


def _answering(method: _Method, also: Callable[[Any, Document], object]) -> _Method:
    name = "".join(part.capitalize() for part in method.__name__.split("_"))

    @wraps(method)
    def call(self: Any, /, **request: Any) -> Document:
        try:
            checked = validated_request(method.__name__, request)
            response = copy.deepcopy(method(self, checked))
        except InvalidRequest as error:
            told = "\n".join([str(error), *_further(also, self, request)])
            raise modeled(invalid(told, name)) from error
        except NotFoundError as error:
            raise modeled(not_found(str(error), name)) from error
        except LocalError as error:
            raise modeled(invalid(str(error), name)) from error
        except ClientError as error:
            raise modeled(error) from error.__cause__
        return {**response, "ResponseMetadata": {"HTTPStatusCode": 200, "RetryAttempts": 0}}

    return call


def _further(also: Callable[[Any, Document], object], client: Any, request: Document) -> list[str]:
    try:
        also(client, request)
    except LocalError as error:
        return [str(error)]
    return []


# What requests are asked as that give tags to what no step makes.
TAGGING = "AddTags"


def refuse(step_type: str, request: Document) -> None:
    """Ask of a request what is asked of the arguments of a step of this type.

    Raises:
        LocalError: with every reason why the service would refuse it.
    """
    refusals = table.broken_by(step_type, request)
    if refusals:
        raise LocalError(refused(f"The {step_type} request", refusals))


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


@dataclass(frozen=True)
class Listing:
    """How a List operation filters and sorts; the defaults are those of the service's reference.

    Attributes:
        name: the member that ``NameContains`` and ``SortBy=Name`` look at.
        status: the member that ``StatusEquals`` and ``SortBy=Status`` look at.
        sort_by: the order, where the request does not say one.
        sort_order: its direction.
        alike: filters that all documents pass, or all do not, and with which values they do.
    """

    name: str
    status: str = ""
    sort_by: str = "CreationTime"
    sort_order: str = "Ascending"
    alike: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def listed(items: Sequence[Document], request: Document, listing: Listing) -> list[Document]:
    """The documents that a List request asks for, in its order.

    Args:
        items: all there are, newest first: of equal ones, the newer is the greater.
        request: filters (``NameContains``, ``...Prefix``, ``...Equals``, ``...After``,
            ``...Before``), ``SortBy`` and ``SortOrder``; its other members are the caller's.
        listing: which members they mean.
    """
    found = [item for item in items if _wanted(item, request, listing)]
    order: str = request.get("SortBy", listing.sort_by)
    member = {"Name": listing.name, "Status": listing.status}.get(order, order)
    found.sort(key=lambda item: item[member], reverse=True)
    ascending = request.get("SortOrder", listing.sort_order) == "Ascending"
    return found[::-1] if ascending else found


def _wanted(item: Document, request: Document, listing: Listing) -> bool:
    return all(_passes(item, key, value, listing) for key, value in request.items())


def _passes(item: Document, key: str, value: Any, listing: Listing) -> bool:
    """Does a document pass one member of a request? Members that are no filters let all pass."""
    if key in listing.alike:
        return value in listing.alike[key]
    if key == "NameContains":
        return value in item[listing.name]
    if key.endswith("Prefix"):
        return bool(item[key.removesuffix("Prefix")].startswith(value))
    if key.endswith("Equals"):
        member = listing.status if key == "StatusEquals" else key.removesuffix("Equals")
        return bool(item.get(member) == value)
    if key not in _TIMES:
        return True
    limit = parse_to_aware_datetime(value)  # a request may hold text, or seconds
    time = item[_TIMES[key]]
    return bool(time > limit if key.endswith("After") else time < limit)


def in_order(items: list[Document], request: Document) -> list[Document]:
    """Newest first, unless the request asks for ascending order."""
    return items[::-1] if request.get("SortOrder") == "Ascending" else items
