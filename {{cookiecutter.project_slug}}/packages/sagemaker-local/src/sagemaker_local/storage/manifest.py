"""The objects of a job's input: all below a prefix, or those that a manifest lists.

A manifest is JSON: ``[{"prefix": "s3://bucket/some/"}, "path/a", ...]``; an object's URI is the
prefix and then its entry (API reference, S3DataSource). Where a job finds the object below the
input's folder is not said there; here it is at its entry.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

from sagemaker_local.errors import LocalError
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import files_below

MANIFEST = "ManifestFile"


def objects(bucket: Bucket, uri: str, data_type: Any) -> tuple[str, list[tuple[Path, str]]]:
    """An input's objects: each one's file and name; its URI is the text given first, and its name.

    Args:
        bucket: where they are.
        uri: of the prefix, the object or the manifest.
        data_type: ``ManifestFile``, or anything else for a prefix.

    Raises:
        LocalError: nothing is there, the manifest is none, or an object that it names is not there.
    """
    path = bucket.existing(uri)
    if data_type == MANIFEST:
        prefix, names = _read(uri, path)
        return prefix, [(_object(bucket, uri, prefix, name), name) for name in names]
    folder = uri.rpartition("/")[0] if path.is_file() else uri.rstrip("/")
    return f"{folder}/", list(files_below(path))


def _read(uri: str, path: Path) -> tuple[str, list[str]]:
    """The prefix and the entries of a manifest."""
    try:
        first, *names = json.loads(path.read_text(encoding="utf-8"))
        prefix = first["prefix"]
    except (OSError, ValueError, LookupError, TypeError):
        prefix, names = None, []
    if not isinstance(prefix, str) or not all(isinstance(name, str) for name in names):
        raise LocalError(
            f"{uri} is no manifest; it should be a JSON list of an object with the prefix, and of "
            'the rest of each key: [{"prefix": "s3://bucket/folder/"}, "one.csv", "two.csv"]'
        )
    return prefix, names


def _object(bucket: Bucket, manifest: str, prefix: str, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise LocalError(f"The manifest {manifest} names {name!r}, which is no part of a key.")
    path = bucket.path(f"{prefix}{name}")
    if not path.is_file():
        raise LocalError(
            f"The manifest {manifest} names {prefix}{name}, and there is no such object."
        )
    return path
