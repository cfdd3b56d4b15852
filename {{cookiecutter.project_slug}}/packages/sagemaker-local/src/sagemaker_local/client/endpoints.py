"""The client's methods for endpoints; what they write, the supervisor of the root brings about."""

from __future__ import annotations

from sagemaker_local.client.operations import Listing, listed, operation, page, refuse
from sagemaker_local.endpoints.deployment import Deployment
from sagemaker_local.endpoints.description import described
from sagemaker_local.engine import Engine
from sagemaker_local.errors import LocalError
from sagemaker_local.planning import notices
from sagemaker_local.planning.rules import table
from sagemaker_local.planning.rules.endpoints import ENDPOINT
from sagemaker_local.registry.tags import add_tags, forget
from sagemaker_local.storage.store import Document, members_of

_SUMMARY = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")
_ENDPOINTS = Listing("EndpointName", "EndpointStatus", sort_order="Descending")
_PAGE = 10  # the service's reference gives another default than for other lists
_SHIFTED = (
    "local session: DeploymentConfig: all traffic goes to the new models at once, when they are "
    "healthy"
)


class EndpointOperations:
    """Endpoints: create, describe, list, update, weigh, delete."""

    engine: Engine

    @operation
    def create_endpoint(self, request: Document) -> Document:
        config = _deployment_config(request)
        deployment = self._deployment(request["EndpointConfigName"])
        self.engine.supervision.url()  # if it does not start, nothing is there
        endpoint = self.engine.endpoints.create(request["EndpointName"], deployment, config)
        add_tags(self.engine.store, endpoint["EndpointArn"], request)
        self.engine.supervision.url()
        return members_of(endpoint, ("EndpointArn",))

    @operation
    def describe_endpoint(self, request: Document) -> Document:
        stored = self.engine.endpoints.get(request["EndpointName"])
        if stored.is_live:
            self.engine.supervision.url()
        return described(stored)

    @operation
    def list_endpoints(self, request: Document) -> Document:
        stored = self.engine.endpoints.all()
        if any(item.is_live for item in stored):
            self.engine.supervision.url()
        found = listed([described(item) for item in stored], request, _ENDPOINTS)
        summaries = [members_of(item, _SUMMARY) for item in found]
        return page(summaries, {"MaxResults": _PAGE, **request}, "Endpoints")

    @operation
    def update_endpoint(self, request: Document) -> Document:
        config = _deployment_config(request)
        kept = None
        if request.get("RetainAllVariantProperties"):
            excluded = request.get("ExcludeRetainedVariantProperties", [])
            kept = {item["VariantPropertyType"] for item in excluded}
        self.engine.endpoints.get(request["EndpointName"])
        deployment = self._deployment(request["EndpointConfigName"])
        endpoint = self.engine.endpoints.update(request["EndpointName"], deployment, config, kept)
        self.engine.supervision.url()
        return members_of(endpoint, ("EndpointArn",))

    @operation
    def update_endpoint_weights_and_capacities(self, request: Document) -> Document:
        desired = request["DesiredWeightsAndCapacities"]
        endpoint = self.engine.endpoints.reweight(request["EndpointName"], desired)
        self.engine.supervision.url()
        return members_of(endpoint, ("EndpointArn",))

    @operation
    def delete_endpoint(self, request: Document) -> Document:
        self.engine.endpoints.delete(request["EndpointName"])
        forget(self.engine.store, self.engine.arns.endpoint(request["EndpointName"]))
        self.engine.supervision.url()
        return {}

    def _deployment(self, configuration: str) -> Deployment:
        return Deployment.of(self.engine.configurations.get(configuration), self.engine.store)


def _deployment_config(request: Document) -> Document | None:
    """The request's DeploymentConfig.

    Raises:
        LocalError: it asks for what is not run here, or what the service refuses.
    """
    refuse(ENDPOINT, request)
    config: Document | None = request.get("DeploymentConfig")
    if config and config.get("AutoRollbackConfiguration", {}).get("Alarms"):
        raise LocalError(
            "DeploymentConfig.AutoRollbackConfiguration: there are no CloudWatch alarms locally; "
            "leave it out, and look at the endpoint after the update."
        )
    notices.say(notices.doubted(table.doubts_by(ENDPOINT, request)))
    notices.say([_SHIFTED] if config else [])
    return config
