"""New captures of endpoints of this machine, looked at once in a window, as by a schedule."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from .. import paths
from ..s3 import bucket_and_key
from .work import Known, Words, Work

ITEM = "captures of "  # how the names of these items begin; those of files are paths
# The end of a captured object's key: year, month, day, hour, and the time of its first request.
MOMENT = re.compile(r"(\d{4})/(\d\d)/(\d\d)/(\d\d)/(\d\d)-(\d\d)-\d{3}-[^/]*$")


@dataclass
class Captures:
    """Endpoints that are looked at.

    Attributes:
        keys: gives the keys of what each endpoint that captures has captured, the oldest first.
        commands: what to do with an endpoint's captures.
        window: so long after the first request that nobody has looked at.
        now: the time.
    """

    keys: Callable[[], Mapping[str, Sequence[str]]]
    commands: Callable[[str], Sequence[Words]]
    window: timedelta
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def look(self, known: Known) -> Sequence[Work]:
        """Work of the endpoints of which a window is over."""
        work = []
        for endpoint, keys in self.keys().items():
            item = f"{ITEM}{endpoint}"
            newest, mark = keys[-1], known.mark(item)
            first = next((key for key in keys if key > mark), newest)
            if known.is_new(item, newest) and self.now() - moment_of(first) >= self.window:
                do = partial(self.commands, endpoint)
                work.append(Work(pipeline_of(endpoint), {item: newest}, do))
        return work


def moment_of(key: str) -> datetime:
    """When the first request of a captured object came; long ago, where its key does not say."""
    found = MOMENT.search(key)
    if not found:
        return datetime.min.replace(tzinfo=UTC)
    year, month, day, hour, minute, second = map(int, found.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def pipeline_of(endpoint: str) -> str:
    """The pipeline that watches an endpoint, as the watch calls it."""
    return f"monitor-{endpoint}"


@dataclass
class LocalEndpoints:
    """The captured objects of the local session's endpoints; it is opened when there are some."""

    _session: Any = None

    def __call__(self) -> Mapping[str, Sequence[str]]:
        """Keys by endpoint, the oldest first; endpoints without any are left out."""
        if not (paths.LOCAL_ROOT / "endpoints").is_dir():
            return {}
        self._open()
        found = {name: self._keys(name) for name in self._names()}
        return {name: keys for name, keys in found.items() if keys}

    def _open(self) -> None:
        if self._session is None:
            from ..sessions.open import open_session

            self._session = open_session("local", warm=False)

    def _names(self) -> list[str]:
        pages = self._session.sagemaker_client.get_paginator("list_endpoints").paginate()
        return [item["EndpointName"] for page in pages for item in page["Endpoints"]]

    def _keys(self, endpoint: str) -> list[str]:
        from ..deployments import hosting, states

        client = self._session.sagemaker_client
        found = states.state(client, endpoint)
        hosted = hosting.of_configuration(client, found.configuration) if found else None
        if not hosted or not hosted.capture_percentage:
            return []
        bucket, folder = bucket_and_key(hosted.capture_uri)
        prefix = f"{folder.rstrip('/')}/{endpoint}/{hosting.VARIANT}/"
        return sorted(self._session.list_s3_files(bucket, prefix))
