"""Containers that answer in turn for a transform job: each is a process, asked over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from . import handover

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.02


class ContainerError(Exception):
    """A container did not answer with 200; names it, and says what it said."""


@dataclass(frozen=True)
class Link:
    """One of the containers.

    Attributes:
        name: ``container-1`` and so on.
        port: where it answers.
    """

    name: str
    port: int

    @classmethod
    def announced(cls, name: str, file: Path) -> Link:
        """The container that says its port in a file; the job ends if the container does."""
        while not file.is_file():
            time.sleep(_POLL_SECONDS)
        return cls(name, int(file.read_text(encoding="utf-8")))

    def ask(self, body: bytes, headers: dict[str, str]) -> tuple[bytes, str]:
        """Its answer, and the type that this has.

        Raises:
            ContainerError: it answers with an error.
        """
        connection = HTTPConnection(_HOST, self.port)
        try:
            connection.request("POST", "/invocations", body, headers)
            answer = connection.getresponse()
            said, kind = answer.read(), answer.getheader(handover.TYPE, "")
        finally:
            connection.close()
        if answer.status >= 400:
            raise ContainerError(f"{self.name} answered {answer.status}: {_reason(said)}")
        return said, kind


@dataclass(frozen=True)
class Containers:
    """What a ``ModelScript`` is to a transform job, of several containers.

    Attributes:
        links: in the order of the requests.
        content_type: of the bodies that ``answer`` gets.
        accept: the type of the answers that ``answer`` gives.
    """

    links: Sequence[Link]
    content_type: str
    accept: str

    def answer(self, body: bytes) -> bytes:
        """What the last container says.

        Raises:
            ContainerError: one answers with an error.
        """
        asked = {handover.TYPE: self.content_type, handover.ACCEPT: self.accept}
        kind: str | None = None
        for link in self.links:
            body, kind = link.ask(body, handover.headers(asked, link is self.links[-1], kind))
        return body


def _reason(said: bytes) -> Any:
    try:
        return json.loads(said)["error"]
    except (ValueError, LookupError, TypeError):
        return said.decode("utf-8", "replace")
