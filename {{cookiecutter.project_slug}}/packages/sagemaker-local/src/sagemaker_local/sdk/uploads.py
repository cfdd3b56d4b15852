"""Uploads of local and managed sessions: at the prefix that a caller asks for, or by content.

The SDK stages code below ``<job name with a time stamp>/input/<channel>``. A session with this
mixin puts it below ``<channel>/<digest of the content>``: two builds of a pipeline give the same
definition, a managed step cache hits when nothing changed, and what is stored under a key never
changes. ``upload_content`` is the same for anybody's files.
"""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from sagemaker_local.errors import LocalError
from sagemaker_local.storage.content import Digests, files_below

_SDK = "sagemaker."
# Its scripts and workspaces are asked for again by the prefix at which they were to be put.
_BY_PREFIX = "sagemaker.core.remote_function"
# What a caller's own uploads go through as well.
_IN_BETWEEN = (
    "sagemaker.core.s3",
    "sagemaker.core.telemetry",
    "functools",
    "contextlib",
    "pydantic",
)


class ContentUploads:
    """Mixin for a SageMaker session: decides the key, and leaves the copying to ``_put``."""

    default_bucket_prefix: str | None
    digests = Digests()

    if TYPE_CHECKING:  # the session's own; defined here it would hide that one

        def default_bucket(self) -> str: ...

    def _put(self, path: Path, bucket: str, prefix: str) -> None:
        """Copy a file or folder below ``s3://<bucket>/<prefix>/``; do nothing if it is there."""
        raise NotImplementedError

    def _upload(self, path: Any, bucket: str | None, prefix: str, *options: Any) -> str:
        """What the SDK's own session does; ``options`` are its last two arguments."""
        return str(super().upload_data(path, bucket, prefix, *options))  # type: ignore[misc]

    def upload_data(
        self,
        path: str | Path,
        bucket: str | None = None,
        key_prefix: str = "data",
        callback: Any = None,
        extra_args: Any = None,
    ) -> str:
        """Upload a file or a folder; the signature, and what it does, are the SDK's.

        What the SDK itself stages is put below a digest; see ``upload_content``.

        Args:
            path: the file or folder.
            bucket: the session's default bucket if None.
            key_prefix: below which it goes; what is there is replaced.
            callback: told how many bytes went up, as often as boto3 likes; here once a file.
            extra_args: of the upload to AWS; here without effect.

        Returns:
            The S3 URI of the file, or of the prefix that holds the folder's files.

        Raises:
            LocalError: there is no such file, or the folder is empty.
        """
        if _is_staged():
            return self.upload_content(path, bucket, key_prefix)
        _refuse_nothing(Path(path))
        return self._upload(path, bucket, key_prefix, callback, extra_args)

    def upload_content(
        self, path: str | Path, bucket: str | None = None, key_prefix: str = "data"
    ) -> str:
        """Upload a file or a folder below a digest of its content.

        Args:
            path: the file or folder.
            bucket: the session's default bucket if None.
            key_prefix: its last part names the kind of content (``data``, ``code``); a digest
                follows it.

        Returns:
            The S3 URI of the file, or of the prefix that holds the folder's files.

        Raises:
            LocalError: there is no such file, or the folder is empty.
        """
        source = Path(path)
        _refuse_nothing(source)
        kind = PurePosixPath(key_prefix).name or "data"
        parts = [self.default_bucket_prefix, kind, self.digests.of(source)]
        prefix = "/".join(part for part in parts if part)
        target = bucket or self.default_bucket()
        self._put(source, target, prefix)
        tail = f"/{source.name}" if source.is_file() else ""
        return f"s3://{target}/{prefix}{tail}"


def _refuse_nothing(source: Path) -> None:
    if next(files_below(source), None) is None:
        raise LocalError(f"There is nothing to upload at {source}; give a file or a folder.")


def _is_staged() -> bool:
    """Does the SDK call, and not a person's code, by itself or through the SDK's uploader?"""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name != __name__ and not name.startswith(_IN_BETWEEN):
            return name.startswith(_SDK) and not name.startswith(_BY_PREFIX)
        frame = frame.f_back
    return False
