"""The HTTP server: connections, hosts, limits; what a request means is for ``services`` to say.

It listens on loopback unless it is told otherwise; whom it answers then, ``callers`` says.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import sys
import threading
from contextlib import suppress
from email.message import Message
from http.server import BaseHTTPRequestHandler
from typing import Any, BinaryIO, Protocol, cast

from sagemaker_local import callers
from sagemaker_local.callers import LOOPBACK
from sagemaker_local.wire.body import Body, BodyError
from sagemaker_local.wire.messages import Answer, Request, WireError, request_id

# How long a client may keep silent within a request, and between two.
PATIENCE_SECONDS = 20.0
_IDLE_SECONDS = 300.0
_WAITING = 256  # connections that were not accepted yet

logger = logging.getLogger(__name__)


class Responder(Protocol):
    """Knows what requests mean."""

    def answer(self, request: Request) -> Answer:
        """A service's answer, or its error.

        Raises:
            TimeoutError: the rest of the request does not come.
        """
        ...

    def refusal(self, error: WireError, request: Request) -> Answer:
        """An error in the form that the client of the request's service reads."""
        ...


class Server(socketserver.ThreadingTCPServer):
    """Listens, and answers each connection in a thread of its own.

    Args:
        responder: answers requests.
        host: the address to listen at.
        port: 0: any that is free.

    Raises:
        OSError: the address is taken, or is none of this machine's.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = _WAITING

    def __init__(self, responder: Responder, host: str = LOOPBACK, port: int = 0) -> None:
        self.responder = responder
        self.host = host
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Connection)

    @property
    def url(self) -> str:
        """Where a client on this machine finds it."""
        host, port = self.server_address[:2]
        return callers.url(str(host), int(port))

    def start(self) -> None:
        """Answer from now on, in a thread."""
        threading.Thread(target=self.serve_forever, name=self.url, daemon=True).start()

    def close(self) -> None:
        """Answer nobody any more."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of ours."""
        error = sys.exception()
        if not isinstance(error, OSError):
            logger.error("A connection broke off", exc_info=error)


class _Connection(BaseHTTPRequestHandler):
    """One connection: request after request, until a client closes it."""

    protocol_version = "HTTP/1.1"
    server_version = "sagemaker-local"
    sys_version = ""
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        self.connection.settimeout(PATIENCE_SECONDS)
        return super().parse_request()

    def handle_one_request(self) -> None:
        self.connection.settimeout(_IDLE_SECONDS)
        super().handle_one_request()

    def answer(self) -> None:
        """Answer one request, whatever its method."""
        try:
            body = Body(cast(BinaryIO, self.rfile), self.headers)
        except BodyError as error:
            self._refuse(WireError(error.code, str(error), error.status))
            return
        path, _, query = self.path.partition("?")
        request = Request(self.command, path, query, cast(Message, self.headers), body)
        answer = self._answer(request)
        try:
            self._drain(body)
            self._send(answer)
        finally:
            answer.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    def _answer(self, request: Request) -> Answer:
        responder = cast(Server, self.server).responder
        try:
            self._check_caller(request)
            return responder.answer(request)
        except TimeoutError:
            self.close_connection = True
            told = f"The rest of the request did not come within {PATIENCE_SECONDS:g} seconds."
            return responder.refusal(WireError("RequestTimeout", told), request)
        except WireError as error:
            return responder.refusal(error, request)

    def _check_caller(self, request: Request) -> None:
        listening = cast(Server, self.server).host
        told = callers.refusal(request.header("Origin"), request.header("Host"), listening)
        if told:
            raise WireError("AccessDenied", told, 403)

    def _drain(self, body: Body) -> None:
        """Read what a refused client still sends: it may not look for an answer before."""
        if not self.close_connection:
            with suppress(OSError):
                body.drain()
        self.close_connection |= not body.is_spent

    def _send(self, answer: Answer) -> None:
        length = len(answer.body) if answer.length is None else answer.length
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(length))
        self.send_header("x-amz-request-id", request_id())
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD" or answer.status in (204, 304):
            return
        if answer.file is None:
            self.wfile.write(answer.body)
        else:
            self._send_file(answer.file, length)

    def _send_file(self, file: BinaryIO, length: int) -> None:
        """A file that became shorter meanwhile ends the connection: the client sees that."""
        while length and (part := file.read(min(length, 1 << 20))):
            self.wfile.write(part)
            length -= len(part)
        self.close_connection |= length > 0

    def _refuse(self, error: WireError) -> None:
        """Answer what is no request, and hear no further one."""
        self.close_connection = True
        text = f"{error.code}: {error.message}\n".encode()
        self._send(Answer(error.status, {"Content-Type": "text/plain; charset=utf-8"}, text))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the library refuses: a line that is no request, a method that no service has."""
        self.command = getattr(self, "command", None) or "GET"
        self.request_version = self.protocol_version  # of an older one, no answer would have a head
        reason = message or explain or self.responses.get(code, ("It is no request.", ""))[0]
        self._refuse(WireError("BadRequest", reason, code))

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)
