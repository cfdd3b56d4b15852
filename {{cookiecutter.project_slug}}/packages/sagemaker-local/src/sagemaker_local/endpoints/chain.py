"""Containers that answer in turn, an inference pipeline: each one's answer is asked of the next.

What each is told: ``serving.handover``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from sagemaker_local.endpoints.backend import Backend
from sagemaker_local.serving import handover


class Chain:
    """What a ``Backend`` is, of one container or several.

    Args:
        backends: in the order of the requests.
    """

    def __init__(self, backends: list[Backend]) -> None:
        self._backends = backends

    @property
    def is_healthy(self) -> bool:
        return all(backend.is_healthy for backend in self._backends)

    @property
    def log(self) -> Path:
        """The first container's; the others' folders are beside it."""
        return self._backends[0].log

    @property
    def docs(self) -> str:
        """Where the first one's program describes itself to a browser, if it does."""
        return self._backends[0].docs

    async def start(self) -> None:
        """Start all, one after the other.

        Raises:
            LocalError: one did not become healthy; whoever asked ends the others.
        """
        for backend in self._backends:
            await backend.start()

    @asynccontextmanager
    async def invoke(
        self, body: bytes, headers: dict[str, str], seconds: float
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The last answer, or the first one that is an error."""
        *before, last = self._backends
        kind: str | None = None
        for backend in before:
            told = handover.headers(headers, False, kind)
            async with backend.invoke(body, told, seconds) as answer:
                body = await answer.read()
                if not 200 <= answer.status < 400:
                    yield answer
                    return
                kind = answer.headers.get(handover.TYPE, "")
        async with last.invoke(body, handover.headers(headers, True, kind), seconds) as answer:
            yield answer

    async def stop(self) -> None:
        """End all."""
        await asyncio.gather(*(backend.stop() for backend in self._backends))

    async def clear(self) -> None:
        """Remove their files; their logs stay."""
        await asyncio.gather(*(backend.clear() for backend in self._backends))
