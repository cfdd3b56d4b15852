"""The door as a route on this machine: POST /invocations, and GET /ping."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI, Response
from fastapi import Request as HttpRequest
from sagemaker_local import callers
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ..errors import ProjectError
from .door import Door
from .messages import MOST_BYTES, Refusal, Reply, Request, told, too_large

PATH = "/invocations"
DROPPED = 16 << 20  # bytes beyond the limit that are read, so that their sender reads why
REQUEST_SECONDS = 30.0  # in which the body of a request must be whole
DRAIN_SECONDS = 25  # from SIGTERM on, more than the door waits for a model


def application(door: Door, host: str) -> FastAPI:
    """The application, for whatever serves one of ASGI.

    Args:
        door: answers.
        host: the address that it listens at.
    """
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    async def invocations(request: HttpRequest) -> Response:
        headers = dict(request.headers)
        stranger = callers.refusal(headers.get("origin", ""), headers.get("host", ""), host)
        if stranger:
            return _response(told(Refusal(403, stranger)))
        try:
            body = await asyncio.wait_for(_body(request), REQUEST_SECONDS)
        except ClientDisconnect:
            return Response()
        except TimeoutError:
            said = f"the request was not whole after {REQUEST_SECONDS:g} seconds"
            return _response(told(Refusal(408, said)))
        if body is None:
            return _response(told(too_large()))
        asked = Request(request.method, headers, body)
        return _response(await run_in_threadpool(door.answer, asked))

    async def ping(_: HttpRequest) -> Response:
        return Response()

    async def elsewhere(request: HttpRequest, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        said = f"{request.method} {request.url.path[:100]} is not answered; POST {PATH} is"
        return _response(told(Refusal(status, said)))

    app.add_route(PATH, invocations, methods=["POST"])
    app.add_route("/ping", ping)
    for status in (404, 405):
        app.add_exception_handler(status, elsewhere)
    return app


async def _body(request: HttpRequest) -> bytes | None:
    """A request's body; None where it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size <= MOST_BYTES:
            parts.append(part)
        elif size > MOST_BYTES + DROPPED:
            break
    return b"".join(parts) if size <= MOST_BYTES else None


def _response(reply: Reply) -> Response:
    return Response(reply.body, reply.status, reply.headers)


class Server(uvicorn.Server):
    """A server that tells its port once clients can connect."""

    def __init__(self, config: uvicorn.Config, say: Callable[[int], None]) -> None:
        super().__init__(config)
        self._say = say

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._say(self.servers[0].sockets[0].getsockname()[1])


def serve(door: Door, host: str, port: int, say: Callable[[str], None]) -> None:
    """Answer until Ctrl-C or SIGTERM; what is under way then is answered.

    Args:
        door: answers.
        host: to listen at.
        port: the same; 0: any that is free.
        say: is called with the address once clients can connect.

    Raises:
        ProjectError: nothing can listen there.
    """
    logging.basicConfig(format="%(message)s")
    config = uvicorn.Config(
        application(door, host),
        host,
        port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    running = Server(config, lambda found: say(callers.url(host, found) + PATH))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # when all is answered
    try:
        running.run()
    except KeyboardInterrupt:
        return
    except SystemExit as ended:
        if ended.code:
            raise ProjectError(
                f"nothing can listen at {host}, port {port}; give another --port, or --host"
            ) from None
