"""The logs of endpoints, as CloudWatch has them: a group for each, and streams of its variants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GROUP = "/aws/sagemaker/Endpoints/"
_NAME = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True)
class LogStream:
    """``<variant>/<deployment>``: what a variant's processes printed, while this was deployed.

    Attributes:
        name: of the stream.
        file: the log.
        created: milliseconds since the epoch.
    """

    name: str
    file: Path
    created: int


def streams(folder: Path, group: str, prefix: str = "") -> list[LogStream]:
    """The streams of an endpoint, oldest first; also of one that is deleted.

    Args:
        folder: of endpoints' files.
        group: ``/aws/sagemaker/Endpoints/<endpoint>``.
        prefix: of the streams' names.
    """
    name = group.removeprefix(GROUP).lower()
    if not _NAME.fullmatch(name):
        return []
    found = sorted(_all(folder / name), key=lambda item: item.created)
    return [stream for stream in found if stream.name.startswith(prefix)]


def _all(endpoint: Path) -> Iterator[LogStream]:
    for log in endpoint.glob("*/*/job.log"):
        name = f"{log.parent.name}/{log.parents[1].name}"
        created = log.parents[1].stat().st_ctime
        yield LogStream(name, log, round(created * 1000))
