"""A window as a person names it: the newest, or a past time that is looked at again."""

from dataclasses import dataclass
from datetime import UTC, datetime

NEWEST = "newest"
EXAMPLE = "2026-11-25T10:00Z/2026-11-25T11:00Z"


@dataclass(frozen=True)
class Past:
    """The time of a past window.

    Attributes:
        start: of it.
        end: of it.
    """

    start: datetime
    end: datetime

    def parameters(self) -> dict[str, str]:
        """Those of the monitoring pipeline."""
        return {"Start": self.start.isoformat(), "End": self.end.isoformat()}


def read(window: str) -> Past | None:
    """A past window; None: the newest.

    Raises:
        ValueError: the text is neither; the message says what it must be.
    """
    if window == NEWEST:
        return None
    try:
        start, end = map(_moment, window.split("/"))
    except ValueError:
        raise ValueError(f"{NEWEST}, or a start and an end such as {EXAMPLE}") from None
    if start >= end:
        raise ValueError("a start and an end that comes after it")
    return Past(start, end)


def _moment(text: str) -> datetime:
    """A time in ISO 8601; without a zone it is UTC."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
