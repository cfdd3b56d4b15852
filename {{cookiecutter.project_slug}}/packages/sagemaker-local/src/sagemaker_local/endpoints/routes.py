"""Which fleet answers for which endpoint at this moment."""

from __future__ import annotations

from sagemaker_local.endpoints.fleet import Fleet


class Routes:
    """The fleets by their endpoints' names, which count as they are written."""

    def __init__(self) -> None:
        self._fleets: dict[str, Fleet] = {}

    def fleet(self, endpoint: str) -> Fleet | None:
        return self._fleets.get(endpoint)

    def switch(self, endpoint: str, fleet: Fleet) -> Fleet | None:
        """From now on this fleet answers; gives the one that did before."""
        before = self._fleets.get(endpoint)
        self._fleets[endpoint] = fleet
        return before

    def close(self, endpoint: str) -> Fleet | None:
        """Nobody answers from now on; gives the one that did."""
        return self._fleets.pop(endpoint, None)
