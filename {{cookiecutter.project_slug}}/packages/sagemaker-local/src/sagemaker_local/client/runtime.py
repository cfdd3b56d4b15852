"""boto3's own client of the runtime, which finds the endpoints of a root, and starts them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.config import Config
from sagemaker_local.endpoints.supervision import Supervision
from sagemaker_local.processes.aws_variables import NOWHERE

RUNTIME = "sagemaker-runtime"
# For so long the address is not looked up again.
_KNOWN_SECONDS = 1.0


class RuntimeClient:
    """boto3's client for ``sagemaker-runtime``, made when it is first used.

    Its requests go to the front of the root's endpoints, wherever that is by then; nothing is sent
    elsewhere.

    Args:
        make: makes boto3's client, of an address and a configuration.
        supervision: knows the front.
        config: botocore's, of whoever asks for the client.
    """

    def __init__(
        self,
        make: Callable[..., Any],
        supervision: Supervision,
        config: Config | None = None,
    ) -> None:
        self._make = make
        self._supervision = supervision
        # A proxy would look for this machine's loopback on its own.
        self._config = (config or Config()).merge(Config(proxies={}))
        self._client: Any = None
        self._url = ""
        self._looked = 0.0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._client is None:
            self._client = self._make(RUNTIME, endpoint_url=NOWHERE, config=self._config)
            event = f"request-created.{RUNTIME}"
            self._client.meta.events.register_first(event, self._direct)
        return getattr(self._client, name)

    def _direct(self, request: AWSRequest, **_: Any) -> None:
        if time.monotonic() - self._looked > _KNOWN_SECONDS:
            self._url = self._supervision.url()
            self._looked = time.monotonic()
        request.url = self._url + request.url.removeprefix(NOWHERE)
