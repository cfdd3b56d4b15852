"""The client's methods for tags of any resource."""

from __future__ import annotations

from sagemaker_local.client.operations import TAGGING, operation, page, refuse
from sagemaker_local.engine import Engine
from sagemaker_local.registry import tags
from sagemaker_local.storage.store import Document


class TagOperations:
    """Tags: add, list, delete."""

    engine: Engine

    @operation
    def add_tags(self, request: Document) -> Document:
        refuse(TAGGING, request)
        tags.add_tags(self.engine.store, request["ResourceArn"], request)
        return {"Tags": tags.as_list(tags.tags_of(self.engine.store, request["ResourceArn"]))}

    @operation
    def list_tags(self, request: Document) -> Document:
        found = tags.tags_of(self.engine.store, request["ResourceArn"])
        return page(tags.as_list(found), request, "Tags")

    @operation
    def delete_tags(self, request: Document) -> Document:
        arn, gone = request["ResourceArn"], set(request["TagKeys"])
        with self.engine.store.transaction():
            found = tags.tags_of(self.engine.store, arn).items()
            tags.set_tags(self.engine.store, arn, {k: v for k, v in found if k not in gone})
        return {}
