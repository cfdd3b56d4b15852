"""What an endpoint's containers have printed."""

from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from .. import settings
from ..sessions.managed import NO_LOG

SHOWN = 5  # last lines, in an error


def lines(session: Any, endpoint: str, since: datetime | None = None) -> list[str]:
    """An endpoint's log, also after it was deleted; nothing where it has printed nothing.

    Args:
        session: local or managed, where CloudWatch has the log.
        endpoint: its name.
        since: leave out what was printed before.
    """
    client = session.boto_session.client("logs")
    start = round(since.timestamp() * 1000) if since else 0
    request = {"logGroupName": f"/aws/sagemaker/Endpoints/{endpoint}", "startTime": start}
    pages = client.get_paginator("filter_log_events").paginate(**request)
    try:
        events = [event for page in pages for event in page["events"]]
    except ClientError as error:
        if error.response["Error"]["Code"] == NO_LOG:
            return []
        raise
    return [event["message"].rstrip() for event in events if event["timestamp"] >= start]


def told(session: Any, endpoint: str, since: datetime) -> str:
    """The end of a log for an error, and the command that shows all of it."""
    try:
        last = lines(session, endpoint, since)[-SHOWN:]
    except ClientError:  # it may not be read; the error itself counts more
        last = []
    command = f"`python -m {settings.PACKAGE} endpoints log {endpoint}` shows its log"
    return f"{command}, which ends in:\n  " + "\n  ".join(last) if last else command
