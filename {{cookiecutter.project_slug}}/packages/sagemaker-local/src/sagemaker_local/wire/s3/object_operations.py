"""Operations on objects: read, written, copied, deleted, and put together of parts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from sagemaker_local.wire.messages import Answer, Request, WireError
from sagemaker_local.wire.s3 import headers, xml
from sagemaker_local.wire.s3.errors import invalid, malformed_xml
from sagemaker_local.wire.s3.objects import Objects
from sagemaker_local.wire.s3.places import Place
from sagemaker_local.wire.s3.uploads import Part, Upload, Uploads
from sagemaker_local.wire.s3.xml import Child

_LIMIT_BYTES = 2 << 20
_SOURCE = "x-amz-copy-source"
_RANGE = re.compile(r"bytes=(\d+)-(\d+)")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class ObjectOperations:
    """All objects of a session.

    Attributes:
        objects: the files.
        uploads: what comes in parts.
    """

    objects: Objects
    uploads: Uploads

    def get(self, request: Request, place: Place) -> Answer:
        return self.objects.get(place, request, with_body=True)

    def head(self, request: Request, place: Place) -> Answer:
        return self.objects.get(place, request, with_body=False)

    def put(self, request: Request, place: Place) -> Answer:
        if request.header(_SOURCE):
            return self._copy(request, place)
        self._check_length(request)
        self.objects.verify(place, request)
        etag = self.objects.put(place, request.body.parts())
        if not place.is_folder:
            self.objects.kept.keep(place.path, headers.given(request))
        return Answer(200, {"ETag": etag})

    def delete(self, _: Request, place: Place) -> Answer:
        self.objects.delete(place)
        return Answer(204)

    def tagging(self, _: Request, place: Place) -> Answer:
        """None; the AWS CLI asks before it copies a large object."""
        place.existing()
        return xml.document("Tagging", [("TagSet", [])])

    def begin_upload(self, request: Request, place: Place) -> Answer:
        request.body.read(_LIMIT_BYTES)
        identity = self.uploads.begin(place, headers.given(request))
        named: list[Child] = [("Bucket", place.bucket), ("Key", place.key)]
        return xml.document("InitiateMultipartUploadResult", [*named, ("UploadId", identity)])

    def put_part(self, request: Request, place: Place) -> Answer:
        upload = self._upload(request, place)
        number = request.query.get("partNumber", "")
        if not (number.isascii() and number.isdigit()):
            raise invalid(f"partNumber is {number[:40]!r}, and should be a number.")
        copied = request.header(_SOURCE)
        if copied:
            etag = upload.put(int(number), self._copied_part(request))
            told: list[Child] = [("ETag", etag), ("LastModified", xml.moment(time.time()))]
            return xml.document("CopyPartResult", told)
        self._check_length(request)
        return Answer(200, {"ETag": upload.put(int(number), request.body.parts())})

    def complete_upload(self, request: Request, place: Place) -> Answer:
        root = xml.read(request.body.read(_LIMIT_BYTES), "CompleteMultipartUpload")
        upload = self._upload(request, place)
        parts = [
            Part(_number(item.findtext("PartNumber")), item.findtext("ETag") or "")
            for item in root.findall("Part")
        ]
        if not parts:
            raise malformed_xml("An upload is completed of one part or more.")
        self.objects.verify(place, request)
        etag = self.objects.put(place, upload.content(parts))
        self.objects.kept.keep(place.path, upload.headers)
        upload.remove()
        where: list[Child] = [("Location", f"/{place.bucket}/{place.key}")]
        where += [("Bucket", place.bucket), ("Key", place.key), ("ETag", etag)]
        return xml.document("CompleteMultipartUploadResult", where)

    def abort_upload(self, request: Request, place: Place) -> Answer:
        self._upload(request, place).remove()
        return Answer(204)

    def _upload(self, request: Request, place: Place) -> Upload:
        return self.uploads.find(place, request.query.get("uploadId", ""))

    def _copy(self, request: Request, place: Place) -> Answer:
        source = self._source(request)
        replaced = request.header("x-amz-metadata-directive") == "REPLACE"
        kept = headers.given(request) if replaced else self.objects.kept.of(source.existing())
        file = self.objects.copy(source, place)
        self.objects.kept.keep(file, kept)
        moment = xml.moment(file.stat().st_mtime)
        etag = self.objects.etag(file)
        return xml.document("CopyObjectResult", [("ETag", etag), ("LastModified", moment)])

    def _source(self, request: Request) -> Place:
        """The object that a copy is made of.

        Raises:
            WireError: there is none, or it is not as a condition wants it.
        """
        path, _, version = request.header(_SOURCE).partition("?versionId=")
        bucket, _, key = unquote(path).removeprefix("/").partition("/")
        if version not in ("", "null"):
            raise WireError("NoSuchVersion", "A local bucket keeps no versions.", 404)
        source = self.objects.places.place(bucket, key)
        source.existing()
        self.objects.verify(source, request, f"{_SOURCE}-")
        return source

    def _copied_part(self, request: Request) -> Iterator[bytes]:
        file = self._source(request).existing()
        header = request.header("x-amz-copy-source-range")
        first, last = 0, file.stat().st_size - 1
        if header:
            found = _RANGE.fullmatch(header)
            if found is None or not int(found[1]) <= int(found[2]) <= last:
                raise invalid(f"x-amz-copy-source-range is {header[:60]!r}, and is no part of it.")
            first, last = int(found[1]), int(found[2])
        return _read(file, first, last + 1 - first)

    def _check_length(self, request: Request) -> None:
        if not request.body.has_length:
            raise WireError("MissingContentLength", "Say the body's length by a header.", 411)


def _read(file: Path, start: int, length: int) -> Iterator[bytes]:
    with file.open("rb") as stream:
        stream.seek(start)
        while length and (chunk := stream.read(min(_CHUNK, length))):
            length -= len(chunk)
            yield chunk


def _number(text: str | None) -> int:
    if not (text or "").isdigit():
        raise malformed_xml(f"A part's number is {text!r}.")
    return int(text or "")
