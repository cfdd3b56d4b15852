"""Where a bucket and a key are on the disk, and which names a folder cannot have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sagemaker_local.errors import LocalError
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.wire.messages import WireError
from sagemaker_local.wire.s3.errors import invalid, no_such_bucket, no_such_key

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEY_BYTES = 1024
_NAME_BYTES = 255


@dataclass(frozen=True)
class Place:
    """A key of a bucket.

    Attributes:
        bucket: its name.
        key: ends in a slash for what S3's consoles call a folder.
        path: where its file is, or would be.
    """

    bucket: str
    key: str
    path: Path

    @property
    def uri(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def is_folder(self) -> bool:
        return self.key.endswith("/")

    def existing(self) -> Path:
        """Where its file is.

        Raises:
            WireError: there is none.
        """
        if not self.path.is_file():
            raise no_such_key(self.key)
        return self.path


@dataclass(frozen=True)
class Places:
    """All buckets below a folder."""

    buckets: Bucket

    @property
    def root(self) -> Path:
        return self.buckets.root

    def names(self) -> list[str]:
        """Names of all buckets, sorted."""
        found = self.root.iterdir() if self.root.is_dir() else ()
        return sorted(
            p.name for p in found if _BUCKET_NAME.fullmatch(p.name) and self._is_inside(p)
        )

    def new_bucket(self, name: str) -> Path:
        """Where a bucket would be.

        Raises:
            WireError: the name is none.
        """
        if not _BUCKET_NAME.fullmatch(name):
            told = "3 to 63 lower-case letters, digits, dots and hyphens"
            raise invalid(f"{name[:80]!r} is no name of a bucket: it has {told}.")
        return self.root / name

    def bucket(self, name: str) -> Path:
        """Where a bucket is.

        Raises:
            WireError: there is none of that name.
        """
        if not _BUCKET_NAME.fullmatch(name) or not self._is_inside(self.root / name):
            raise no_such_bucket(name)
        return self.root / name

    def _is_inside(self, path: Path) -> bool:
        return path.is_dir() and path.resolve().is_relative_to(self.root.resolve())

    def place(self, bucket: str, key: str) -> Place:
        """Where a key is.

        Raises:
            WireError: there is no such bucket, or a folder cannot have a file of this name.
        """
        self.bucket(bucket)
        _check(key)
        try:
            return Place(bucket, key, self.buckets.path(f"s3://{bucket}/{key}"))
        except LocalError as error:  # a link that leads out
            raise invalid(str(error)) from error


def _check(key: str) -> None:
    if len(key.encode()) > _KEY_BYTES:
        raise invalid(f"The key {key[:40]!r}... is longer than {_KEY_BYTES} bytes.")
    names = key.removesuffix("/").split("/")
    if "\0" in key or {"", ".", ".."} & set(names):
        raise _unstorable(key, "empty, '.' or '..'")
    if any(len(name.encode()) > _NAME_BYTES for name in names):
        raise _unstorable(key, f"longer than {_NAME_BYTES} bytes")


def _unstorable(key: str, what: str) -> WireError:
    return invalid(
        f"The key {key[:80]!r} cannot be stored: a local bucket is a folder, so that no part of a "
        f"key between slashes may be {what}; choose another key."
    )
