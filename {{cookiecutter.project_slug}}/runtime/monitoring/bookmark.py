"""What has been read of an endpoint's capture, so that nothing is read twice and nothing is lost.

Captured files never change once they are written, but they come late: the requests of one minute
may be written in the next, and a file may hold requests of two windows. So the bookmark knows each
recent file, and until when its requests were taken; hours of long ago are known to be done.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any

from tabular.values import DataError

LATE = timedelta(hours=48)  # later than this, no file comes any more
HOUR = timedelta(hours=1)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Bookmark:
    """What was read.

    Attributes:
        until: the end of the last window.
        taken: until when the requests of each recent file were taken, by its key.
        of: whose captures these are; "" where nobody has said so.
    """

    until: datetime = BEGINNING
    taken: Mapping[str, datetime] = field(default_factory=dict)
    of: str = ""

    def unread(self, keys: Iterable[str]) -> list[str]:
        """The files that may hold requests which no window has taken, in their order.

        Args:
            keys: of captured files: .../yyyy/mm/dd/hh/mm-ss-ms-id.jsonl.
        """
        return [key for key in sorted(keys) if not self._is_done(key)]

    def start(self, key: str) -> datetime:
        """From when on a file's requests are new."""
        return self.taken.get(key, BEGINNING)

    def _is_done(self, key: str) -> bool:
        # An hour's file holds requests of that hour alone: after it, all of them were taken.
        end = hour(key) + HOUR
        if key in self.taken:
            return self.taken[key] >= end
        return end <= self.until - LATE

    def moved(self, read: Iterable[str], end: datetime, whole: bool = False) -> "Bookmark":
        """After a window up to `end` took what these files held before it, or the whole files."""
        taken = dict(self.taken)
        for key in read:
            taken[key] = max(end, self.start(key), hour(key) + HOUR if whole else end)
        recent = {key: moment for key, moment in taken.items() if hour(key) > end - LATE * 2}
        return Bookmark(max(self.until, end), recent, self.of)

    def document(self) -> dict[str, Any]:
        """As a plain document, which `read` takes."""
        taken = {key: moment.isoformat() for key, moment in self.taken.items()}
        return {"until": self.until.isoformat(), "taken": taken, "of": self.of}


def read(found: Mapping[str, Any]) -> Bookmark:
    """A bookmark from its document; DataError where it is none."""
    try:
        taken = {str(key): moment(text) for key, text in found.get("taken", {}).items()}
        return Bookmark(moment(found["until"]), taken, str(found.get("of", "")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"bookmark.json is no bookmark ({error}); delete it to begin anew, with all captures"
        ) from None


def moment(text: str) -> datetime:
    """A time in ISO 8601; without a zone it is UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def has_hour(key: str) -> bool:
    """Whether a file is in the folder of an hour."""
    try:
        hour(key)
    except DataError:
        return False
    return True


def hour(key: str) -> datetime:
    """The hour in whose folder a captured file is.

    Raises:
        DataError: the key has no such folder.
    """
    parts = PurePosixPath(key).parts[-5:-1]
    try:
        year, month, day, number = map(int, parts)
        return datetime(year, month, day, number, tzinfo=UTC)
    except ValueError:
        raise DataError(
            f"{key} is not below a folder yyyy/mm/dd/hh, as captured files are; leave it out"
        ) from None
