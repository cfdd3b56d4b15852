"""Uploads under a prefix made of their content, for local and managed sessions alike.

The SDK stages code below ``<job name with a time stamp>/input/<channel>``. A session with this
mixin puts it below ``<channel>/<digest of the content>``: two builds of a pipeline give the same
definition, a managed step cache hits when nothing changed, and what is stored under a key never
changes.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from sagemaker_local.errors import LocalError
from sagemaker_local.storage.content import Digests, files_below


class ContentUploads:
    """Mixin for a SageMaker session: decides the key, and leaves the copying to ``_put``."""

    default_bucket_prefix: str | None
    digests = Digests()

    if TYPE_CHECKING:  # the session's own; defined here it would hide that one

        def default_bucket(self) -> str: ...

    def _put(self, path: Path, bucket: str, prefix: str) -> None:
        """Copy a file or folder below ``s3://<bucket>/<prefix>/``; do nothing if it is there."""
        raise NotImplementedError

    def upload_data(
        self,
        path: str | Path,
        bucket: str | None = None,
        key_prefix: str = "data",
        callback: Any = None,
        extra_args: Any = None,
    ) -> str:
        """Upload a file or a folder; the signature is the SDK's.

        Args:
            path: the file or folder.
            bucket: the session's default bucket if None.
            key_prefix: its last part names the kind of content (``data``, ``code``); a digest
                follows it.
            callback: accepted for the SDK's sake, without effect.
            extra_args: accepted for the SDK's sake, without effect.

        Returns:
            The S3 URI of the file, or of the prefix that holds the folder's files.

        Raises:
            LocalError: there is no such file, or the folder is empty.
        """
        source = Path(path)
        if next(files_below(source), None) is None:
            raise LocalError(f"There is nothing to upload at {source}; give a file or a folder.")
        kind = PurePosixPath(key_prefix).name or "data"
        parts = [self.default_bucket_prefix, kind, self.digests.of(source)]
        prefix = "/".join(part for part in parts if part)
        target = bucket or self.default_bucket()
        self._put(source, target, prefix)
        tail = f"/{source.name}" if source.is_file() else ""
        return f"s3://{target}/{prefix}{tail}"
