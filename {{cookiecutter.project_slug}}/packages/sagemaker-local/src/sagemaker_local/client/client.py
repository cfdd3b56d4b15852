"""A boto3-compatible SageMaker client whose service is this machine."""

from __future__ import annotations

from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore.exceptions import OperationNotPageableError
from botocore.hooks import HierarchicalEmitter
from botocore.paginate import Paginator, PaginatorModel
from botocore.waiter import Waiter, WaiterModel, create_waiter_with_client
from sagemaker_local.client.executions import ExecutionOperations
from sagemaker_local.client.jobs import JobOperations
from sagemaker_local.client.pipelines import PipelineOperations
from sagemaker_local.client.registry import RegistryOperations
from sagemaker_local.client.single_jobs import SingleJobOperations
from sagemaker_local.engine import Engine
from sagemaker_local.executions.executions import Executions
from sagemaker_local.jobs.single_jobs import SingleJobs
from sagemaker_local.service_model import service_model

# A look at the store takes a millisecond; boto3's waiters look every one or two minutes.
_WAITER_SECONDS = 0.05


class SageMakerClient(
    PipelineOperations,
    ExecutionOperations,
    RegistryOperations,
    JobOperations,
    SingleJobOperations,
):
    """Answers the calls that ``boto3.client("sagemaker")`` would send to the service.

    Requests and responses have the shapes of botocore's service model; see the tests.

    Attributes:
        engine: what answers.
        debug: run jobs in this process: all of them, or those of the step of this name.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.debug = engine.debug
        self.executions = Executions(engine)
        self.single_jobs = SingleJobs(engine.jobs, engine.runner, bool(engine.debug))
        # ModelBuilder adds to a client's user agent; nothing is ever sent with this one.
        self._user_agent_creator = SimpleNamespace(to_string=lambda: "sagemaker-local")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(
            f"The local session's client has no {name}(): it does not run that; "
            "a managed session does."
        )

    @cached_property
    def meta(self) -> SimpleNamespace:
        """What botocore's waiters read of a client."""
        return SimpleNamespace(
            service_model=service_model(),
            events=HierarchicalEmitter(),
            region_name=self.engine.arns.region,
        )

    def can_paginate(self, operation_name: str) -> bool:
        return operation_name in _paginators() and hasattr(type(self), operation_name)

    def get_paginator(self, operation_name: str) -> Paginator:
        """The paginator of a list method, as boto3 gives it."""
        if not self.can_paginate(operation_name):
            raise OperationNotPageableError(operation_name=operation_name)
        operation = _paginators()[operation_name]
        model = service_model().operation_model(operation)
        return Paginator(
            getattr(self, operation_name), _paginator_model().get_paginator(operation), model
        )

    @property
    def waiter_names(self) -> list[str]:
        """Waiters for what this client can describe."""
        return sorted(
            name
            for name, config in _waiters().items()
            if hasattr(type(self), botocore.xform_name(config["operation"]))
        )

    def get_waiter(self, waiter_name: str) -> Waiter:
        """A waiter as boto3 gives it, as patient, and looking more often."""
        if waiter_name not in self.waiter_names:
            raise ValueError(f"Waiter does not exist: {waiter_name}")
        config = _waiters()[waiter_name]
        patience = config["delay"] * config["maxAttempts"]
        often = {"delay": _WAITER_SECONDS, "maxAttempts": round(patience / _WAITER_SECONDS)}
        model = WaiterModel({"version": 2, "waiters": {waiter_name: config | often}})
        return create_waiter_with_client(waiter_name, model, self)


@cache
def _data(kind: str) -> dict[str, Any]:
    """botocore's file of this kind about the service."""
    loader = botocore.session.get_session().get_component("data_loader")
    found: dict[str, Any] = loader.load_service_model("sagemaker", kind)
    return found


@cache
def _paginator_model() -> PaginatorModel:
    return PaginatorModel(_data("paginators-1"))


def _paginators() -> dict[str, str]:
    return {botocore.xform_name(name): name for name in _paginator_model()._paginator_config}


def _waiters() -> dict[str, dict[str, Any]]:
    """botocore's waiters, by the names that boto3 gives them."""
    waiters = _data("waiters-2")["waiters"]
    return {botocore.xform_name(name): config for name, config in waiters.items()}
