"""The client's methods for endpoint configurations."""

from __future__ import annotations

from sagemaker_local.client.operations import Listing, asking, listed, operation, page
from sagemaker_local.endpoints import configurations
from sagemaker_local.endpoints.configurations import SETTINGS
from sagemaker_local.engine import Engine
from sagemaker_local.errors import LocalError, refused
from sagemaker_local.planning import notices
from sagemaker_local.planning.rules import table
from sagemaker_local.planning.rules.endpoints import CONFIGURATION
from sagemaker_local.registry.tags import add_tags, forget
from sagemaker_local.storage.store import Document, members_of

_SUMMARY = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
_CONFIGURATIONS = Listing("EndpointConfigName", sort_order="Descending")
_SERVERLESS = (
    "local session: ServerlessConfig: the variant runs as an ordinary endpoint, always ready and "
    "with all of this machine's memory"
)


class EndpointConfigOperations:
    """Endpoint configurations: create, describe, list, delete."""

    engine: Engine

    @asking(lambda self, request: self._refuse_configuration(request))
    def create_endpoint_config(self, request: Document) -> Document:
        self._refuse_configuration(request)
        configuration = self.engine.configurations.create(request)
        add_tags(self.engine.store, configuration["EndpointConfigArn"], request)
        _say(request)
        return members_of(configuration, ("EndpointConfigArn",))

    @operation
    def describe_endpoint_config(self, request: Document) -> Document:
        return self.engine.configurations.get(request["EndpointConfigName"])

    @operation
    def list_endpoint_configs(self, request: Document) -> Document:
        found = listed(self.engine.configurations.all(), request, _CONFIGURATIONS)
        return page([members_of(item, _SUMMARY) for item in found], request, "EndpointConfigs")

    @operation
    def delete_endpoint_config(self, request: Document) -> Document:
        name = request["EndpointConfigName"]
        self.engine.configurations.delete(name)
        forget(self.engine.store, self.engine.arns.endpoint_config(name))
        return {}

    def _refuse_configuration(self, request: Document) -> None:
        """Why a configuration cannot be had here.

        Raises:
            LocalError: with every reason; a missing model alone in the service's own words.
        """
        own = self.engine.configurations.refusals(request)
        refusals = [*own, *table.broken_by(CONFIGURATION, request)]
        if len(refusals) == 1 and isinstance(refusals[0], LocalError):
            raise refusals[0]
        if refusals:
            raise LocalError(refused("The endpoint configuration", refusals))


def _say(request: Document) -> None:
    """What is accepted without effect, and what the service may refuse."""
    notices.say(notices.doubted(table.doubts_by(CONFIGURATION, request)))
    notices.say([_SERVERLESS] if configurations.is_serverless(request) else [])
    notices.say(notices.without_effect(sorted({*SETTINGS.ignored_in(request)} - _EXPECTED)))


# What every configuration has, and nobody expects an effect of on this machine.
_EXPECTED = {"InitialInstanceCount", "InstanceType", "Tags"}
