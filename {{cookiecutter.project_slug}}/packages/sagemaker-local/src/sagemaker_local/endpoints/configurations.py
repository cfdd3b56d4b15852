"""Endpoint configurations: which models an endpoint serves, and with which share of the traffic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sagemaker_local.definition.support import Settings, table
from sagemaker_local.errors import LocalError, missing, taken
from sagemaker_local.names import Arns
from sagemaker_local.registry.models import MODEL, containers_of
from sagemaker_local.service_model import members
from sagemaker_local.storage.store import Document, Store, now

CONFIGURATION = "endpoint-config"
_NOUN = "endpoint configuration"
# Where captures may be, also when nobody remembers the configuration.
DESTINATION = "capture-destination"
PRODUCTION, SHADOW = "ProductionVariants", "ShadowProductionVariants"
SETTINGS = Settings(
    table(
        f"EndpointConfigName {PRODUCTION} {SHADOW} DataCaptureConfig",
        "KmsKeyId ExecutionRoleArn VpcConfig EnableNetworkIsolation MetricsConfig "
        "CrossRegionTrafficConfig Tags",
    ),
    ignored_below=(
        "InitialInstanceCount",
        "InstanceType",
        "InstancePools",
        "VariantInstanceProvisionTimeoutInSeconds",
        "AcceleratorType",
        "CoreDumpConfig",
        "VolumeSizeInGB",
        "ModelDataDownloadTimeoutInSeconds",
        "EnableSSMAccess",
        "ManagedInstanceScaling",
        "RoutingConfig",
        "InferenceAmiVersion",
        "CapacityReservationConfig",
        "KmsKeyId",
    ),
)
_NOT_RUN = {
    "AsyncInferenceConfig": "asynchronous inference is not run locally; leave it out, and each "
    "request waits for its answer",
    "ExplainerConfig": "explanations by SageMaker Clarify are not run locally; leave it out",
}


@dataclass(frozen=True)
class Configurations:
    """The stored endpoint configurations.

    Attributes:
        store: the state.
        arns: of the region and account.
    """

    store: Store
    arns: Arns

    def create(self, request: Document) -> Document:
        """Store a configuration.

        Args:
            request: a CreateEndpointConfig request, asked by ``refusals`` already.

        Raises:
            LocalError: the name is taken.
        """
        name = request["EndpointConfigName"]
        described = members("DescribeEndpointConfigOutput")
        document = {
            **{key: value for key, value in request.items() if key in described},
            "EndpointConfigArn": self.arns.endpoint_config(name),
            "CreationTime": now(),
        }
        if not self.store.add_resource(CONFIGURATION, name, document):
            raise taken(_NOUN, document["EndpointConfigArn"])
        if "DataCaptureConfig" in document:
            destination = document["DataCaptureConfig"]["DestinationS3Uri"].rstrip("/")
            self.store.add_resource(DESTINATION, destination, {"CreationTime": now()})
        return document

    def get(self, name: str) -> Document:
        """A configuration.

        Raises:
            LocalError: there is none of this name.
        """
        document = self.store.resource(CONFIGURATION, name)
        if document is None:
            raise missing(_NOUN, self.arns.endpoint_config(name))
        return document

    def all(self) -> list[Document]:
        """Newest first."""
        return self.store.resources(CONFIGURATION)

    def delete(self, name: str) -> None:
        """Delete a configuration; an endpoint that has it goes on with its own copy.

        Raises:
            LocalError: there is none of this name.
        """
        self.get(name)
        self.store.delete_resource(CONFIGURATION, name)

    def refusals(self, request: Document) -> Iterator[str | LocalError]:
        """Why a CreateEndpointConfig request cannot run here; an error is what the service says."""
        yield from SETTINGS.refusals({k: v for k, v in request.items() if k not in _NOT_RUN})
        for name, why in _NOT_RUN.items():
            if name in request:
                yield f"{name}: {why}"
        for variant in variants(request):
            yield from self._variant_refusals(variant)

    def _variant_refusals(self, variant: Document) -> Iterator[str | LocalError]:
        name, model = variant["VariantName"], variant.get("ModelName")
        if not model:
            yield (
                f"the variant {name!r} has no ModelName: inference components are not run locally; "
                "give it a model"
            )
        elif (found := self.store.resource(MODEL, model)) is None:
            yield missing("model", self.arns.model(model))
        else:
            yield from _container_refusals(found, containers_of(model, self.store))


def variants(configuration: Document) -> list[Document]:
    """All of a configuration's, those of its shadow too."""
    return [*configuration[PRODUCTION], *configuration.get(SHADOW, [])]


def is_serverless(configuration: Document) -> bool:
    return any("ServerlessConfig" in variant for variant in variants(configuration))


def _container_refusals(model: Document, containers: list[Document]) -> Iterator[str]:
    name = model["ModelName"]
    if any(container.get("Mode") == "MultiModel" for container in containers):
        yield (
            f"the model {name!r} has a container of many models (Mode MultiModel), which is not "
            "run locally; make an endpoint, or a variant, of each"
        )
    if model.get("InferenceExecutionConfig", {}).get("Mode") == "Direct":
        yield (
            f"the model {name!r} has containers that are asked by name (InferenceExecutionConfig "
            "Direct), which is not run locally; make an endpoint, or a variant, of each"
        )
