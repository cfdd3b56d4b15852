"""What a model's server answers: SageMaker's container contract, as an ASGI application.

`/invocations` and `/ping` are answered here, before any framework; the rest is FastAPI's, in
`pages`. Which connections are waited for, and how long, is for `connections`.
"""

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import thread_time
from typing import Any

from .answers import JSON
from .documentation import Description
from .values import DataError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# A model's answer, and its type, to a body, its type, and the types that the client accepts.
Respond = Callable[[bytes, str, str], tuple[bytes | str, str]]
Reply = tuple[int, bytes, str]  # status, body and its type

MEGABYTE = 1 << 20
# A body up to this size is answered between two looks at the network; a larger one, and any of a
# model that has been slower, in a thread, so that /ping is answered meanwhile. The smaller size is
# for the time in which a model may still have libraries to load.
SMALL, SMALL_AT_FIRST, SLOW_SECONDS = 64 << 10, 4 << 10, 0.05
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


@dataclass(frozen=True)
class Loaded:
    """A model that is ready to be asked.

    Attributes:
        respond: its answers.
        described: what is said of it.
        warm: loads what only some requests need, while others are answered.
    """

    respond: Respond
    described: Description
    warm: Callable[[], object] = lambda: None


class Service:
    """See the module.

    Args:
        load: loads the model; it is called in a thread once the server listens.
        most_bytes: that a body may have; 0: any number.
        concurrent: requests of a batch job that are welcome at once.

    Attributes:
        failure: why the model could not be loaded; None where it could.
        failed: is called when there is one.
        described: what is said of the model.
    """

    def __init__(self, load: Callable[[], Loaded], most_bytes: int, concurrent: int = 1) -> None:
        self.failure: Exception | None = None
        self.failed: Callable[[], None] = lambda: None
        self.described = Description()
        self.most_bytes, self.concurrent = most_bytes, concurrent
        self._load = load
        self._respond: Respond | None = None
        self._small, self._slow = SMALL_AT_FIRST, False
        self._threads = ThreadPoolExecutor(1, "predict")
        self._pages: Any = None

    async def become_ready(self) -> None:
        """Load the model; a server does it once it listens."""
        loop = asyncio.get_running_loop()
        try:
            loaded = await loop.run_in_executor(self._threads, self._load)
            self._respond, self.described = loaded.respond, loaded.described
            await loop.run_in_executor(self._threads, loaded.warm)
            self._small = SMALL
        except Exception as error:
            self.failure = error
            self.failed()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] == "/invocations":
            await self._answer_invocation(scope, receive, send)
        elif scope["path"] == "/ping" and scope["method"] == "GET":
            await _send(send, (503 if self._respond is None else 200, b"", ""))
        else:
            if self._pages is None:
                loop = asyncio.get_running_loop()
                self._pages = await loop.run_in_executor(None, self._with_pages)
            await self._pages(scope, receive, send)

    def _with_pages(self) -> Any:
        from .pages import Pages  # here, because FastAPI takes a server half of its start

        parameters = {
            "MaxConcurrentTransforms": self.concurrent,
            "BatchStrategy": "MULTI_RECORD",
            "MaxPayloadInMB": self.most_bytes // MEGABYTE,
        }
        return Pages(lambda: self.described, parameters)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        loading = asyncio.create_task(self.become_ready())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        loading.cancel()
        self._threads.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})

    def at_once(self, body: bytes, kind: bytes, accept: bytes) -> Reply | None:
        """The answer to an invocation, where it takes no time that others would wait for."""
        if self._respond is None or self._slow or len(body) > self._small:
            return None
        reply, seconds = _timed(self._respond, body, *_types(kind, accept))
        self._slow = seconds > SLOW_SECONDS
        return reply

    async def _answer_invocation(self, scope: Message, receive: Receive, send: Send) -> None:
        try:
            await _send(send, await self._invoke(scope, receive))
        except Refusal as refusal:
            await _send(send, _told(refusal.status, str(refusal)), refusal.closes)
        except Gone:
            return

    async def _invoke(self, scope: Message, receive: Receive) -> Reply:
        if scope["method"] != "POST":
            raise Refusal(405, "/invocations is asked by POST")
        kind, accept, length = headers_of(scope["headers"])
        body = await self._body(receive, length)
        if self._respond is None:
            raise Refusal(503, "the model is not loaded yet")
        if at_once := self.at_once(body, kind, accept):
            return at_once
        reply, seconds = await asyncio.get_running_loop().run_in_executor(
            self._threads, _timed, self._respond, body, *_types(kind, accept)
        )
        if len(body) <= self._small:
            self._slow = seconds > SLOW_SECONDS
        return reply

    async def _body(self, receive: Receive, length: bytes) -> bytes:
        """A whole body, counted while it comes.

        Raises:
            Refusal: it is too large.
            Gone: the client left.
        """
        most = self.most_bytes or sys.maxsize
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


def headers_of(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes, bytes]:
    """Content type, accepted types and length of a request; nothing where it does not say."""
    kind, accept, length = b"", b"", b""
    for name, value in headers:
        if name == b"content-type":
            kind = value
        elif name == b"accept":
            accept = value
        elif name == b"content-length":
            length = value
    return kind, accept, length


def _types(kind: bytes, accept: bytes) -> tuple[str, str]:
    """Content type and accepted types as texts, with SageMaker's default."""
    return kind.decode("latin-1") or JSON, accept.decode("latin-1")


async def _send(send: Send, reply: Reply, closes: bool = False) -> None:
    status, body, kind = reply
    headers = [(b"content-length", b"%d" % len(body))]
    if kind:
        headers.append((b"content-type", kind.encode("latin-1", "replace")))
    if status == 405:
        headers.append((b"allow", b"POST"))
    if closes:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _timed(respond: Respond, body: bytes, kind: str, accept: str) -> tuple[Reply, float]:
    """The model's answer, and the seconds of CPU that it took."""
    started = thread_time()
    return _reply(respond, body, kind, accept), thread_time() - started


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
