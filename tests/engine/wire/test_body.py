"""Bodies in all their forms: lengths, chunks, AWS's chunks with trailers, checksums."""

from __future__ import annotations

import base64
import hashlib
import io
import zlib
from email.message import Message

import pytest
from sagemaker_local.wire.body import Body, BodyError

CONTENT = b"what is in it" * 100


def body(raw: bytes, **headers: str) -> Body:
    message = Message()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return Body(io.BytesIO(raw), message)


def chunked(content: bytes, size: int, end: bytes = b"\r\n", more: bytes = b"") -> bytes:
    """Chunks as HTTP and as AWS's clients write them; ``end`` follows the last one."""
    parts = [content[start : start + size] for start in range(0, len(content), size)]
    written = [b"%x%s\r\n%s\r\n" % (len(part), more, part) for part in [*parts, b""]]
    return b"".join(written[:-1]) + b"0" + more + b"\r\n" + end


def crc32(content: bytes) -> str:
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


def test_a_length() -> None:
    found = body(CONTENT + b"the next request", Content_Length=str(len(CONTENT)))
    assert found.read(10_000) == CONTENT and found.is_spent


def test_no_body() -> None:
    found = body(b"the next request")
    assert found.is_spent and not found.has_length and found.read(10) == b""


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_chunks_of_http(size: int) -> None:
    raw = chunked(CONTENT, size)
    found = body(raw + b"next", Transfer_Encoding="chunked")
    assert found.read(10_000) == CONTENT and found.is_spent
    signed = chunked(CONTENT, size, more=b";chunk-signature=" + b"0" * 64)
    assert body(signed, Transfer_Encoding="chunked").read(10_000) == CONTENT


@pytest.mark.parametrize("outer", ["length", "chunks"])
@pytest.mark.parametrize("signed", [False, True])
def test_chunks_of_aws_with_a_trailer(outer: str, signed: bool) -> None:
    """As boto3 sends them over TLS, and clients that sign each chunk."""
    trailer = f"x-amz-checksum-crc32:{crc32(CONTENT)}\r\n\r\n".encode()
    more = b";chunk-signature=" + b"0" * 64 if signed else b""
    raw = chunked(CONTENT, 64, trailer, more)
    headers = {
        "X-Amz-Decoded-Content-Length": str(len(CONTENT)),
        "X-Amz-Trailer": "x-amz-checksum-crc32",
        "X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    }
    if outer == "chunks":
        raw, headers["Transfer-Encoding"] = chunked(raw, 50), "chunked"
        headers["Content-Encoding"] = "gzip,aws-chunked"
    else:
        headers["Content-Length"] = str(len(raw))
    assert body(raw, **headers).read(10_000) == CONTENT
    wrong = raw.replace(crc32(CONTENT)[:4].encode(), b"AAAA")
    if wrong != raw:
        with pytest.raises(BodyError) as refused:
            body(wrong, **headers).read(10_000)
        assert refused.value.code == "BadDigest"


@pytest.mark.parametrize(
    ("header", "value", "code"),
    [
        ("Content-MD5", base64.b64encode(hashlib.md5(CONTENT).digest()).decode(), "BadDigest"),
        ("x-amz-checksum-crc32", crc32(CONTENT), "BadDigest"),
        (
            "x-amz-checksum-sha256",
            base64.b64encode(hashlib.sha256(CONTENT).digest()).decode(),
            "BadDigest",
        ),
        (
            "x-amz-content-sha256",
            hashlib.sha256(CONTENT).hexdigest(),
            "XAmzContentSHA256Mismatch",
        ),
    ],
)
def test_checksums_are_verified(header: str, value: str, code: str) -> None:
    length = {"Content-Length": str(len(CONTENT)), header: value}
    assert body(CONTENT, **length).read(10_000) == CONTENT
    with pytest.raises(BodyError) as refused:
        body(CONTENT.upper(), **length).read(10_000)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("raw", "headers", "code"),
    [
        (b"short", {"Content-Length": "6"}, "IncompleteBody"),
        (b"5\r\nshor", {"Transfer-Encoding": "chunked"}, "IncompleteBody"),
        (b"5\r\nshort\r\n", {"Transfer-Encoding": "chunked"}, "IncompleteBody"),
        (b"zz\r\nshort\r\n", {"Transfer-Encoding": "chunked"}, "InvalidRequest"),
        (b"-5\r\nshort\r\n", {"Transfer-Encoding": "chunked"}, "InvalidRequest"),
        (b"1" * 20_000, {"Transfer-Encoding": "chunked"}, "InvalidRequest"),
        (b"long enough", {"Content-Length": "11", "X-Limit": "10"}, "RequestEntityTooLarge"),
        (
            b"3\r\nabc\r\n0\r\n\r\n",
            {
                "Content-Length": "13",
                "Content-Encoding": "aws-chunked",
                "X-Amz-Decoded-Content-Length": "4",
            },
            "IncompleteBody",
        ),
    ],
)
def test_what_is_refused(raw: bytes, headers: dict[str, str], code: str) -> None:
    limit = int(headers.get("X-Limit", "100000"))
    with pytest.raises(BodyError) as refused:
        body(raw, **headers).read(limit)
    assert refused.value.code == code


@pytest.mark.parametrize("length", ["-1", "many", "1.5", "1_0", "٣"])
def test_a_length_that_is_no_number(length: str) -> None:
    with pytest.raises(BodyError):
        body(b"", Content_Length=length)


def test_what_is_not_read_is_drained() -> None:
    found = body(CONTENT, Content_Length=str(len(CONTENT)))
    next(found.parts())
    found.drain()
    assert found.is_spent
    cut = body(b"cut", Content_Length="9")
    cut.drain()
    assert not cut.is_spent
