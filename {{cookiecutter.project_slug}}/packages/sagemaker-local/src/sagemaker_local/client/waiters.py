"""Waiters as boto3 gives them, over the client's own describe methods."""

from __future__ import annotations

from functools import cached_property
from types import SimpleNamespace
from typing import Any

from botocore import xform_name
from botocore.hooks import HierarchicalEmitter
from botocore.waiter import Waiter, WaiterModel, create_waiter_with_client
from sagemaker_local.engine import Engine
from sagemaker_local.service_model import service_data, service_model

# A look at the store takes a millisecond; boto3's waiters look every one or two minutes.
_SECONDS = 0.05


class Waiters:
    """The part of a client that gives them."""

    engine: Engine

    @cached_property
    def meta(self) -> SimpleNamespace:
        """What botocore's waiters read of a client."""
        return SimpleNamespace(
            service_model=service_model(),
            events=HierarchicalEmitter(),
            region_name=self.engine.arns.region,
        )

    @property
    def waiter_names(self) -> list[str]:
        """Waiters for what this client can describe."""
        return sorted(
            name
            for name, config in _waiters().items()
            if hasattr(type(self), xform_name(config["operation"]))
        )

    def get_waiter(self, waiter_name: str) -> Waiter:
        """A waiter, as patient as boto3's, and looking more often."""
        if waiter_name not in self.waiter_names:
            raise ValueError(f"Waiter does not exist: {waiter_name}")
        config = _waiters()[waiter_name]
        patience = config["delay"] * config["maxAttempts"]
        often = {"delay": _SECONDS, "maxAttempts": round(patience / _SECONDS)}
        model = WaiterModel({"version": 2, "waiters": {waiter_name: config | often}})
        return create_waiter_with_client(waiter_name, model, self)


def _waiters() -> dict[str, dict[str, Any]]:
    """botocore's waiters, by the names that boto3 gives them."""
    waiters = service_data("waiters-2")["waiters"]
    return {xform_name(name): config for name, config in waiters.items()}
