"""New captures of endpoints of this machine, looked at once in a window, as by a schedule."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from .. import paths
from ..s3 import bucket_and_key
from .work import Known, Words, Work

ITEM = "captures of "  # how the names of these items begin; those of files are paths
BETWEEN = " of "  # the key of the newest object, and how many recent ones there are
BEGINNING = datetime.min.replace(tzinfo=UTC)
Since = Callable[[str], datetime]
# The end of a captured object's key: year, month, day, hour, and the time of its first request.
MOMENT = re.compile(r"(\d{4})/(\d\d)/(\d\d)/(\d\d)/(\d\d)-(\d\d)-\d{3}-[^/]*$")


@dataclass
class Captures:
    """Endpoints that are looked at.

    Attributes:
        keys: gives the keys of what each endpoint that captures has captured, the oldest first; of
            each from a moment on, which it asks for.
        commands: what to do with an endpoint's captures.
        window: so long after the first request that nobody has looked at.
        now: the time.
    """

    keys: Callable[[Since], Mapping[str, Sequence[str]]]
    commands: Callable[[str], Sequence[Words]]
    window: timedelta
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def look(self, known: Known) -> Sequence[Work]:
        """Work of the endpoints of which a window is over."""

        def last(endpoint: str) -> str:
            return known.mark(f"{ITEM}{endpoint}").rpartition(BETWEEN)[0]

        work = []
        for endpoint, keys in self.keys(lambda name: late(last(name))).items():
            item, newest = f"{ITEM}{endpoint}", keys[-1]
            first = next((key for key in keys if key > last(endpoint)), newest)
            mark = f"{newest}{BETWEEN}{sum(moment_of(key) >= late(newest) for key in keys)}"
            if known.is_new(item, mark) and self.now() - moment_of(first) >= self.window:
                do = partial(self.commands, endpoint)
                work.append(Work(pipeline_of(endpoint), {item: mark}, do))
        return work


def late(key: str) -> datetime:
    """The beginning of the hour before a captured object's: later, none comes that is older."""
    moment = moment_of(key)
    if moment == BEGINNING:
        return moment
    return moment.replace(minute=0, second=0) - timedelta(hours=1)


def folders(since: datetime, until: datetime) -> Iterator[str]:
    """The folders of hours, and of whole days, in which there may be objects of a time."""
    while since <= until:
        is_day = since.hour == 0 and since.date() < until.date()
        yield f"{since:%Y/%m/%d/}" if is_day else f"{since:%Y/%m/%d/%H/}"
        since += timedelta(days=1) if is_day else timedelta(hours=1)


def moment_of(key: str) -> datetime:
    """When the first request of a captured object came; long ago, where its key does not say."""
    found = MOMENT.search(key)
    if not found:
        return BEGINNING
    year, month, day, hour, minute, second = map(int, found.groups())
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


def pipeline_of(endpoint: str) -> str:
    """The pipeline that watches an endpoint, as the watch calls it."""
    return f"monitor-{endpoint}"


@dataclass
class LocalEndpoints:
    """The captured objects of the local session's endpoints; it is opened when there are some."""

    _session: Any = None

    def __call__(self, since: Since) -> Mapping[str, Sequence[str]]:
        """Keys by endpoint, the oldest first; endpoints without any are left out.

        Args:
            since: from when on each endpoint's are asked for, so that what was looked at long ago
                is not listed at each look.
        """
        if not (paths.LOCAL_ROOT / "endpoints").is_dir():
            return {}
        self._open()
        found = {name: self._keys(name, since(name)) for name in self._names()}
        return {name: keys for name, keys in found.items() if keys}

    def _open(self) -> None:
        if self._session is None:
            from ..sessions.open import open_session

            self._session = open_session("local", warm=False)

    def _names(self) -> list[str]:
        pages = self._session.sagemaker_client.get_paginator("list_endpoints").paginate()
        return [item["EndpointName"] for page in pages for item in page["Endpoints"]]

    def _keys(self, endpoint: str, since: datetime) -> list[str]:
        from ..deployments import states
        from ..endpoints import captures

        found = states.state(self._session.sagemaker_client, endpoint)
        place = captures.place(self._session, endpoint, found.configuration) if found else None
        if not place or not place.is_on:
            return []
        bucket, folder = bucket_and_key(place.uri)
        below = [""] if since == BEGINNING else folders(since, datetime.now(UTC))
        listed = (self._session.list_s3_files(bucket, f"{folder}/{each}") for each in below)
        return sorted(key for keys in listed for key in keys)
