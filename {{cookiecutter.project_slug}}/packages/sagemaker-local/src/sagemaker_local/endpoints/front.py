"""The front: an address that clients of the runtime know, with the fleets of all endpoints behind.

Clients' connections end here, and a request goes on only when it is whole. So an update switches
from one fleet to the next between two requests, and a client that stalls keeps no backend.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import aiohttp
from aiohttp import web
from sagemaker_local import callers
from sagemaker_local.endpoints import questions, refusals
from sagemaker_local.endpoints.fleet import Fleet, Serving
from sagemaker_local.endpoints.invocation import Invocation, Question
from sagemaker_local.endpoints.refusals import Refusal
from sagemaker_local.endpoints.routes import Routes
from sagemaker_local.names import Arns

# Within which a container answers; the service gives it a minute.
ANSWER_SECONDS = 60.0
# A connection without a request, also one that never had any.
_IDLE_SECONDS = 60.0
_WAITING = 1024  # connections that were not accepted yet
# For answers that are being written when all is over, and for what a refused client still sends.
_LAST_SECONDS = 2.0
_MOST_SHADOWED = 100  # copies under way; more are not made
_VARIANT = "x-Amzn-Invoked-Production-Variant"
_NOT_RUN = {
    "async-invocations": "InvokeEndpointAsync is not run locally: use InvokeEndpoint, whose answer "
    "comes at once.",
    "invocations-response-stream": "InvokeEndpointWithResponseStream is not run locally: use "
    "InvokeEndpoint, whose answer comes whole.",
}

Observer = Callable[[Invocation], None]
logger = logging.getLogger(__name__)


class Front:
    """See the module.

    Args:
        routes: says which fleet answers.
        arns: of the region and account.
        observers: are told of every invocation; they must be quick.

    Attributes:
        last_request: when the last one came, by the loop's clock.
    """

    def __init__(self, routes: Routes, arns: Arns, observers: Sequence[Observer] = ()) -> None:
        self.last_request = asyncio.get_running_loop().time()
        self._routes = routes
        self._arns = arns
        self._observers = observers
        self._copies: set[asyncio.Task[None]] = set()
        self._under_way = 0
        self._closing = False
        self._host = ""
        self._server = web.Server(
            self._handle,
            request_factory=_request,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=_IDLE_SECONDS,
            lingering_time=_LAST_SECONDS,
        )
        self._listener: asyncio.Server | None = None

    async def open(self, host: str, port: int) -> str:
        """Listen; gives the address.

        Raises:
            OSError: it is taken, or is none of this machine's.
        """
        self._host = host
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._server, host, port, backlog=_WAITING)
        return callers.url(host, self._listener.sockets[0].getsockname()[1])

    async def close(self, patience: float) -> None:
        """Take no further connection; end when all requests are answered, or after seconds."""
        self._closing = True
        assert self._listener is not None
        self._listener.close()
        deadline = asyncio.get_running_loop().time() + patience
        while (self._under_way or self._copies) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.01)
        for copy in self._copies:
            copy.cancel()
        self._server.pre_shutdown()  # connections between two requests end at once
        await asyncio.sleep(0)
        await self._server.shutdown(_LAST_SECONDS)

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        self.last_request = asyncio.get_running_loop().time()
        try:
            response = await self._answered(request)
        except Exception as error:
            refusal = _told(error)
            response = web.Response(
                body=refusal.body, status=refusal.status, headers=refusal.headers
            )
            if refusal.status in (408, 413):  # the rest of the body is not read
                response.force_close()
        response.headers["x-amzn-RequestId"] = secrets.token_hex(8)
        if self._closing:
            response.force_close()
        return response

    async def _answered(self, request: web.BaseRequest) -> web.Response:
        began = time.perf_counter()
        origin, host = request.headers.get("Origin", ""), request.headers.get("Host", "")
        told = callers.refusal(origin, host, self._host)
        if told:
            raise Refusal("AccessDeniedException", told, 403)
        if request.path == "/ping":
            return web.Response()
        if request.method == "GET" and (docs := questions.DOCS.fullmatch(request.path)):
            return self._directed(self._fleet(docs[1]))
        name = _endpoint(request)
        self._fleet(name)
        question = await questions.read(request)
        fleet = self._fleet(name)  # it may be another one by now
        with self._counted(), fleet.request():
            chosen = self._chosen(fleet, name, question)
            self._copy(fleet, name, chosen, question)
            return await self._asked(fleet, name, chosen, question, began)

    def _directed(self, fleet: Fleet) -> web.Response:
        """To the page of a model's own server, which a browser may ask: its address is private."""
        serving = fleet.chosen()
        if serving is None:
            raise refusals.unavailable("No variant of the endpoint has a weight above 0.")
        return web.Response(status=307, headers={"Location": serving.backend.docs})

    def _fleet(self, name: str) -> Fleet:
        fleet = self._routes.fleet(name)
        if fleet is None and self._routes.is_starting(name):
            raise refusals.unavailable(f"The endpoint {name} starts again; try again.")
        if fleet is None:
            raise refusals.not_found(name, self._arns.account)
        return fleet

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Whole requests only: nobody waits for the end of one that stalls."""
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def _chosen(self, fleet: Fleet, name: str, question: Question) -> Serving:
        target = question.target_variant
        found = fleet.named(target) if target else fleet.chosen()
        if found is None and target:
            raise refusals.invalid(f"Variant {target} of endpoint {name} not found.")
        if found is None:
            raise refusals.unavailable(f"No variant of endpoint {name} has a weight above 0.")
        return found

    async def _asked(
        self, fleet: Fleet, name: str, serving: Serving, question: Question, began: float
    ) -> web.Response:
        """A variant's answer.

        Raises:
            Refusal: there is none, or it is an error.
        """
        if not serving.backend.is_healthy:
            self._tell(fleet, name, serving, question, 0, "", b"", 0.0, began)
            raise refusals.unavailable(
                f"The variant {serving.variant.name} of endpoint {name} starts again; see "
                f"{serving.backend.log}."
            )
        sent = time.perf_counter()
        status, kind, body, attributes = 0, "", b"", ""
        try:
            headers = questions.forwarded(question)
            async with serving.backend.invoke(question.body, headers, ANSWER_SECONDS) as answer:
                body = await answer.read()
                kind = answer.headers.get("Content-Type", "")
                attributes = answer.headers.get(questions.CUSTOM_ATTRIBUTES, "")
                status = answer.status
        except TimeoutError:
            raise refusals.no_answer(ANSWER_SECONDS, *self._logs(name, serving)) from None
        except aiohttp.ClientError:
            raise refusals.broken_off(*self._logs(name, serving)) from None
        finally:
            spent = time.perf_counter() - sent
            self._tell(fleet, name, serving, question, status, kind, body, spent, began)
        if not 200 <= status < 400:
            raise refusals.model_error(status, body, *self._logs(name, serving))
        given = {"Content-Type": kind, questions.CUSTOM_ATTRIBUTES: attributes}
        found = {name: value for name, value in given.items() if value}
        return web.Response(body=body, headers={_VARIANT: serving.variant.name, **found})

    def _copy(self, fleet: Fleet, name: str, chosen: Serving, question: Question) -> None:
        """Ask the shadows too; nobody waits for them."""
        for shadow in fleet.shadowing(chosen.variant):
            if len(self._copies) < _MOST_SHADOWED:
                task = asyncio.create_task(self._shadowed(fleet, name, shadow, question))
                self._copies.add(task)
                task.add_done_callback(self._copies.discard)

    async def _shadowed(self, fleet: Fleet, name: str, shadow: Serving, question: Question) -> None:
        with fleet.request():
            try:
                await self._asked(fleet, name, shadow, question, time.perf_counter())
            except Refusal as refusal:
                logger.warning("The shadow %s of %s: %s", shadow.variant.name, name, refusal)

    def _tell(
        self,
        fleet: Fleet,
        name: str,
        serving: Serving,
        question: Question,
        status: int,
        kind: str,
        body: bytes,
        spent: float,
        began: float,
    ) -> None:
        overhead = max(0.0, time.perf_counter() - began - spent)
        told = Invocation(
            name,
            fleet.deployment,
            serving.variant,
            question,
            status,
            kind,
            body,
            spent,
            overhead,
        )
        for observer in self._observers:
            observer(told)

    def _logs(self, name: str, serving: Serving) -> tuple[str, str]:
        """Where a variant's log is, and the ARN of its stream."""
        region, account = self._arns.region, self._arns.account
        group = f"arn:aws:logs:{region}:{account}:log-group:/aws/sagemaker/Endpoints/{name}"
        return str(serving.backend.log), f"{group}:log-stream:{serving.variant.name}"


def _told(error: Exception) -> Refusal:
    """What a client is told; an error that nobody foresaw is in the log."""
    if isinstance(error, Refusal):
        return error
    logger.error("A request failed inside the front", exc_info=error)
    return Refusal("InternalFailure", f"The front failed: {type(error).__name__}: {error}", 500)


def _endpoint(request: web.BaseRequest) -> str:
    """The name in the path.

    Raises:
        Refusal: it is no path of the runtime, or of what is not run.
    """
    path = questions.PATH.fullmatch(request.path)
    if path is None or request.method != "POST":
        told = f"{request.method} {request.path[:200]} is no operation of an endpoint."
        raise Refusal("UnknownOperationException", told, 404)
    if path[2] in _NOT_RUN:
        raise refusals.invalid(_NOT_RUN[path[2]])
    return str(path[1])


def _request(message, payload, protocol, writer, task):  # type: ignore[no-untyped-def]
    """A request that is read up to the service's limit."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(
        message, payload, protocol, writer, task, loop, client_max_size=refusals.MOST_BYTES
    )
