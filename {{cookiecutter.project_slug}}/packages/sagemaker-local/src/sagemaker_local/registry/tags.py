"""Tags of any resource, by its ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker_local.errors import LocalError
from sagemaker_local.storage.store import Document, Store, now

_TAGS = "tags"
_MOST = 50


def _by_key(tags: list[dict[str, Any]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def tags_of(store: Store, arn: str) -> dict[str, str]:
    """A resource's tags; empty if it has none."""
    document = store.resource(_TAGS, arn) or {}
    return _by_key(document.get("Tags", []))


def add_tags(store: Store, arn: str, request: Document) -> None:
    """Add the ``Tags`` of a request, if it has any, to a resource's."""
    if request.get("Tags"):
        with store.transaction():
            set_tags(store, arn, tags_of(store, arn) | _by_key(request["Tags"]))


def set_tags(store: Store, arn: str, tags: Mapping[str, str]) -> None:
    """Replace all tags of a resource.

    Raises:
        LocalError: they are too many.
    """
    if len(tags) > _MOST:
        raise LocalError(f"A resource has at most {_MOST} tags, and {arn} would have {len(tags)}.")
    document = {"Tags": as_list(tags), "CreationTime": now()}
    if not store.add_resource(_TAGS, arn, document):
        store.update_resource(_TAGS, arn, document)


def forget(store: Store, arn: str) -> None:
    """Tags end with their resource: one that has its name later begins without."""
    store.delete_resource(_TAGS, arn)


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """As requests and responses have them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
