"""The runtime of endpoints, for clients that know one address only: handed on to their front."""

from __future__ import annotations

import http.client
import re
from urllib.parse import urlsplit

from sagemaker_local.endpoints.refusals import MOST_BYTES
from sagemaker_local.endpoints.supervision import Supervision
from sagemaker_local.wire.messages import Answer, Request, WireError

PATH = re.compile(r"/endpoints/[^/]+/[a-z-]+")
# A container has a minute.
_PATIENCE_SECONDS = 75.0
_FORWARDED = ("content-type", "accept")
_PREFIX = "x-amzn-sagemaker-"


class RuntimeService:
    """Answers what a client of ``sagemaker-runtime`` asks.

    Args:
        supervision: knows the front, and starts it if need be.
    """

    def __init__(self, supervision: Supervision) -> None:
        self._supervision = supervision

    def answer(self, request: Request) -> Answer:
        """The front's answer.

        Raises:
            WireError: it ended meanwhile.
            LocalError: it cannot be started.
        """
        body = request.body.read(MOST_BYTES + 1)  # the front says what is too much
        headers = {name: value for name, value in request.headers.items() if _is_forwarded(name)}
        address = urlsplit(self._supervision.url())
        connection = http.client.HTTPConnection(address.netloc, timeout=_PATIENCE_SECONDS)
        try:
            connection.request(request.method, request.path, body, headers)
            found = connection.getresponse()
            text = found.read()
        except (OSError, http.client.HTTPException) as error:
            told = f"The endpoints' front broke off: {error}; try again."
            raise WireError("ServiceUnavailable", told, 503) from error
        finally:
            connection.close()
        kept = {name: value for name, value in found.headers.items() if _is_kept(name)}
        return Answer(found.status, kept, text)


def _is_forwarded(name: str) -> bool:
    return name.lower() in _FORWARDED or name.lower().startswith(_PREFIX)


def _is_kept(name: str) -> bool:
    return name.lower() == "content-type" or name.lower().startswith("x-amzn-")
