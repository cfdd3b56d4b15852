"""What each window of an endpoint was like, and what happened besides, for the page over all.

`history.json` has an entry for each window. `events.json`, which the project puts beside it before
a run, has `events` (time, kind, text) and the `traffic` of the endpoint since the last window.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from tabular.values import DataError

MOST = 500  # windows that are kept


@dataclass(frozen=True)
class Traffic:
    """What an endpoint did in some time.

    Attributes:
        since: when it began.
        until: when it ended.
        requests: that were asked.
        client_errors: of these, the caller's mistakes (4xx).
        server_errors: of these, those that failed (5xx).
        p50_ms: what half of them took at most, in milliseconds.
        p99_ms: what 99% of them took at most.
    """

    since: str
    until: str
    requests: int
    client_errors: int
    server_errors: int
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True)
class Event:
    """Something that happened, such as a deployment: when, its kind in a word, and what it was."""

    time: str
    kind: str
    text: str


@dataclass(frozen=True)
class Entry:
    """One window.

    Attributes:
        end: when it ended.
        package: the model package that answered.
        rows: in it.
        drift: the largest effect of each column.
        violations: what was not kept, by column or metric, with its sentence.
        metrics: of the labelled rows.
        bounds: what these metrics had to reach.
        estimated_accuracy: of a classifier, if only the inputs changed.
        traffic: of the endpoint.
        run: the execution that looked at it.
    """

    end: str
    package: str
    rows: int
    drift: Mapping[str, float] = field(default_factory=dict)
    violations: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, float] = field(default_factory=dict)
    estimated_accuracy: float | None = None
    traffic: Traffic | None = None
    run: str = ""


def read(found: Mapping[str, Any]) -> list[Entry]:
    """The entries of a document; DataError where it is none."""
    try:
        return [_entry(each) for each in found["windows"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"history.json is no history ({error}); delete it to begin anew") from None


def _entry(found: Mapping[str, Any]) -> Entry:
    entry = Entry(**found)
    datetime.fromisoformat(entry.end)
    by_name = (entry.drift, entry.violations, entry.metrics, entry.bounds)
    if not all(isinstance(each, dict) for each in by_name) or not isinstance(entry.rows, int):
        raise TypeError(f"the window until {entry.end} lacks something")
    return replace(entry, traffic=Traffic(**found["traffic"])) if entry.traffic else entry


def read_events(found: Mapping[str, Any]) -> tuple[list[Event], Traffic | None]:
    """The events and the traffic of a document; DataError where it is none."""
    try:
        events = [Event(each["time"], each["kind"], each["text"]) for each in found["events"]]
        for each in events:
            datetime.fromisoformat(each.time)
        traffic = found.get("traffic")
        return events, Traffic(**traffic) if traffic else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"events.json is no list of events ({error}); delete it, it is gathered by each run"
        ) from None


def added(entries: Sequence[Entry], new: Entry) -> list[Entry]:
    """With a new window; one that ended at the same time was looked at again, and is replaced."""
    same = [each for each in entries if each.end == new.end]
    others = [each for each in entries if each.end != new.end]
    if new.traffic is None and same:
        new = replace(new, traffic=same[0].traffic)
    return sorted([*others, new], key=lambda each: each.end)[-MOST:]


def document(entries: Sequence[Entry]) -> dict[str, Any]:
    """The plain document."""
    return {"windows": [asdict(each) for each in entries]}
