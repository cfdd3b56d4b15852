"""What became of endpoints: one small object for each event, below the session's own place.

The service says what is; these say what was. Objects are only ever added, so nobody who deploys at
the same time can lose another's.
"""

import getpass
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

STARTED, DEPLOYED, ROLLED_BACK = "started", "deployed", "rolled back"
FAILED_CHECK, FAILED, INTERRUPTED = "failed check", "failed", "interrupted"
UNDEPLOYED = "undeployed"
SERVING = (DEPLOYED, ROLLED_BACK)  # after these, the event's configuration is what answers


@dataclass(frozen=True)
class Event:
    """Something that happened to an endpoint.

    Attributes:
        endpoint: its name.
        what: one of this module's words.
        configuration: that was to serve, or was undeployed.
        package: ARN of its model package.
        run: of the pipeline that made the package, or "".
        previous: the configuration that served before, or "".
        reason: why it failed, or "".
        time: in UTC, ISO 8601.
        by: the person's name on their machine.
    """

    endpoint: str
    what: str
    configuration: str
    package: str = ""
    run: str = ""
    previous: str = ""
    reason: str = ""
    time: str = ""
    by: str = ""

    @property
    def moment(self) -> datetime:
        """When it was."""
        return datetime.fromisoformat(self.time)


def add(session: Any, event: Event) -> None:
    """Keep an event, with the time and who is at work."""
    moment = datetime.now(UTC)
    document = asdict(event) | {"time": moment.isoformat(timespec="seconds"), "by": _person()}
    key = f"{_folder(session, event.endpoint)}{moment:%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}.json"
    session.upload_string_as_file_body(json.dumps(document), session.default_bucket(), key)


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as containers have
        return ""


def of(session: Any, endpoint: str) -> list[Event]:
    """An endpoint's events, oldest first."""
    return [_read(session, key) for key in _keys(session, _folder(session, endpoint))]


def last(session: Any, endpoint: str) -> Event | None:
    """What happened last to an endpoint."""
    keys = _keys(session, _folder(session, endpoint))
    return _read(session, keys[-1]) if keys else None


def endpoints(session: Any) -> list[str]:
    """Names, in small letters, of all endpoints that something happened to."""
    folder = _folder(session, "")
    return sorted({key.removeprefix(folder).partition("/")[0] for key in _keys(session, folder)})


def _keys(session: Any, folder: str) -> list[str]:
    return sorted(session.list_s3_files(session.default_bucket(), folder))


def _read(session: Any, key: str) -> Event:
    return Event(**json.loads(session.read_s3_file(session.default_bucket(), key)))


def _folder(session: Any, endpoint: str) -> str:
    below = f"{endpoint.lower()}/" if endpoint else ""
    return f"{session.default_bucket_prefix}/deployments/{below}"


def line(event: Event) -> str:
    """An event for a list of one endpoint's."""
    version = "/".join(event.package.split("/")[-2:])
    by = f"  by {event.by}" if event.by else ""
    why = f"  ({event.reason})" if event.reason else ""
    return f"{event.time}  {event.what:<12}  {version}  {event.configuration}{by}{why}"


def sentence(event: Event) -> str:
    """An event in words: what became of its model package."""
    return f"{event.what} {event.endpoint} {event.time}"
