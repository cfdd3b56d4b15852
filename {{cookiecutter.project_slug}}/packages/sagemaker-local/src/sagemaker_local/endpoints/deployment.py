"""A deployment: the variants of one configuration as they stood when an endpoint was given it.

An endpoint keeps it with its own state, so that it goes on when configuration or model are deleted,
and comes back with the same after a crash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sagemaker_local.endpoints.configurations import PRODUCTION, SHADOW
from sagemaker_local.names import random_id
from sagemaker_local.registry.models import Container, containers_of, serial_of
from sagemaker_local.storage.store import Document, Store

# The service's limit for a container that does not become healthy (Developer Guide, "Use Your Own
# Inference Code with Hosting Services").
_STARTUP_SECONDS = 240.0
_KEPT = {"DesiredWeight": "weight", "DesiredInstanceCount": "instances"}


@dataclass(frozen=True)
class Variant:
    """One model behind an endpoint.

    Attributes:
        name: of the variant.
        container: that answers, or the first of those that do so in turn.
        image: the container's, for a person.
        weight: its share of the traffic is this, by the sum of all; a shadow's, of copies, is this
            by its production variant's.
        instances: as many as were asked for; one process serves, whatever the number.
        is_shadow: it gets copies of requests, and nobody gets its answers.
        startup_seconds: after which it must be healthy.
        serverless: the ServerlessConfig that it was given, if any.
        following: the containers after the first.
    """

    name: str
    container: Container
    image: str
    weight: float
    instances: int
    is_shadow: bool
    startup_seconds: float
    serverless: Document = field(default_factory=dict)
    following: tuple[Container, ...] = ()

    @classmethod
    def of(cls, request: Document, is_shadow: bool, store: Store) -> Variant:
        """A configuration's variant, with the container that its model has now.

        Raises:
            LocalError: the model is not there any more, or has no artifacts.
        """
        timeout = request.get("ContainerStartupHealthCheckTimeoutInSeconds", _STARTUP_SECONDS)
        serverless = request.get("ServerlessConfig", {})
        first, *following = serial_of(request["ModelName"], store)
        return cls(
            name=request["VariantName"],
            container=first,
            image=_image_of(request["ModelName"], store),
            weight=float(request.get("InitialVariantWeight", 1.0)),
            instances=0 if serverless else request.get("InitialInstanceCount", 1),
            is_shadow=is_shadow,
            startup_seconds=float(timeout),
            serverless=serverless,
            following=tuple(following),
        )

    @classmethod
    def load(cls, document: Mapping[str, Any]) -> Variant:
        following = tuple(Container(**item) for item in document.get("following", ()))
        container = Container(**document["container"])
        return cls(**{**document, "container": container, "following": following})


@dataclass(frozen=True)
class Deployment:
    """See the module.

    Attributes:
        id: names it, and the folder of its files.
        configuration: the name of what it was made of.
        variants: those of production, and the shadow's.
        capture: the DataCaptureConfig, if any.
    """

    id: str
    configuration: str
    variants: tuple[Variant, ...]
    capture: Document = field(default_factory=dict)

    @classmethod
    def of(cls, configuration: Document, store: Store) -> Deployment:
        """Of a stored configuration, with what its models are made of now.

        Raises:
            LocalError: a model is not there any more, or has no artifacts.
        """
        found = [Variant.of(item, False, store) for item in configuration[PRODUCTION]]
        found += [Variant.of(item, True, store) for item in configuration.get(SHADOW, ())]
        capture = configuration.get("DataCaptureConfig", {})
        name = configuration["EndpointConfigName"]
        return cls(random_id(12), name, tuple(found), capture)

    @classmethod
    def load(cls, document: Document) -> Deployment:
        variants = tuple(Variant.load(item) for item in document["variants"])
        return cls(document["id"], document["configuration"], variants, document["capture"])

    def of_kind(self, is_shadow: bool) -> list[Variant]:
        return [variant for variant in self.variants if variant.is_shadow is is_shadow]

    def changed(self, changes: Mapping[str, Mapping[str, Any]]) -> Deployment:
        """With other attributes of some variants, by name."""
        variants = [replace(item, **changes.get(item.name, {})) for item in self.variants]
        return replace(self, variants=tuple(variants))

    def keeping(self, other: Deployment, excluded: set[str]) -> Deployment:
        """With the weights, counts and capture of another one, but for what is excluded.

        Args:
            other: whose properties stay, for variants of the same name.
            excluded: types of variant properties, as the service calls them.
        """
        kept = [attribute for kind, attribute in _KEPT.items() if kind not in excluded]
        changes = {
            item.name: {name: getattr(item, name) for name in kept} for item in other.variants
        }
        capture = self.capture if "DataCaptureConfig" in excluded else other.capture
        return replace(self.changed(changes), capture=capture)


def _image_of(model: str, store: Store) -> str:
    return str(containers_of(model, store)[0].get("Image", ""))
