"""What endpoints leave behind, and nobody needs for ever: captures, metrics, and logs."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sagemaker_local.endpoints.configurations import DESTINATION
from sagemaker_local.endpoints.endpoints import Endpoints
from sagemaker_local.endpoints.metrics import Metrics
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.content import files_below, remove_empty

# <endpoint>/<variant>/yyyy/mm/dd/hh/mm-ss-mmm-<uuid>.jsonl, as ``capture`` writes it.
_CAPTURED = re.compile(
    r"[^/]+/[^/]+/(\d{4})/(\d\d)/(\d\d)/(\d\d)/(\d\d)-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl"
)


@dataclass(frozen=True)
class Pruned:
    """What was removed.

    Attributes:
        captures: objects.
        logs: folders of deployments.
        minutes: of metrics.
        size: bytes of objects and folders.
        names: URIs of the objects, and paths of the folders.
    """

    captures: int
    logs: int
    minutes: int
    size: int
    names: tuple[str, ...] = ()


def prune(
    endpoints: Endpoints,
    metrics: Metrics,
    bucket: Bucket,
    folder: Path,
    before: datetime,
    dry_run: bool = False,
) -> Pruned:
    """Remove captures and metrics of requests before a moment, and logs that were written before.

    Whatever else lies below a capture's destination stays, and the log of what serves.

    Args:
        endpoints: of the state.
        metrics: of the state.
        bucket: has the captures.
        folder: of endpoints' files.
        before: has a zone.
        dry_run: remove nothing, and say what would go; minutes of metrics are not counted then.
    """
    captures = [file for file in _captures(endpoints, bucket) if _moment(file) < before]
    logs = list(_logs(endpoints, folder, before))
    size = sum(file.stat().st_size for log in logs for file, _ in files_below(log))
    size += sum(file.stat().st_size for file in captures)
    uris = (f"s3://{file.relative_to(bucket.root).as_posix()}" for file in captures)
    names = (*uris, *(str(log.relative_to(folder)) for log in logs))
    if dry_run:
        return Pruned(len(captures), len(logs), 0, size, names)
    for file in captures:
        file.unlink()
        remove_empty(file.parent, bucket.root)
    for log in logs:
        shutil.rmtree(log, ignore_errors=True)
        remove_empty(log.parent, folder)
    minutes = metrics.delete_before(before.timestamp())
    return Pruned(len(captures), len(logs), minutes, size, names)


def _captures(endpoints: Endpoints, bucket: Bucket) -> Iterator[Path]:
    """Of every destination that a configuration ever had."""
    rows = endpoints.store.rows("SELECT name FROM resources WHERE kind = ?", DESTINATION)
    for (uri,) in rows:
        place = bucket.path(uri)
        for file, name in files_below(place) if place.is_dir() else ():
            if _CAPTURED.fullmatch(name):
                yield file


def _moment(file: Path) -> datetime:
    found = _CAPTURED.fullmatch("/".join(file.parts[-7:]))
    assert found is not None
    year, month, day, hour, minute = map(int, found.groups())
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def _logs(endpoints: Endpoints, folder: Path, before: datetime) -> Iterator[Path]:
    """Folders of deployments that no endpoint has, and nobody wrote to since."""
    known = endpoints.deployments()
    for deployment in folder.glob("*/*"):
        if deployment.is_dir() and deployment.name not in known:
            times = [file.stat().st_mtime for file, _ in files_below(deployment)]
            if max(times, default=0.0) < before.timestamp():
                yield deployment
