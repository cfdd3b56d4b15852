"""What a model package takes over from its ``SourceUri``: of another package, or of a model."""

from __future__ import annotations

import re

from sagemaker_local.errors import LocalError
from sagemaker_local.registry.models import MODEL, containers_in
from sagemaker_local.registry.packages import package_of
from sagemaker_local.service_model import members
from sagemaker_local.storage.store import Document, Store

_SPECIFICATION = "InferenceSpecification"
_PACKAGE = re.compile(r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:\d{12}:model-package/.+")
_MODEL = re.compile(r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:\d{12}:model/(?P<name>.+)")


def with_source(store: Store, request: Document) -> Document:
    """A CreateModelPackage request with the inference specification that its source gives it.

    The SDK leaves it out where ``SourceUri`` is the ARN of a package or a model, and the service
    fills it in; any other URI is only told.

    Raises:
        LocalError: there is no such package or model.
    """
    source = str(request.get("SourceUri", ""))
    if _SPECIFICATION in request:
        return request
    if _PACKAGE.fullmatch(source):
        package = package_of(store, source)
        given = {key: package[key] for key in (_SPECIFICATION,) if key in package}
        return {**request, **given}
    model = _MODEL.fullmatch(source)
    if model is None:
        return request
    document = store.resource(MODEL, model["name"])
    if document is None:
        raise LocalError(f"SourceUri names a model that is not there: {source}.")
    known = members("ModelPackageContainerDefinition")
    containers = [
        {key: value for key, value in container.items() if key in known}
        for container in containers_in(document)
    ]
    return {**request, _SPECIFICATION: {"Containers": containers}}
