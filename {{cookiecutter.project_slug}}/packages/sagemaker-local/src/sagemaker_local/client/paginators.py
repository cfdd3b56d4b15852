"""Paginators as boto3 gives them, over the client's own list methods."""

from __future__ import annotations

from functools import cache

from botocore import xform_name
from botocore.exceptions import OperationNotPageableError
from botocore.paginate import Paginator, PaginatorModel
from sagemaker_local.service_model import service_data, service_model


class Paginators:
    """The part of a client that gives them."""

    def can_paginate(self, operation_name: str) -> bool:
        return operation_name in _paginators() and hasattr(type(self), operation_name)

    def get_paginator(self, operation_name: str) -> Paginator:
        """The paginator of a list method."""
        if not self.can_paginate(operation_name):
            raise OperationNotPageableError(operation_name=operation_name)
        operation = _paginators()[operation_name]
        model = service_model().operation_model(operation)
        return Paginator(getattr(self, operation_name), _model().get_paginator(operation), model)


@cache
def _model() -> PaginatorModel:
    return PaginatorModel(service_data("paginators-1"))


def _paginators() -> dict[str, str]:
    return {xform_name(name): name for name in _model()._paginator_config}
