"""What is to be done, and where to look for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Words = Sequence[str]  # of one command of this project's command line


@dataclass(frozen=True)
class Work:
    """One run of a pipeline.

    Attributes:
        pipeline: of which one run at a time is under way.
        items: what is taken, by name, each with its mark: another mark, another content.
        commands: gives what does it, one after another; asked when it begins.
    """

    pipeline: str
    items: Mapping[str, str]
    commands: Callable[[], Sequence[Words]]

    @property
    def about(self) -> str:
        """In a few words."""
        first, *more = self.items
        return f"{self.pipeline} {first}" + (f" and {len(more)} more" if more else "")


class Known(Protocol):
    """What is known of items."""

    def is_new(self, item: str, mark: str) -> bool:
        """Whether an item with this mark was neither done nor given up."""

    def mark(self, item: str) -> str:
        """The mark with which an item was begun last; "" where it never was."""


class Source(Protocol):
    """A place to look at."""

    def look(self, known: Known) -> Sequence[Work]:
        """What is to be done now; called at each look of the watch."""
