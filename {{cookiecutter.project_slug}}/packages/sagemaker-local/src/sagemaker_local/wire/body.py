"""The body of a request: read once and in parts, its length and checksums verified.

Three forms: of a length that a header says; chunked by HTTP; and chunked by AWS's clients, with a
signature for each chunk and checksums in a trailer (``aws-chunked``), inside either of the two.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from functools import partial
from typing import BinaryIO, Protocol

_CHUNK = 1 << 20
_LINE = 8192
_STREAMING = "STREAMING-"
_SIGNED = "x-amz-content-sha256"
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")
# What a client that was refused may still send, so that it reads the answer and not a reset.
_DRAINED_BYTES = 256 << 20

_SHORT = "The body ended before the length that its headers say; send it whole."


class BodyError(Exception):
    """A body that cannot be taken.

    Args:
        code: as S3 calls it.
        message: for a person.
        status: of HTTP.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class _Checksum(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class _Crc32:
    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(4, "big")


# By the header, or trailer, that has their value. CRC32C and CRC64NVME are not in Python's library:
# a body is taken without a look at them.
_CHECKSUMS: Mapping[str, Callable[[], _Checksum]] = {
    "content-md5": partial(hashlib.md5, usedforsecurity=False),
    "x-amz-checksum-crc32": _Crc32,
    "x-amz-checksum-sha1": hashlib.sha1,
    "x-amz-checksum-sha256": hashlib.sha256,
    _SIGNED: hashlib.sha256,
}


class Body:
    """What follows a request's headers.

    Args:
        stream: where it is read from.
        headers: of the request.

    Attributes:
        is_spent: it was read to its end, so that the next request can follow.

    Raises:
        BodyError: its headers contradict themselves.
    """

    def __init__(self, stream: BinaryIO, headers: Message) -> None:
        self._stream = stream
        self._headers = headers
        self._chunked = "chunked" in headers.get("Transfer-Encoding", "").lower()
        self._length = 0 if self._chunked else _length(headers.get("Content-Length"))
        self._is_aws_chunked = "aws-chunked" in headers.get("Content-Encoding", "").lower() or (
            headers.get(_SIGNED, "").startswith(_STREAMING)
        )
        self.is_spent = not self._chunked and not self._length

    @property
    def has_length(self) -> bool:
        """Does a header say how long it is, or that its chunks do?"""
        return self._chunked or self._headers.get("Content-Length") is not None

    def read(self, limit: int) -> bytes:
        """All of it.

        Raises:
            BodyError: it is longer than ``limit`` bytes, or broken.
        """
        parts, size = [], 0
        for part in self.parts():
            size += len(part)
            if size > limit:
                raise BodyError(
                    "RequestEntityTooLarge",
                    f"The request is longer than the {limit:,} bytes that are read of one.",
                    413,
                )
            parts.append(part)
        return b"".join(parts)

    def parts(self) -> Iterator[bytes]:
        """The content, verified when the last part was given.

        Raises:
            BodyError: it ended early, or is not what its checksums say.
        """
        content, trailer = self._content()
        checksums = {name: _CHECKSUMS[name]() for name in self._given()}
        size = 0
        for part in content:
            for checksum in checksums.values():
                checksum.update(part)
            size += len(part)
            yield part
        self.is_spent = True
        self._verify_size(size)
        for name, checksum in checksums.items():
            _verify(name, checksum, self._headers.get(name) or trailer.get(name, ""))

    def drain(self) -> None:
        """Read what is left and forget it; ``is_spent`` says whether that was all."""
        if self.is_spent:
            return
        size = 0
        try:
            for part in self._raw():
                size += len(part)
                if size > _DRAINED_BYTES:
                    return
        except BodyError:
            return
        self.is_spent = True

    def _given(self) -> set[str]:
        """Names of the checksums that the client gives, or announces for the trailer."""
        names = {name for name in _CHECKSUMS if self._headers.get(name)}
        if not _DIGEST.fullmatch(self._headers.get(_SIGNED, "")):
            names.discard(_SIGNED)  # it says that the content was not signed, or in parts
        announced = self._headers.get("X-Amz-Trailer", "").strip().lower()
        return names | ({announced} & set(_CHECKSUMS))

    def _content(self) -> tuple[Iterator[bytes], dict[str, str]]:
        """The content without what chunks add to it; the trailer is filled when it was read."""
        trailer: dict[str, str] = {}
        if not self._is_aws_chunked:
            return self._raw(trailer), trailer
        return _aws_content(_Lines(self._raw()), trailer), trailer

    def _raw(self, trailer: dict[str, str] | None = None) -> Iterator[bytes]:
        if self._chunked:
            yield from _chunks(_Lines(stream=self._stream), {} if trailer is None else trailer)
            return
        while self._length:
            part = self._stream.read(min(_CHUNK, self._length))
            if not part:
                raise BodyError("IncompleteBody", _SHORT)
            self._length -= len(part)
            yield part

    def _verify_size(self, size: int) -> None:
        decoded = self._headers.get("X-Amz-Decoded-Content-Length")
        if decoded is not None and _length(decoded) != size:
            raise BodyError("IncompleteBody", _SHORT)


class _Lines:
    """Lines and exact numbers of bytes, out of a stream or of parts of any size."""

    def __init__(
        self, parts: Iterator[bytes] | None = None, stream: BinaryIO | None = None
    ) -> None:
        self._parts = parts
        self._stream = stream
        self._kept = b""

    def line(self) -> bytes:
        """The next line without its end.

        Raises:
            BodyError: it ends without one, or is too long.
        """
        while b"\n" not in self._kept:
            if len(self._kept) > _LINE:
                raise BodyError("InvalidRequest", "A chunk begins with a line that is too long.")
            self._kept += self._more(line=True)
        line, _, self._kept = self._kept.partition(b"\n")
        return line.rstrip(b"\r")

    def exactly(self, size: int) -> Iterator[bytes]:
        """So many bytes, in parts."""
        while size:
            part = self._kept or self._more(size=size)
            self._kept = part[size:]
            part = part[:size]
            size -= len(part)
            yield part

    def is_at_end(self) -> bool:
        """Is there nothing more? Of a stream it is never known."""
        if self._kept or self._parts is None:
            return False
        self._kept = next(self._parts, b"")
        return not self._kept

    def finish(self) -> None:
        """Read what may be left of the outer form."""
        if self._parts is not None and (self._kept or not self.is_at_end()):
            raise BodyError("InvalidRequest", "There is more in the body than its chunks say.")

    def _more(self, line: bool = False, size: int = _CHUNK) -> bytes:
        if self._parts is not None:
            part = next(self._parts, b"")
        else:
            assert self._stream is not None
            part = self._stream.readline(_LINE) if line else self._stream.read(min(size, _CHUNK))
        if not part:
            raise BodyError("IncompleteBody", _SHORT)
        return part


def _chunks(lines: _Lines, trailer: dict[str, str]) -> Iterator[bytes]:
    """The content of chunks: ``<size in hexadecimal>[;<more>]``, so many bytes, an empty line."""
    while size := _size(lines.line()):
        yield from lines.exactly(size)
        lines.line()
    _read_trailer(lines, trailer)


def _aws_content(lines: _Lines, trailer: dict[str, str]) -> Iterator[bytes]:
    yield from _chunks(lines, trailer)
    lines.finish()


def _read_trailer(lines: _Lines, trailer: dict[str, str]) -> None:
    while not lines.is_at_end() and (line := lines.line()):
        name, _, value = line.decode("latin-1").partition(":")
        trailer[name.strip().lower()] = value.strip()


def _size(line: bytes) -> int:
    size = _SIZE.fullmatch(line.partition(b";")[0].strip())
    if size is None:
        raise BodyError("InvalidRequest", "A chunk does not begin with its size.")
    return int(size[0], 16)


def _length(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.strip().isdigit()):
        raise BodyError("InvalidRequest", f"The length {text[:40]!r} is no number of bytes.")
    return int(text)


def _verify(name: str, checksum: _Checksum, value: str) -> None:
    digest = checksum.digest()
    if name == _SIGNED and digest.hex() != value.lower():
        told = "The body is not the one that x-amz-content-sha256 tells; send it again."
        raise BodyError("XAmzContentSHA256Mismatch", told)
    if name != _SIGNED and base64.b64encode(digest).decode() != value:
        told = f"The {name} that you gave does not match the body; send it again."
        raise BodyError("BadDigest", told)
