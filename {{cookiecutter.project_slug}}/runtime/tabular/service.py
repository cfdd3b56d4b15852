"""What a model's server answers: SageMaker's container contract, as an ASGI application.

`/invocations` is answered here, before any framework; the rest is FastAPI's. Which connections are
waited for, and how long, is for `connections`.
"""

import asyncio
import json
import sys
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any

from fastapi import FastAPI, Response

from . import documentation
from .answers import JSON
from .documentation import Description
from .values import DataError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# A model's answer, and its type, to a body, its type, and the types that the client accepts.
Respond = Callable[[bytes, str, str], tuple[bytes | str, str]]
Reply = tuple[int, bytes, str]  # status, body and its type
Load = Callable[[], tuple[Respond, Description]]

MEGABYTE = 1 << 20
# A body up to this size is answered between two looks at the network; a larger one, and any of a
# model that has been slower, in a thread, so that /ping is answered meanwhile.
SMALL, SLOW_SECONDS = 64 << 10, 0.05
DROPPED = 16 * MEGABYTE  # of a body beyond the limit, so that a client who sends it reads why
LONGEST_SENTENCE = 1_000


class Refusal(DataError):
    """A request that the model never sees."""

    def __init__(self, status: int, sentence: str, closes: bool = False) -> None:
        super().__init__(sentence)
        self.status = status
        self.closes = closes


class Gone(Exception):
    """The client left before its request was whole."""


class Service(FastAPI):
    """See the module.

    Args:
        load: loads the model; it is called in a thread once the server listens.
        most_bytes: that a body may have; 0: any number.
        concurrent: requests of a batch job that are welcome at once.

    Attributes:
        failure: why the model could not be loaded; None where it could.
        failed: is called when there is one.
    """

    def __init__(self, load: Load, most_bytes: int, concurrent: int = 1) -> None:
        super().__init__(openapi_url=None, docs_url=None, redoc_url=None, lifespan=self._life)
        self.failure: Exception | None = None
        self.failed: Callable[[], None] = lambda: None
        self.described = Description()
        self._load = load
        self._respond: Respond | None = None
        self._most_bytes = most_bytes
        self._concurrent = concurrent
        self._slow = False
        self._threads = ThreadPoolExecutor(1, "predict")
        self.add_api_route("/ping", self.ping)
        self.add_api_route("/execution-parameters", self.execution_parameters)
        self.add_api_route("/docs", self.docs)
        self.add_api_route("/openapi.json", self.schema)

    @asynccontextmanager
    async def _life(self, _app: FastAPI) -> AsyncIterator[None]:
        loading = asyncio.create_task(self.become_ready())
        yield
        loading.cancel()
        self._threads.shutdown(wait=False)

    async def become_ready(self) -> None:
        """Load the model; a server does it once it listens."""
        loop = asyncio.get_running_loop()
        try:
            self._respond, self.described = await loop.run_in_executor(self._threads, self._load)
        except Exception as error:
            self.failure = error
            self.failed()

    async def ping(self) -> Response:
        """200 when requests are answered; 503 while the model is being loaded."""
        return Response(status_code=503 if self._respond is None else 200)

    async def execution_parameters(self) -> dict[str, Any]:
        """What a batch transform job may send."""
        return {
            "MaxConcurrentTransforms": self._concurrent,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": self._most_bytes // MEGABYTE,
        }

    async def docs(self) -> Response:
        """A page for people; it loads nothing from anywhere."""
        return Response(documentation.page(self.described), media_type="text/html")

    async def schema(self) -> Response:
        """The same for programs, as OpenAPI."""
        text = json.dumps(documentation.openapi(self.described))
        return Response(text, media_type=JSON)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != "/invocations":
            await super().__call__(scope, receive, send)
            return
        closes = False
        try:
            reply = await self._invoke(scope, receive)
        except Refusal as refusal:
            reply, closes = _told(refusal.status, str(refusal)), refusal.closes
        except Gone:
            return
        status, body, kind = reply
        headers = [
            (b"content-type", kind.encode("latin-1", "replace")),
            (b"content-length", b"%d" % len(body)),
        ]
        if status == 405:
            headers.append((b"allow", b"POST"))
        if closes:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _invoke(self, scope: Message, receive: Receive) -> Reply:
        if scope["method"] != "POST":
            raise Refusal(405, "/invocations is asked by POST")
        kind, accept, length = _headers(scope)
        body = await self._body(receive, length)
        respond = self._respond
        if respond is None:
            raise Refusal(503, "the model is not loaded yet")
        if len(body) > SMALL or self._slow:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, _reply, respond, body, kind, accept)
        started = perf_counter()
        reply = _reply(respond, body, kind, accept)
        self._slow = perf_counter() - started > SLOW_SECONDS
        return reply

    async def _body(self, receive: Receive, length: bytes) -> bytes:
        """A whole body, counted while it comes.

        Raises:
            Refusal: it is too large.
            Gone: the client left.
        """
        most = self._most_bytes or sys.maxsize
        if length.isdigit() and int(length[:20]) > most + DROPPED:
            raise Refusal(413, _too_large(most), closes=True)
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size <= most:
                parts.append(part)
            elif size > most + DROPPED:
                raise Refusal(413, _too_large(most), closes=True)
            else:
                parts.clear()
        if size > most:
            raise Refusal(413, _too_large(most))
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _headers(scope: Message) -> tuple[str, str, bytes]:
    """Content type, accepted types and length of a request, with SageMaker's defaults."""
    kind, accept, length = b"", b"", b""
    for name, value in scope["headers"]:
        if name == b"content-type":
            kind = value
        elif name == b"accept":
            accept = value
        elif name == b"content-length":
            length = value
    return kind.decode("latin-1") or JSON, accept.decode("latin-1"), length


def _reply(respond: Respond, body: bytes, kind: str, accept: str) -> Reply:
    """The model's answer; a mistake in the request as one sentence, one of ours without its words.

    Ours is in the log, with its traceback.
    """
    try:
        answer, written = respond(body, kind, accept)
    except DataError as error:
        return _told(error.status, str(error))
    except RecursionError:
        return _told(400, "the request is nested too deeply")
    except Exception:
        traceback.print_exc()
        return _told(500, "the model failed; its server's log says why")
    return 200, answer.encode() if isinstance(answer, str) else answer, written


def _told(status: int, sentence: str) -> Reply:
    if len(sentence) > LONGEST_SENTENCE:
        sentence = f"{sentence[:LONGEST_SENTENCE]} ..."
    return status, json.dumps({"error": sentence}).encode(), JSON


def _too_large(most: int) -> str:
    return f"the request has more than {most:,} bytes; send fewer records at once"
