"""What a server says of itself: batch parameters, an OpenAPI schema and a page that shows it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Response

from . import documentation
from .answers import JSON
from .documentation import Description


class Pages(FastAPI):
    """The pages of a server.

    Args:
        described: what is said of its model, which may still be loading.
        parameters: what a batch transform job may send.
    """

    def __init__(self, described: Callable[[], Description], parameters: Mapping[str, Any]) -> None:
        super().__init__(openapi_url=None, docs_url=None, redoc_url=None)
        self._described, self._parameters = described, parameters
        self.add_api_route("/execution-parameters", self.execution_parameters)
        self.add_api_route("/docs", self.page)
        self.add_api_route("/openapi.json", self.schema)

    async def execution_parameters(self) -> Mapping[str, Any]:
        """What a batch transform job may send."""
        return self._parameters

    async def page(self) -> Response:
        """A page for people; it loads nothing from anywhere."""
        return Response(documentation.page(self._described()), media_type="text/html")

    async def schema(self) -> Response:
        """The same for programs, as OpenAPI."""
        text = json.dumps(documentation.openapi(self._described()))
        return Response(text, media_type=JSON)
