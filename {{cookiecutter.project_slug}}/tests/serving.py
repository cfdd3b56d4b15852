"""The server's application, asked without a network."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import serve

JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """What was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """Asks an application, on a loop of its own; its model is loaded unless told otherwise."""

    def __init__(self, model_dir: Path, loads: bool = True) -> None:
        self.runner = asyncio.Runner()
        self.app = serve.application(model_dir)
        if loads:
            self.runner.run(self.app.become_ready())
            assert self.app.failure is None, self.app.failure

    def ask(
        self,
        body: bytes | Iterable[bytes] = b"",
        content_type: str = JSON,
        accept: str = "",
        path: str = "/invocations",
        method: str = "POST",
        leaves: bool = False,
    ) -> Reply | None:
        """What it answers; None when that is nothing, as to a client who leaves before the end.

        A body of several parts comes part by part.
        """
        parts = [body] if isinstance(body, bytes) else list(body)
        return self.runner.run(self._ask(parts, content_type, accept, path, method, leaves))

    async def _ask(
        self,
        parts: list[bytes],
        content_type: str,
        accept: str,
        path: str,
        method: str,
        leaves: bool,
    ) -> Reply | None:
        given = {"content-type": content_type, "accept": accept}
        headers = [(n.encode(), v.encode("latin-1", "replace")) for n, v in given.items() if v]
        scope = {"type": "http", "method": method, "path": path, "headers": headers}
        scope |= {"query_string": b"", "root_path": "", "http_version": "1.1"}
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": part, "more_body": leaves or place < len(parts)}
            for place, part in enumerate(parts, start=1)
        ]
        messages.append({"type": "http.disconnect"})
        coming, sent = iter(messages), []

        async def receive() -> Any:
            return next(coming)

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        if not sent:
            return None
        start = sent[0]
        heads = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        body = b"".join(each["body"] for each in sent[1:])
        return Reply(start["status"], heads, body)

    def close(self) -> None:
        self.app._threads.shutdown()
        self.runner.close()
