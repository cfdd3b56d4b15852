"""Multipart uploads: parts wait beside the buckets to be put together, also over a restart.

Each upload is a folder ``.uploads/<id>`` with ``upload.json`` and a file for each part, which is
named by its number and its MD5.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sagemaker_local.storage import disk
from sagemaker_local.wire.messages import WireError
from sagemaker_local.wire.s3.errors import invalid, no_such_upload
from sagemaker_local.wire.s3.places import Place

_FOLDER = ".uploads"
_ABOUT = "upload.json"
_ID = re.compile(r"[0-9a-f]{32}")
_CHUNK = 1 << 20
_SMALLEST_BYTES = 5 << 20
_MOST_PARTS = 10_000


@dataclass(frozen=True)
class Part:
    """One of the parts that make an object.

    Attributes:
        number: from 1 on.
        etag: as the client was told.
    """

    number: int
    etag: str


@dataclass(frozen=True)
class Upload:
    """Parts of an object that are being collected.

    Attributes:
        folder: where they are.
        headers: that were given with the object.
    """

    folder: Path
    headers: dict[str, str]

    def put(self, number: int, parts: Iterator[bytes]) -> str:
        """Keep a part; gives its ETag.

        Raises:
            BodyError: the body is not what its checksums say.
            DiskFull: there is no room for it.
        """
        if not 1 <= number <= _MOST_PARTS:
            raise invalid(f"partNumber is {number}; it is from 1 to {_MOST_PARTS}.")
        md5 = hashlib.md5(usedforsecurity=False)
        unfinished = self.folder / f".{number:05d}-{secrets.token_hex(4)}"
        try:
            with disk.explained(self.folder), unfinished.open("wb") as file:
                for part in parts:
                    md5.update(part)
                    file.write(part)
            unfinished.replace(self._part(number, md5.hexdigest()))
        finally:
            unfinished.unlink(missing_ok=True)
        for other in self.folder.glob(f"{number:05d}.*"):
            if other != self._part(number, md5.hexdigest()):
                other.unlink(missing_ok=True)
        return f'"{md5.hexdigest()}"'

    def content(self, wanted: Sequence[Part]) -> Iterator[bytes]:
        """The parts, one after the other.

        Raises:
            WireError: one is not there, or they are in the wrong order, or too small.
        """
        numbers = [part.number for part in wanted]
        if numbers != sorted(set(numbers)):
            raise WireError("InvalidPartOrder", "The parts are not in the order of their numbers.")
        files = [self._existing(part) for part in wanted]
        for part, file in list(zip(wanted, files, strict=True))[:-1]:
            if file.stat().st_size < _SMALLEST_BYTES:
                told = f"Part {part.number} has less than {_SMALLEST_BYTES:,} bytes."
                raise WireError("EntityTooSmall", f"{told} Only the last one may.")
        return _read(files)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _existing(self, part: Part) -> Path:
        file = self._part(part.number, part.etag.strip('"'))
        if not _ID.fullmatch(part.etag.strip('"')) or not file.is_file():
            told = f"Part {part.number} with the ETag {part.etag[:40]} was not uploaded."
            raise WireError("InvalidPart", told)
        return file

    def _part(self, number: int, md5: str) -> Path:
        return self.folder / f"{number:05d}.{md5}"


@dataclass(frozen=True)
class Uploads:
    """All uploads of a root.

    Attributes:
        root: the folder of the buckets.
    """

    root: Path

    def begin(self, place: Place, headers: dict[str, str]) -> str:
        """Begin one; gives its identifier."""
        identity = secrets.token_hex(16)
        folder = self.root / _FOLDER / identity
        folder.mkdir(parents=True)
        about = {"bucket": place.bucket, "key": place.key, "headers": headers}
        (folder / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        return identity

    def find(self, place: Place, identity: str) -> Upload:
        """One that was begun.

        Raises:
            WireError: there is none of this identifier for this object.
        """
        folder = self.root / _FOLDER / identity
        if not _ID.fullmatch(identity) or not (folder / _ABOUT).is_file():
            raise no_such_upload(identity)
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        if (about["bucket"], about["key"]) != (place.bucket, place.key):
            raise no_such_upload(identity)
        return Upload(folder, about["headers"])


def _read(files: Sequence[Path]) -> Iterator[bytes]:
    for file in files:
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                yield chunk
