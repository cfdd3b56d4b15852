"""Endpoints in a table: what the service says of each, beside what was done to it."""

from dataclasses import dataclass
from typing import Any

from .. import registry, settings
from . import history, hosting, states
from .states import State

TIME = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class Row:
    """An endpoint.

    Attributes:
        endpoint: its name.
        status: as SageMaker calls it.
        serves: the model package, as ``<group>/<version>``; "" of what no deployment made.
        approval: the package's status.
        since: when it was deployed, in local time.
        run: of the pipeline that made the package, or "".
        note: what a person should know, or "".
    """

    endpoint: str
    status: str
    serves: str
    approval: str
    since: str
    run: str
    note: str

    def line(self) -> str:
        """The row for a terminal."""
        made_of = f"{self.serves} ({self.approval})" if self.serves else "no model package"
        run = f"  run {self.run}" if self.run else ""
        note = f"  {self.note}" if self.note else ""
        return f"{self.endpoint:<32} {self.status:<10} {made_of}  since {self.since}{run}{note}"


def names(session: Any) -> list[str]:
    """Endpoints whose names begin as the project's, and others that were deployed from it."""
    pages = session.sagemaker_client.get_paginator("list_endpoints").paginate(
        NameContains=settings.PROJECT_SLUG
    )
    listed = {item["EndpointName"].lower() for page in pages for item in page["Endpoints"]}
    own = {name for name in listed if name.startswith(settings.PROJECT_SLUG)}
    return sorted(own | set(history.endpoints(session)))


def table(session: Any) -> list[Row]:
    """Every endpoint of this project that there is."""
    found = (states.state(session.sagemaker_client, name) for name in names(session))
    return [_row(session, state) for state in found if state]


def _row(session: Any, state: State) -> Row:
    client = session.sagemaker_client
    arn = hosting.package_of(client, state.configuration)
    package = registry.describe(session, arn) if arn else {}
    events = history.of(session, state.name)
    served = [each for each in events if each.what in history.SERVING]
    known = served[-1] if served and served[-1].configuration == state.configuration else None
    since = known.moment if known else state.since
    return Row(
        state.name,
        state.status,
        "/".join(arn.split("/")[-2:]) if arn else "",
        package.get("ModelApprovalStatus", ""),
        since.astimezone().strftime(TIME),
        package.get("CustomerMetadataProperties", {}).get("run", ""),
        _note(session, state, events, package),
    )


def _note(session: Any, state: State, events: list[history.Event], package: dict[str, Any]) -> str:
    """What is not as it should be: a failure, a deployment cut off, another champion."""
    if state.busy:
        return "somebody is changing it"
    if state.status == states.FAILED:
        return f"failed: {state.reason}"
    last = events[-1] if events else None
    if last and last.what == history.STARTED and last.configuration == state.configuration:
        return "not checked, since its deployment was cut off: deploy again, or roll back"
    group = package.get("ModelPackageGroupName", "")
    if state.name == hosting.endpoint_name(group):
        champion = registry.champion(session, group)
        if champion is None or champion["ModelPackageArn"] != package["ModelPackageArn"]:
            version = champion["ModelPackageVersion"] if champion else "none"
            return f"the champion is version {version}: deploy it"
    return ""


def listing(session: Any) -> list[str]:
    """The table for a terminal."""
    lines = [row.line() for row in table(session)]
    return lines or ["no endpoint is deployed; `make deploy VERSION=1` deploys a model"]


def of_package(session: Any, arn: str) -> list[history.Event]:
    """What was done with a model package on any endpoint, oldest first."""
    events = [
        event
        for endpoint in history.endpoints(session)
        for event in history.of(session, endpoint)
        if event.package == arn and event.what != history.STARTED
    ]
    return sorted(events, key=lambda event: event.time)
