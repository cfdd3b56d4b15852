"""Which time a window spans: all that is new since the last one, or a past time once more."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tabular import job
from tabular.values import DataError

from . import bookmark, state
from .bookmark import Bookmark

SKEW = timedelta(minutes=10)  # of the clocks of two machines
NEWEST, NOW = "bookmark", "now"  # where a window starts and ends, unless a time is given


@dataclass(frozen=True)
class Span:
    """The time of a window.

    Attributes:
        start: requests before it are not of this window.
        end: nor those from then on.
        before: what earlier windows took; nothing where a past time is looked at again.
        is_newest: whether it goes on where the last window ended.
    """

    start: datetime
    end: datetime
    before: Bookmark
    is_newest: bool


def given(start: str, end: str, folder: Path | None) -> Span:
    """A span of the words of a command line.

    Args:
        start: a time, or "bookmark": where the last window ended.
        end: a time, or "now".
        folder: of the state, if there is one.

    Raises:
        DataError: a time is none, or the end is not after the start.
    """
    # Captures are timed in whole seconds: this one may still go on.
    now = datetime.now(UTC).replace(microsecond=0)
    until = _moment(end, "end") if end != NOW else now
    if start == NEWEST:
        before = of_folder(folder)
        for moment, said in ((until, "`window` ends"), (before.until, "the last window ended")):
            if moment > now + SKEW:
                raise DataError(
                    f"{said} at {moment:%Y-%m-%d %H:%M} UTC, which is in the future; what is "
                    "captured until then would be lost. Look at the clock"
                )
        return Span(bookmark.BEGINNING, until, before, is_newest=True)
    begin = _moment(start, "start")
    if begin >= until:
        raise DataError(f"`window` ends at {end}, which is not after its start, {start}")
    return Span(begin, until, Bookmark(), is_newest=False)


def start_of(window: Path) -> datetime:
    """When a window that was taken starts."""
    return datetime.fromisoformat(job.read_json(window, "window.json")["start"])


def of_folder(folder: Path | None) -> Bookmark:
    """The bookmark that a folder has; without one, of an endpoint that nobody has looked at yet."""
    found = state.document(folder, state.BOOKMARK)
    return Bookmark() if found is None else bookmark.read(found)


def check_is_next(window_start: str, folder: Path | None, name: str) -> None:
    """Raise a DataError where another window was reported while this one was looked at.

    Args:
        window_start: of this one.
        folder: of the state, if there is one.
        name: whose window it is.
    """
    before = of_folder(folder)
    if before.of not in ("", name):
        raise DataError(f"bookmark.json is of {before.of}, not of {name}; give {name}'s state")
    if (now := before.until.isoformat()) != window_start:
        raise DataError(
            f"another window, until {now}, was reported while this one was looked at; run the "
            "monitor again, which takes what that one did not"
        )


def _moment(text: str, name: str) -> datetime:
    """A time of the command line; without a zone it is UTC."""
    try:
        return bookmark.moment(text.replace("Z", "+00:00"))
    except ValueError:
        raise DataError(
            f"the {name} of `window` is {text!r}; give a time such as 2026-11-25T10:00Z"
        ) from None
