"""Checkpoints of a training job: in its folder from the start on, and in the bucket at its end.

The service copies them to the bucket while the job runs, so that a job that fails or is stopped
leaves its own, too; here they are copied once it has ended, in whatever way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sagemaker_local.definition.expressions import function_of
from sagemaker_local.jobs import links
from sagemaker_local.jobs.hosts import Host
from sagemaker_local.storage.bucket import Bucket, copy_files
from sagemaker_local.storage.content import files_below

FOLDER = "/opt/ml/checkpoints"
_ROOT = "/opt/ml/"


def refusals(request: Mapping[str, Any]) -> Iterator[str]:
    """Why a request's checkpoints cannot be kept."""
    path = (request.get("CheckpointConfig") or {}).get("LocalPath", FOLDER)
    if function_of(path) is None and (
        not str(path).startswith(_ROOT) or ".." in str(path).split("/")
    ):
        yield f"CheckpointConfig.LocalPath {path!r} is not below {_ROOT}"


@contextmanager
def kept(job: Mapping[str, Any], hosts: Sequence[Host], bucket: Bucket) -> Iterator[None]:
    """Give every host the checkpoints that are in the bucket, and put back what they leave.

    Raises:
        LocalError: the bucket's place is none, or has no room.
    """
    config = job.get("CheckpointConfig")
    if not config:
        yield
        return
    source, path = bucket.path(config["S3Uri"]), config.get("LocalPath", FOLDER)
    folders = [host.folder.here(path) for host in hosts]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            copy_files(source, folder)
    try:
        yield
    finally:
        for host in hosts:
            links.repoint(host.folder, path)
        for folder in filter(_has_files, folders):
            bucket.upload(folder, config["S3Uri"])


def of_trial(definition: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The member of a tuning job's training job: each has a place of its own."""
    config = definition.get("CheckpointConfig")
    if not config:
        return {}
    return {"CheckpointConfig": {**config, "S3Uri": f"{config['S3Uri'].rstrip('/')}/{name}"}}


def _has_files(folder: Path) -> bool:
    return next(files_below(folder), None) is not None
