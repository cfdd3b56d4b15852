"""Which fleet answers for which endpoint at this moment."""

from __future__ import annotations

from collections.abc import Iterable

from sagemaker_local.endpoints.fleet import Fleet


class Routes:
    """The fleets by their endpoints' names, which count as they are written.

    Args:
        starting: endpoints that serve, by the state, and whose processes are still to start.
    """

    def __init__(self, starting: Iterable[str] = ()) -> None:
        self._fleets: dict[str, Fleet] = {}
        self._starting = set(starting)

    def fleet(self, endpoint: str) -> Fleet | None:
        return self._fleets.get(endpoint)

    def is_starting(self, endpoint: str) -> bool:
        """Will a fleet answer that did before this process was there?"""
        return endpoint in self._starting

    def switch(self, endpoint: str, fleet: Fleet) -> Fleet | None:
        """From now on this fleet answers; gives the one that did before."""
        before = self._fleets.get(endpoint)
        self._fleets[endpoint] = fleet
        self._starting.discard(endpoint)
        return before

    def close(self, endpoint: str) -> Fleet | None:
        """Nobody answers from now on; gives the one that did."""
        self._starting.discard(endpoint)
        return self._fleets.pop(endpoint, None)
