"""What happened to a watched endpoint besides its windows: deployments, retrainings, its traffic.

The report step sees only what its channels hold, so this is gathered into ``events.json`` of the
state folder before the monitoring pipeline starts, by one call:

    events.gather(sagemaker_session, endpoint_name, "s3://bucket/.../state", until=window_end)

It asks CloudWatch for the errors and latencies since the last window (``until`` of that folder's
``bookmark.json``; ``since=`` for a past window), and lists the deployments that
``deployments.history`` kept and whatever was added here. ``monitor.py report`` takes the file from
``--state``, draws the events into the page over all windows, and keeps the traffic with its window.
For batch results there is no endpoint and nothing to gather.

Who retrains says so by ``events.add(session, endpoint, events.RETRAINED, "run r1: cars/7 waits")``.
"""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .. import s3
from ..deployments import history, states
from ..endpoints import metrics
from ..endpoints.metrics import Traffic

FILE, BOOKMARK = "events.json", "bookmark.json"
# Kinds, besides those of deployments.
RETRAINED, REJECTED, REFUSED = "retrained", "rejected", "not retrained"
FIRST = timedelta(days=1)  # whose traffic a first window gets
KEPT = timedelta(days=450)  # by CloudWatch, nearly
MOST = 500  # events that a page has use for


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        time: in UTC, ISO 8601.
        kind: in a word, such as "deployed" or "retrained"; a page marks each kind.
        text: what it was.
    """

    time: str
    kind: str
    text: str


def add(session: Any, endpoint: str, kind: str, text: str) -> None:
    """Keep an event of a watched endpoint; deployments keep theirs themselves."""
    moment = datetime.now(UTC)
    event = Event(moment.isoformat(timespec="seconds"), kind, text)
    key = f"{_folder(session, endpoint)}{moment:%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}.json"
    session.upload_string_as_file_body(json.dumps(asdict(event)), session.default_bucket(), key)


def of(session: Any, endpoint: str) -> list[Event]:
    """Deployments, and what was added, the oldest first."""
    bucket = session.default_bucket()
    keys = sorted(session.list_s3_files(bucket, _folder(session, endpoint)))[-MOST:]
    added = [Event(**json.loads(session.read_s3_file(bucket, key))) for key in keys]
    found = sorted([*_deployments(session, endpoint), *added], key=lambda each: each.time)
    return found[-MOST:]


def gather(
    session: Any,
    endpoint: str,
    state: str,
    until: datetime | None = None,
    since: datetime | None = None,
) -> None:
    """Write events.json of a state folder, for the window that is looked at next.

    Args:
        session: local or managed.
        endpoint: its name; one that is gone has events and no traffic.
        state: URI of the folder.
        until: the end of the window; by default now.
        since: its beginning; by default where the last one ended.
    """
    folder = state.rstrip("/")
    until = until or datetime.now(UTC)
    since = since or _last_end(session, f"{folder}/{BOOKMARK}") or until - FIRST
    document = {
        "events": [asdict(each) for each in of(session, endpoint)],
        "served": served(history.of(session, endpoint)),
        "traffic": asdict(found) if (found := _traffic(session, endpoint, since, until)) else None,
    }
    bucket, key = s3.bucket_and_key(f"{folder}/{FILE}")
    session.upload_string_as_file_body(json.dumps(document), bucket, key)


def served(events: Sequence[history.Event]) -> list[dict[str, str]]:
    """Since when which model package has answered; an empty one where it may be either of two.

    Args:
        events: deployments of an endpoint, the oldest first.
    """
    found: list[dict[str, str]] = []
    now = ""
    for each in events:
        if each.what == history.STARTED:
            package = now if each.package == now else ""
        elif each.what in history.SERVING:
            package = now = each.package
        else:  # an update that failed has left what answered before
            package = now
        if not found or found[-1]["package"] != package:
            found.append({"since": each.time, "package": package})
    return found


def _deployments(session: Any, endpoint: str) -> Iterator[Event]:
    for each in history.of(session, endpoint):
        if each.what != history.STARTED:
            version = "/".join(each.package.split("/")[-2:]) or each.configuration
            why = f": {each.reason}" if each.reason else ""
            yield Event(each.time, each.what, f"{version}{why}")


def _traffic(session: Any, endpoint: str, since: datetime, until: datetime) -> Traffic | None:
    client = session.sagemaker_client
    found = states.unless_missing(client.describe_endpoint, EndpointName=endpoint)
    if found is None or since >= until:
        return None
    since = max(since, until - KEPT)
    variants = [each["VariantName"] for each in found.get("ProductionVariants", [])]
    return metrics.traffic(session, endpoint, variants, since, until)


def _last_end(session: Any, uri: str) -> datetime | None:
    # A bookmark that is none is refused by the task that reads it, in words.
    try:
        found = datetime.fromisoformat(s3.document(session, uri)["until"])
    except (ValueError, KeyError, TypeError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _folder(session: Any, endpoint: str) -> str:
    return f"{session.default_bucket_prefix}/monitoring/{endpoint.lower()}/events/"
