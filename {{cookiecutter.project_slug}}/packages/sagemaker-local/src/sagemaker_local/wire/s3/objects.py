"""Objects as files: written whole or not at all, read in parts, copied, deleted."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from sagemaker_local.errors import DiskFull, LocalError
from sagemaker_local.storage.content import Digests
from sagemaker_local.wire.messages import Answer, Request, WireError
from sagemaker_local.wire.s3.errors import invalid, precondition_failed
from sagemaker_local.wire.s3.headers import KeptHeaders
from sagemaker_local.wire.s3.places import Place, Places

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_TYPE = "binary/octet-stream"
_MATCH, _NONE_MATCH = "If-Match", "If-None-Match"


@dataclass(frozen=True)
class Objects:
    """All objects of all buckets.

    Attributes:
        places: where they are.
        digests: remembers their ETags.
        kept: headers that were given with them.
    """

    places: Places
    digests: Digests
    kept: KeptHeaders

    def etag(self, file: Path) -> str:
        """With its quotation marks; of an object that came in parts too, the MD5 of its bytes."""
        return f'"{self.digests.md5(file)}"'

    def put(self, place: Place, parts: Iterator[bytes]) -> str:
        """Write an object; gives its ETag.

        Raises:
            BodyError: the body is not what its checksums say; nothing is there then.
            WireError: an object has the name of a folder on its way, or the other way round.
        """
        if place.is_folder:
            return self._make_folder(place, parts)
        self._remove_empty(place.path)
        md5 = hashlib.md5(usedforsecurity=False)
        with (
            _refused(),
            self.places.buckets.replacing(place.uri) as temporary,
            temporary.open("wb") as file,
        ):
            for part in parts:
                md5.update(part)
                file.write(part)
        return f'"{md5.hexdigest()}"'

    def copy(self, source: Place, target: Place) -> Path:
        """Copy an object; gives the copy's file."""
        self._remove_empty(target.path)
        with _refused():
            self.places.buckets.upload(source.existing(), target.uri)
        return target.path

    def get(self, place: Place, request: Request, with_body: bool) -> Answer:
        """An object, or the part of it that a ``Range`` names.

        Raises:
            WireError: there is none, or it is not as a condition wants it.
        """
        if place.is_folder and place.path.is_dir():
            return Answer(200, {"Content-Type": "application/x-directory"})
        file = place.existing()
        etag = self.etag(file)
        broken = _broken(request, etag)
        if broken == _NONE_MATCH:
            return Answer(304, {"ETag": etag})
        if broken:
            raise precondition_failed(broken)
        size = file.stat().st_size
        start, length, ranged = _part(request.header("Range"), size)
        headers = self._headers(file, etag) | _overrides(request)
        if ranged:
            headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{size}"
        stream = file.open("rb") if with_body else None
        if stream is not None:
            stream.seek(start)
        return Answer(206 if ranged else 200, headers, file=stream, length=length)

    def delete(self, place: Place) -> None:
        """Delete an object, and folders that are empty then; one that is not there is no error."""
        if place.is_folder:
            _removed(place.path)
        elif not place.path.is_dir():
            with suppress(FileNotFoundError, NotADirectoryError):
                place.path.unlink()
        bucket = self.places.root / place.bucket
        for folder in place.path.parents:
            if folder == bucket or not _removed(folder):
                return

    def verify(self, place: Place, request: Request, prefix: str = "") -> None:
        """Refuse what an object does not allow.

        Args:
            place: its.
            request: has the conditions.
            prefix: of their headers.

        Raises:
            WireError: a condition does not hold.
        """
        etag = self.etag(place.path) if place.path.is_file() else ""
        if broken := _broken(request, etag, prefix):
            raise precondition_failed(broken)

    def _headers(self, file: Path, etag: str) -> dict[str, str]:
        guessed = mimetypes.guess_type(file.name)[0] or _TYPE
        return {
            "Accept-Ranges": "bytes",
            "Content-Type": guessed,
            "ETag": etag,
            "Last-Modified": formatdate(file.stat().st_mtime, usegmt=True),
            **self.kept.of(file),
        }

    def _make_folder(self, place: Place, parts: Iterator[bytes]) -> str:
        if any(parts):
            raise invalid(
                f"The key {place.key[:80]!r} ends in a slash and is a folder, which has no bytes."
            )
        try:
            place.path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise WireError("InvalidRequest", f"{place.uri} is an object, not a folder.") from error
        return f'"{hashlib.md5(usedforsecurity=False).hexdigest()}"'

    def _remove_empty(self, path: Path) -> None:
        """A folder without objects is none in S3, and does not keep an object from its place."""
        if path.is_dir():
            for folder, _, _ in os.walk(path, topdown=False):
                _removed(Path(folder))


@contextmanager
def _refused() -> Iterator[None]:
    """Tell what the bucket refuses as S3 would."""
    try:
        yield
    except DiskFull:
        raise
    except LocalError as error:
        raise WireError("InvalidRequest", str(error)) from error


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def _broken(request: Request, etag: str, prefix: str = "") -> str:
    """The condition that does not hold; empty: all do."""
    match = request.header(f"{prefix}{_MATCH}")
    if match and not _matches(match, etag):
        return _MATCH
    none_match = request.header(f"{prefix}{_NONE_MATCH}")
    return _NONE_MATCH if none_match and _matches(none_match, etag) else ""


def _matches(given: str, etag: str) -> bool:
    wanted = {item.strip().removeprefix("W/").strip('"') for item in given.split(",")}
    return bool(etag) and ("*" in wanted or etag.strip('"') in wanted)


def _part(header: str, size: int) -> tuple[int, int, bool]:
    """Where a part begins, how long it is, and whether it is a part at all."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or not any(found.groups()):
        return 0, size, False
    first, last = found.groups()
    if first:
        start, end = int(first), min(int(last or size), size - 1)
        if last and int(last) < int(first):
            return 0, size, False
    else:
        start, end = max(0, size - int(last)), size - 1
    if start > end:
        raise WireError("InvalidRange", f"The object has {size} bytes, and {header} is none.", 416)
    return start, end - start + 1, True


def _overrides(request: Request) -> dict[str, str]:
    """Headers that a presigned address asks for."""
    names = ("content-type", "content-disposition", "content-encoding", "cache-control")
    wanted = {name: request.query.get(f"response-{name}", "") for name in names}
    return {name.title(): value for name, value in wanted.items() if value}
