"""A request, an answer, and an error, as every service of the wire has them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from typing import BinaryIO
from urllib.parse import parse_qsl

from botocore.exceptions import ClientError, ParamValidationError
from sagemaker_local.errors import DiskFull, LocalError
from sagemaker_local.wire.body import Body, BodyError


@dataclass(frozen=True)
class Request:
    """What a client sent.

    Attributes:
        method: of HTTP.
        path: as it was sent, its characters still quoted.
        query_text: what follows the path's question mark.
        headers: by name, in any case.
        body: what follows them.
    """

    method: str
    path: str
    query_text: str
    headers: Message
    body: Body

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_text, keep_blank_values=True))

    def header(self, name: str) -> str:
        """A header's value; empty if there is none."""
        return str(self.headers.get(name, ""))

    @property
    def signed_for(self) -> str:
        """The service that a signature names, as in ``<key>/<date>/<region>/<service>/...``."""
        signature = self.header("Authorization") or f"Credential={self.credential}"
        scope = signature.partition("Credential=")[2].partition(",")[0].split("/")
        return scope[3] if len(scope) > 3 else ""

    @property
    def credential(self) -> str:
        return self.query.get("X-Amz-Credential", "")


@dataclass(frozen=True)
class Answer:
    """What a client gets.

    Attributes:
        status: of HTTP.
        headers: beside those that every answer has.
        body: the bytes, unless they are a file's.
        file: an open file at the place from which on to send it; closed when it is sent.
        length: how many of its bytes; of a HEAD request's answer, how many there would be.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: BinaryIO | None = None
    length: int | None = None

    def close(self) -> None:
        if self.file is not None:
            with suppress(OSError):
                self.file.close()


class WireError(Exception):
    """An error that a client gets in the words of its service.

    Args:
        code: as the service calls it.
        message: one sentence: what is wrong, where, what to do.
        status: of HTTP.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def told(error: Exception) -> WireError | None:
    """What a client is told of an error that the engine raised; None: nobody foresaw it."""
    if isinstance(error, WireError):
        return error
    if isinstance(error, BodyError):
        return WireError(error.code, str(error), error.status)
    if isinstance(error, ClientError):
        found = error.response["Error"]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        return WireError(found.get("Code", ""), found.get("Message", str(error)), status)
    if isinstance(error, ParamValidationError):
        return WireError("ValidationException", str(error))
    if isinstance(error, DiskFull):
        return WireError("InsufficientStorage", str(error), 507)
    if isinstance(error, LocalError):
        return WireError("ValidationException", str(error))
    return None


def request_id() -> str:
    """What names a request in a client's log."""
    return secrets.token_hex(8).upper()
