"""The front by itself, before containers that answer late, wrongly, or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from sagemaker_local.endpoints import front as module
from sagemaker_local.endpoints import questions
from sagemaker_local.endpoints.fleet import Fleet, Serving
from sagemaker_local.endpoints.front import Front
from sagemaker_local.endpoints.invocation import Invocation
from sagemaker_local.endpoints.routes import Routes

from engine.endpoints.test_capture import invocation
from engine.local import ARNS

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 2\r\n\r\n30"
DEPLOYMENT = invocation({}).deployment
(VARIANT,) = DEPLOYMENT.variants

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


class Container:
    """A backend whose answer is written by hand."""

    is_healthy = True
    log = Path("/somewhere/job.log")
    docs = "http://127.0.0.1:9/docs"

    def __init__(self, script: Script) -> None:
        self._script = script
        self._session = aiohttp.ClientSession()

    async def open(self) -> asyncio.Server:
        server = await asyncio.start_server(self._script, "127.0.0.1", 0)
        self._url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/invocations"
        return server

    async def close(self) -> None:
        await self._session.close()

    def invoke(self, body: bytes, headers: dict[str, str], seconds: float) -> Any:
        timeout = aiohttp.ClientTimeout(total=seconds)
        return self._session.post(self._url, data=body, headers=headers, timeout=timeout)


class OneContainer:
    """A fleet of it, and of shadows that are the same."""

    deployment = DEPLOYMENT

    def __init__(self, container: Container, shadows: int) -> None:
        self._pair = Serving(VARIANT, cast(Any, container))
        self._shadows = shadows

    @contextmanager
    def request(self) -> Iterator[None]:
        yield

    def chosen(self) -> Serving:
        return self._pair

    def shadowing(self, production: object) -> list[Serving]:
        return [self._pair] * self._shadows


@asynccontextmanager
async def fronting(
    script: Script, seen: list[Invocation], shadows: int = 0
) -> AsyncIterator[tuple[str, Front]]:
    """The URL of an endpoint ``e`` with such a container, and its front."""
    container = Container(script)
    server = await container.open()
    routes = Routes()
    routes.switch("e", cast(Fleet, OneContainer(container, shadows)))
    front = Front(routes, ARNS, [seen.append])
    url = await front.open("127.0.0.1", 0)
    try:
        yield f"{url}/endpoints/e/invocations", front
    finally:
        await front.close(1.0)
        await container.close()
        server.close()


def asked(script: Script, seen: list[Invocation], body: bytes = b"1,2") -> tuple[int, Any]:
    """The status and the document of one request."""

    async def ask() -> tuple[int, Any]:
        async with (
            fronting(script, seen) as (url, _),
            aiohttp.ClientSession() as session,
            session.post(url, data=body) as answer,
        ):
            text = await answer.read()
            return answer.status, json.loads(text)

    return asyncio.run(ask())


def saying(answer: bytes) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    return script


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(-1)
    writer.close()


def test_an_answer_is_handed_on_and_observed() -> None:
    seen: list[Invocation] = []
    assert asked(saying(ANSWER), seen) == (200, 30)
    (found,) = seen
    assert (found.endpoint, found.variant, found.status, found.body) == ("e", VARIANT, 200, b"30")
    assert (found.question.body, found.content_type) == (b"1,2", "text/csv")
    assert found.model_seconds > 0
    assert found.overhead_seconds > 0


def test_a_container_that_takes_too_long_is_a_model_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.1)
    seen: list[Invocation] = []
    status, told = asked(silent, seen)
    assert status == 424
    assert told["OriginalStatusCode"] == 0
    assert "timed out while waiting for a response from container primary" in told["Message"]
    assert seen[0].status == 0


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1", b"hm\r\n\r\n"]
)
def test_a_container_that_breaks_off_is_a_model_error(answer: bytes) -> None:
    seen: list[Invocation] = []
    status, told = asked(saying(answer), seen)
    assert (status, told["OriginalStatusCode"]) == (424, 0)
    assert "closed the connection before it had answered" in told["OriginalMessage"]
    assert seen[0].status == 0


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (503, "server")])
def test_a_long_error_is_cut_and_keeps_its_status(status: int, side: str) -> None:
    head = f"HTTP/1.1 {status} No\r\nContent-Length: 5000\r\n\r\n".encode()
    code, told = asked(saying(head + b"x" * 5000), [])
    assert (code, told["OriginalStatusCode"]) == (424, status)
    begun = f"Received {side} error ({status}) from primary and could not load the entire"
    assert told["Message"].startswith(begun)
    assert told["OriginalMessage"] == "x" * 2048


@pytest.mark.slow
def test_a_request_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(module, "_LAST_SECONDS", 0.1)
    seen: list[Invocation] = []

    async def ask() -> bytes:
        async with fronting(saying(ANSWER), seen) as (url, _):
            port = int(url.split(":")[2].split("/")[0])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /endpoints/e/invocations HTTP/1.1\r\nHost: localhost\r\n")
            writer.write(b"Content-Length: 9\r\n\r\n1,2")
            answer = await reader.read(-1)  # to the end: the connection is closed
            writer.close()
            return answer

    answer = asyncio.run(ask())
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"did not come within 0.1 seconds" in answer
    assert seen == []


@pytest.mark.slow
def test_a_body_of_chunks_is_counted_while_it_is_read() -> None:
    async def ask() -> int:
        async def parts() -> AsyncIterator[bytes]:
            for _ in range(7):
                yield b"1" * (1 << 20)

        async with (
            fronting(saying(ANSWER), []) as (url, _),
            aiohttp.ClientSession() as session,
            session.post(url, data=parts()) as answer,
        ):
            return answer.status

    assert asyncio.run(ask()) == 413


def test_a_browser_is_sent_to_the_page_of_the_model_s_own_server() -> None:
    """Which it may ask, where the front refuses pages: the address is told, and not an answer."""
    seen: list[Invocation] = []

    async def ask(path: str) -> tuple[int, str]:
        async with (
            fronting(saying(ANSWER), seen) as (url, _),
            aiohttp.ClientSession() as session,
            session.get(url.replace("e/invocations", path), allow_redirects=False) as answer,
        ):
            return answer.status, answer.headers.get("Location", "")

    assert asyncio.run(ask("e/docs")) == (307, Container.docs)
    assert asyncio.run(ask("other/docs")) == (400, "")
    assert asyncio.run(ask("e/openapi.json")) == (404, "")
    assert seen == []


def test_an_endpoint_that_starts_again_is_unavailable_and_another_one_not_found() -> None:
    """After `stop_endpoints`, say: a client may try again, as boto3 does of itself."""

    async def ask(endpoint: str, routes: Routes) -> int:
        front = Front(routes, ARNS)
        url = await front.open("127.0.0.1", 0)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{url}/endpoints/{endpoint}/invocations", data=b"1") as answer,
        ):
            found = answer.status
        await front.close(1.0)
        return found

    routes = Routes(["e"])
    assert asyncio.run(ask("e", routes)) == 503
    assert asyncio.run(ask("other", routes)) == 400
    routes.close("e")
    assert asyncio.run(ask("e", routes)) == 400


@pytest.mark.slow
def test_there_are_not_too_many_copies_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_SHADOWED", 3)
    monkeypatch.setattr(module, "_LAST_SECONDS", 0.1)

    async def ask() -> int:
        async with fronting(silent, [], shadows=5) as (url, front):
            timeout = aiohttp.ClientTimeout(total=0.3)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                with pytest.raises(TimeoutError):
                    await session.post(url, data=b"1")
            return len(front._copies)

    assert asyncio.run(ask()) == 3
