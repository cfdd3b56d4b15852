"""Endpoints as the state has them: asked for by clients, brought about by the supervisor.

A client writes what is wanted (a pending deployment, other weights, the end) and a status that says
that somebody works on it; the supervisor writes what has become of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sagemaker_local.endpoints.deployment import Deployment
from sagemaker_local.errors import LocalError, missing, taken
from sagemaker_local.names import Arns
from sagemaker_local.storage.store import Document, Store, now

ENDPOINT = "endpoint"
CREATING, UPDATING, DELETING = "Creating", "Updating", "Deleting"
IN_SERVICE, FAILED = "InService", "Failed"
STARTED, STOPPED = "Started", "Stopped"
_IN_PROGRESS = (CREATING, UPDATING, DELETING)
# Of the stored document only: what serves, what is to serve, what the capture does.
_SERVING, _PENDING, _SINCE, _CAPTURE = "Serving", "Pending", "PendingSince", "CaptureStatus"
OWN = (_SERVING, _PENDING, _SINCE, _CAPTURE)
_MOST_REASON = 1024


@dataclass(frozen=True)
class StoredEndpoint:
    """An endpoint as it is stored.

    Attributes:
        document: the members of its Describe response that are stored.
        serving: what answers, or would if its processes ran.
        pending: what is being deployed.
    """

    document: Document
    serving: Deployment | None
    pending: Deployment | None

    @property
    def name(self) -> str:
        return str(self.document["EndpointName"])

    @property
    def status(self) -> str:
        return str(self.document["EndpointStatus"])

    @property
    def pending_since(self) -> datetime:
        """When the pending deployment was asked for."""
        found: datetime = self.document[_SINCE]
        return found

    @property
    def capture_status(self) -> str:
        return str(self.document.get(_CAPTURE, STARTED))

    @property
    def is_live(self) -> bool:
        """Are there, or should there be, processes of it?"""
        return self.status != FAILED

    @classmethod
    def load(cls, stored: Document) -> StoredEndpoint:
        serving, pending = stored.get(_SERVING), stored.get(_PENDING)
        return cls(
            stored,
            Deployment.load(serving) if serving else None,
            Deployment.load(pending) if pending else None,
        )


@dataclass(frozen=True)
class Endpoints:
    """The stored endpoints.

    Attributes:
        store: the state.
        arns: of the region and account.
    """

    store: Store
    arns: Arns

    def get(self, name: str) -> StoredEndpoint:
        """An endpoint; its name counts in any case.

        Raises:
            LocalError: there is none of this name.
        """
        stored = self._stored(name)
        if stored is None:
            raise missing("endpoint", self.arns.endpoint(name))
        return StoredEndpoint.load(stored)

    def all(self) -> list[StoredEndpoint]:
        """Newest first."""
        return [StoredEndpoint.load(stored) for stored in self.store.resources(ENDPOINT)]

    def deployments(self) -> set[str]:
        """Identifiers of all deployments that serve, or are to serve."""
        return {
            found.id
            for stored in self.all()
            for found in (stored.serving, stored.pending)
            if found is not None
        }

    def create(self, name: str, deployment: Deployment, config: Document | None = None) -> Document:
        """Ask for a new endpoint; gives its document.

        Args:
            name: the endpoint's.
            deployment: what it shall serve.
            config: the DeploymentConfig of the request.

        Raises:
            LocalError: the name is taken.
        """
        moment = now()
        document: Document = {
            "EndpointName": name,
            "EndpointArn": self.arns.endpoint(name),
            "EndpointConfigName": deployment.configuration,
            "EndpointStatus": CREATING,
            "CreationTime": moment,
            "LastModifiedTime": moment,
            _PENDING: asdict(deployment),
            _SINCE: moment,
        }
        if config:
            document["LastDeploymentConfig"] = config
        if not self.store.add_resource(ENDPOINT, name.lower(), document):
            raise taken("endpoint", document["EndpointArn"])
        return document

    def update(
        self, name: str, deployment: Deployment, config: Document | None, kept: set[str] | None
    ) -> Document:
        """Ask for another deployment; the present one serves until it is healthy.

        Args:
            name: the endpoint's.
            deployment: what it shall serve.
            config: the DeploymentConfig of the request; None: the last one stays.
            kept: which properties of variants are not retained; None: none is.

        Raises:
            LocalError: there is no such endpoint, or it is busy or failed.
        """

        def change(document: Document, stored: StoredEndpoint) -> None:
            new = deployment
            if kept is not None and stored.serving is not None:
                new = new.keeping(stored.serving, kept)
            document |= {_PENDING: asdict(new), _SINCE: now(), "EndpointStatus": UPDATING}
            if config:
                document["LastDeploymentConfig"] = config

        return self._change(name, change)

    def reweight(self, name: str, desired: Sequence[Document]) -> Document:
        """Ask for other weights, or counts, of variants.

        Args:
            name: the endpoint's.
            desired: the DesiredWeightsAndCapacities of the request.

        Raises:
            LocalError: there is no such endpoint or variant, or it is busy or failed.
        """

        def change(document: Document, stored: StoredEndpoint) -> None:
            assert stored.serving is not None
            names = [variant.name for variant in stored.serving.variants]
            for item in desired:
                if item["VariantName"] not in names:
                    raise LocalError(
                        f"The variant {item['VariantName']!r} is none of the endpoint's, which are "
                        f"{', '.join(names)}."
                    )
            changed = stored.serving.changed({i["VariantName"]: _desired(i) for i in desired})
            document |= {_SERVING: asdict(changed), "EndpointStatus": UPDATING}

        return self._change(name, change)

    def delete(self, name: str) -> None:
        """Ask for an endpoint's end.

        Raises:
            LocalError: there is no such endpoint, or it is busy.
        """
        with self.store.transaction():
            stored = self.get(name)
            self._refuse_busy(stored)
            stored.document.pop(_PENDING, None)
            self._put(stored.document | {"EndpointStatus": DELETING})

    # What follows is written by the supervisor.

    def deployed(self, name: str, deployment: Deployment) -> None:
        """The pending deployment serves."""

        def change(document: Document) -> None:
            document |= {_SERVING: document.pop(_PENDING), "EndpointStatus": IN_SERVICE}
            document |= {"EndpointConfigName": deployment.configuration}
            document.pop("FailureReason", None)

        self._settle(name, deployment, change)

    def not_deployed(self, name: str, deployment: Deployment, reason: str) -> None:
        """The pending deployment did not become healthy; what served before goes on."""

        def change(document: Document) -> None:
            del document[_PENDING]
            status = IN_SERVICE if document.get(_SERVING) else FAILED
            document |= {"EndpointStatus": status, "FailureReason": reason[:_MOST_REASON]}

        self._settle(name, deployment, change)

    def reweighted(self, name: str) -> None:
        """The weights are applied."""
        with self.store.transaction():
            stored = self._stored(name)
            if stored and stored["EndpointStatus"] == UPDATING and _PENDING not in stored:
                self._put(stored | {"EndpointStatus": IN_SERVICE})

    def deleted(self, name: str) -> None:
        """Nothing of it runs any more."""
        self.store.delete_resource(ENDPOINT, name.lower())

    def capturing(self, name: str, status: str) -> None:
        """The capture of its requests has started again, or stopped."""
        with self.store.transaction():
            stored = self._stored(name)
            if stored and stored.get(_CAPTURE) != status:
                stored[_CAPTURE] = status
                self.store.update_resource(ENDPOINT, name.lower(), stored)

    def _settle(
        self, name: str, deployment: Deployment, change: Callable[[Document], None]
    ) -> None:
        """Change an endpoint, unless something else is wanted of it by now."""
        with self.store.transaction():
            stored = self._stored(name)
            if stored and (stored.get(_PENDING) or {}).get("id") == deployment.id:
                change(stored)
                stored.pop(_SINCE, None)
                self._put(stored)

    def _change(self, name: str, change: Callable[[Document, StoredEndpoint], None]) -> Document:
        with self.store.transaction():
            stored = self.get(name)
            self._refuse_busy(stored)
            if stored.status == FAILED:
                raise LocalError(
                    f'Cannot update failed endpoint "{stored.document["EndpointArn"]}": delete it, '
                    "and create it anew."
                )
            change(stored.document, stored)
            self._put(stored.document)
        return stored.document

    def _refuse_busy(self, stored: StoredEndpoint) -> None:
        if stored.status in _IN_PROGRESS:
            arn = stored.document["EndpointArn"]
            raise LocalError(f'Cannot update in-progress endpoint "{arn}".')

    def _stored(self, name: str) -> Document | None:
        return self.store.resource(ENDPOINT, name.lower())

    def _put(self, document: Document) -> None:
        changed = document | {"LastModifiedTime": now()}
        self.store.update_resource(ENDPOINT, document["EndpointName"].lower(), changed)


def _desired(item: Document) -> dict[str, Any]:
    names = {"DesiredWeight": "weight", "DesiredInstanceCount": "instances"}
    return {attribute: item[member] for member, attribute in names.items() if member in item}
