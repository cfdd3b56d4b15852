"""A server's connections: how long a request may take to come, and how the server ends.

uvicorn waits for ever for a request that never gets whole, and for a client that does not read.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from math import inf
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .service import Reply, Service, headers_of

# The answer to a body, its type and the types that the client accepts; None: not at once.
AtOnce = Callable[[bytes, bytes, bytes], Reply | None]

LARGEST_HEAD = 64 << 10  # bytes of a request's first line and headers
IDLE_SECONDS = 30  # of a connection between two requests
DRAIN_SECONDS = 20  # from SIGTERM on; SageMaker kills after 30
LAST_SECONDS = 4  # in which a request that has begun must get whole then
DIGITS = 6  # of the length of a body that may be answered at once, at most one less
TICKS = 10  # of a tenth of a second, between two looks at all connections
WAITING = 2048  # connections that were not accepted yet
OPEN = 65_536  # files and connections of a process, where the machine sets no other bound


class Together:
    """A transport that sends at once what is written in one turn of the loop.

    uvicorn writes the head of an answer and its body one after another, and each is a system call.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._parts:
            self._loop.call_soon(self._send)
        self._parts.append(data)

    def write_whole(self, data: bytes) -> None:
        """Write a whole answer, to which nothing will be added."""
        self._parts.append(data)
        self._send()

    def _send(self) -> None:
        if self._parts and not self._transport.is_closing():
            self._transport.write(b"".join(self._parts))
        self._parts.clear()

    def close(self) -> None:
        self._send()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """One connection of a client, who has so many seconds to send a request, and to take an answer.

    `seconds` and `at_once` are put there by `server`. A small invocation that `at_once` answers
    never gets to uvicorn's own handling of a request, which costs as much as a prediction.
    """

    seconds: float = 30.0
    at_once: AtOnce | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._together = Together(transport, self.loop)
        super().connection_made(self._together)  # type: ignore[arg-type]
        self._since, self._head, self._in_head = self.loop.time(), 0, True
        self._idle = inf  # since when, after an answer at once
        self._parts: list[bytes] | None = None  # of a body that may be answered at once

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._in_head:
            self._head += len(data)
            if self._head > LARGEST_HEAD:
                self._refuse("431 Request Header Fields Too Large", "the headers are too large")

    def on_message_begin(self) -> None:
        self._since, self._head, self._in_head, self._idle = self.loop.time(), 0, True, inf
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._kind, self._accept, length = headers_of(self.headers)
        free = self.cycle is None or self.cycle.response_complete
        if (
            self.url == b"/invocations"
            and self.at_once
            and free
            and length.isdigit()
            and len(length) < DIGITS
            and not self.expect_100_continue
        ):
            self._parts = []
        else:
            self._begin()

    def _begin(self) -> None:
        """Hand the request over to uvicorn."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        parts, self._parts = self._parts, None
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)
        super().on_headers_complete()
        for part in parts or ():
            super().on_body(part)

    def on_body(self, body: bytes) -> None:
        if self._parts is None:
            super().on_body(body)
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        if self._parts is not None and not self._answered(self._parts):
            self._begin()
        if self._parts is None:
            super().on_message_complete()
        self._parts, self._since = None, inf

    def _answered(self, parts: list[bytes]) -> bool:
        """Answer a whole invocation at once, if that can be."""
        parser, free = self.parser, not self.flow.write_paused and not self.transport.is_closing()
        plain = parser.get_http_version() == "1.1" and parser.should_keep_alive()
        if not free or not plain or parser.get_method() != b"POST" or not self.at_once:
            return False
        reply = self.at_once(b"".join(parts), self._kind, self._accept)
        if reply is None:
            return False
        status, body, kind = reply
        head = b"%scontent-type: %s\r\ncontent-length: %d\r\n\r\n"
        written = kind.encode("latin-1", "replace")
        self._together.write_whole(head % (STATUS_LINE[status], written, len(body)) + body)
        self.server_state.total_requests += 1
        self._idle = self.loop.time()
        return True

    def pause_writing(self) -> None:
        super().pause_writing()
        self._since = self.loop.time()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._since = inf

    def shutdown(self) -> None:
        if self._parts is not None:
            self._begin()
        super().shutdown()
        if self._since < inf:
            self.loop.call_later(LAST_SECONDS, self._give_up)

    def look(self, now: float) -> None:
        """Give up a client who took too long."""
        if self.transport.is_closing() and self._since == inf:
            self._since = now  # who does not take the last of an answer
        elif now - self._since > self.seconds:
            self._give_up()
        elif now - self._idle > IDLE_SECONDS:
            self.transport.close()

    def _give_up(self) -> None:
        answering = self._parts is None and self.cycle and self.cycle.response_started
        if self.transport.is_closing() or answering:
            self.transport.abort()
        elif self._since < inf:
            sentence = f"the request was not whole after {self.seconds:g} seconds"
            self._refuse("408 Request Timeout", sentence)

    def _refuse(self, status: str, sentence: str) -> None:
        if self.transport.is_closing():
            return
        body = f'{{"error": "{sentence}"}}'
        head = f"content-type: application/json\r\ncontent-length: {len(body)}"
        answer = f"HTTP/1.1 {status}\r\n{head}\r\nconnection: close\r\n\r\n{body}"
        self.transport.write(answer.encode("ascii"))
        self.transport.close()


class Server(uvicorn.Server):
    """A server that looks at its connections once a second.

    Args:
        config: of uvicorn.
        told: is called with the port once clients can connect.
    """

    def __init__(self, config: uvicorn.Config, told: Callable[[int], None]) -> None:
        super().__init__(config)
        self._told = told

    def stop(self) -> None:
        """End, as after SIGTERM."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._told(self.servers[0].sockets[0].getsockname()[1])

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    connection.look(now)
        return await super().on_tick(counter)


def server(
    app: Service, host: str, port: int, seconds: float, told: Callable[[int], None]
) -> Server:
    """A server of an application.

    Args:
        app: ASGI, of which some invocations are answered without it.
        host: to listen at.
        port: the same; 0: any that is free.
        seconds: in which a request must be whole.
        told: is called with the port once clients can connect.
    """
    _allow_descriptors()
    logging.basicConfig(format="%(message)s")
    ours = {"seconds": seconds, "at_once": staticmethod(app.at_once)}
    config = uvicorn.Config(
        app,
        host,
        port,
        http=type("Connection", (Connection,), ours),
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=WAITING,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    return Server(config, told)


def _allow_descriptors() -> None:
    """As many connections as this machine allows a process."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        most = OPEN if hard == resource.RLIM_INFINITY else min(hard, OPEN)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
