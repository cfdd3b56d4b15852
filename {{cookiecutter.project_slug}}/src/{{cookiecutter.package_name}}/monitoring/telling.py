"""Telling of a model's windows: once when an alert begins, once when it is over.

What was told is kept beside the history of the windows, so that a window that is looked at again,
or a run that broke before it told anybody, neither repeats a message nor loses one.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..s3 import bucket_and_key, document
from . import alerts
from .alerts import Message
from .windows import Alert, Rule, Window, standing

FILE = "alerts.json"


@dataclass(frozen=True)
class News:
    """What has changed since people were told the last time.

    Attributes:
        begun: alerts that nobody was told of, by column or metric.
        over: alerts that are none any more, with the time since when they were.
        standing: all that are alerts now.
        replaced: whether the newest window is the first of another model, whose windows count anew.
    """

    begun: Mapping[str, Alert]
    over: Mapping[str, str]
    standing: Mapping[str, Alert]
    replaced: bool = False


def news(rule: Rule, windows: Sequence[Window], told: Mapping[str, str]) -> News:
    """What there is to tell.

    Args:
        rule: in how many windows something has to be seen.
        windows: the newest last.
        told: alerts that people know of, with the time since when they are.
    """
    now = standing(rule, windows)
    begun = {name: each for name, each in now.items() if name not in told}
    over = {name: since for name, since in told.items() if name not in now}
    replaced = len({each.package for each in windows[-2:]}) > 1
    return News(begun, over, now, replaced)


def message(name: str, found: News, links: Mapping[str, str]) -> Message | None:
    """The message about what has changed; None where nothing has.

    Args:
        name: whose windows these are.
        found: what has changed.
        links: where to look, by what is there.
    """
    if not (found.begun or found.over):
        return None
    said = []
    if found.begun:
        said.append(f"{_listed(found.begun)} out of bounds")
    if found.over:
        how = "counted anew: another model answers" if found.replaced else "back in bounds"
        said.append(f"{_listed(found.over)} {how}")
    lines = [f"{each}: {a.text}, since {shown(a.since)}" for each, a in found.begun.items()]
    lines += [f"{each}: over; it was since {shown(at)}" for each, at in found.over.items()]
    lines += [f"{what}: {where}" for what, where in links.items()]
    return Message(f"{name}: {', '.join(said)}", "\n".join(lines))


def _listed(names: Mapping[str, object], most: int = 3) -> str:
    few = list(names)[:most]
    more = len(names) - len(few)
    return ", ".join(few) + (f" and {more} more" if more else "")


def shown(time: str) -> str:
    """A time of a document, to the minute."""
    return f"{time[:10]} {time[11:16]} UTC" if time else "the beginning"


def tell(
    session: Any,
    folder_uri: str,
    name: str,
    entries: Sequence[Mapping[str, Any]],
    links: Mapping[str, str],
) -> News:
    """Tell of what has changed, and remember that.

    Args:
        session: local or managed.
        folder_uri: of all that is kept about these windows, in S3.
        name: whose windows these are.
        entries: the windows of ``history.json``, the newest last.
        links: where to look, by what is there.

    Returns:
        What has changed.
    """
    rule = alerts.settings().rule()
    found = news(rule, [Window.of(each) for each in entries], told(session, folder_uri))
    to_tell = message(name, found, links)
    if to_tell:
        alerts.tell(session, to_tell)
        known = {each: alert.since for each, alert in found.standing.items()}
        bucket, key = bucket_and_key(_uri(folder_uri))
        session.upload_string_as_file_body(json.dumps({"standing": known}), bucket, key)
    return found


def windows(session: Any, state_uri: str) -> list[dict[str, Any]]:
    """The windows of ``history.json`` in the folder of the state, the newest last."""
    bucket, key = bucket_and_key(state_uri)
    found = json.loads(session.read_s3_file(bucket, f"{key.rstrip('/')}/history.json"))
    return list(found["windows"])


def told(session: Any, folder_uri: str) -> dict[str, str]:
    """The alerts that people know of, with the time since when they are."""
    found = document(session, _uri(folder_uri))
    return dict(found["standing"]) if found else {}


def _uri(folder_uri: str) -> str:
    return f"{folder_uri.rstrip('/')}/{FILE}"
