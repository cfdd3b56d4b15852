"""What the service says of an endpoint, and waiting until it has made up its mind."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from ..errors import ProjectError

IN_SERVICE, FAILED = "InService", "Failed"
SETTLED = (IN_SERVICE, FAILED, "OutOfService", "UpdateRollbackFailed")
MOST_SECONDS = 3600.0  # as botocore's own waiter
TRIES = 3
SAID_EVERY = 30.0  # seconds between lines while nothing changes

Say = Callable[[str], object]


@dataclass(frozen=True)
class State:
    """An endpoint as it is.

    Attributes:
        name: of the endpoint.
        status: as SageMaker calls it.
        configuration: that answers; of a failed update the old one.
        since: when it changed last.
        reason: why it failed, or "".
    """

    name: str
    status: str
    configuration: str
    since: datetime
    reason: str

    @property
    def busy(self) -> bool:
        return self.status not in SETTLED

    def serves(self, configuration: str) -> bool:
        """Whether a configuration is what answers: one that failed leaves the old one InService."""
        return self.status == IN_SERVICE and self.configuration == configuration


def is_missing(error: ClientError) -> bool:
    """Whether the service says that what was asked for is not there."""
    return "could not find" in error.response["Error"].get("Message", "").lower()


def unless_missing(call: Callable[..., Any], **request: Any) -> Any:
    """What the service answers; None where it says that what was asked for is not there."""
    try:
        return call(**request)
    except ClientError as error:
        if is_missing(error):
            return None
        raise


def state(client: Any, endpoint: str) -> State | None:
    """An endpoint's state; None where there is none."""
    found = unless_missing(client.describe_endpoint, EndpointName=endpoint)
    if found is None:
        return None
    return State(
        found["EndpointName"],
        found["EndpointStatus"],
        found["EndpointConfigName"],
        found["LastModifiedTime"],
        found.get("FailureReason", ""),
    )


def existing(client: Any, endpoint: str) -> State:
    """An endpoint's state.

    Raises:
        ProjectError: there is no such endpoint.
    """
    found = state(client, endpoint)
    if found is None:
        raise ProjectError(f"there is no endpoint {endpoint}; `make endpoints` lists what there is")
    return found


def once_there(session: Any, call: Callable[..., Any], **request: Any) -> None:
    """Create or update an endpoint; a configuration that was just made may not be seen at once."""
    for _ in range(TRIES):
        try:
            call(**request)
            return
        except ClientError as error:
            if not is_missing(error):
                raise
            time.sleep(session.poll_seconds)
    call(**request)


def settled(session: Any, endpoint: str, say: Say) -> State | None:
    """Wait until an endpoint is neither created nor updated nor deleted any more.

    Args:
        session: local or managed; it says how often to look.
        endpoint: its name.
        say: is told of each change, and every half minute without one.

    Raises:
        ProjectError: it has been busy for an hour.
    """
    started = said = time.monotonic()
    last = ""
    while time.monotonic() < started + MOST_SECONDS:
        found = state(session.sagemaker_client, endpoint)
        moment, now = found.status if found else "deleted", time.monotonic()
        if moment != last or now > said + SAID_EVERY:
            say(f"{endpoint}: {moment} after {now - started:.0f} s")
            last, said = moment, now
        if found is None or not found.busy:
            return found
        time.sleep(session.poll_seconds)
    raise ProjectError(f"{endpoint} has been {last} for an hour; look at it in the console")
