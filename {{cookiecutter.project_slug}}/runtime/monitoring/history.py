"""What each window of an endpoint was like: a line for each, kept for the page over all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tabular.values import DataError

MOST = 1_000  # windows that are kept


@dataclass(frozen=True)
class Entry:
    """One window.

    Attributes:
        end: when it ended.
        package: the model package that answered.
        rows: in it.
        drift: the effect of each column.
        violations: what was not kept, by column or metric, with its sentence.
        metrics: of the labelled rows.
        run: the execution that looked at it.
    """

    end: str
    package: str
    rows: int
    drift: Mapping[str, float] = field(default_factory=dict)
    violations: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    run: str = ""


def read(found: Mapping[str, Any]) -> list[Entry]:
    """The entries of a document; DataError where it is none."""
    try:
        return [Entry(**each) for each in found["windows"]]
    except (KeyError, TypeError) as error:
        raise DataError(f"history.json is no history ({error}); delete it to begin anew") from None


def added(entries: Sequence[Entry], new: Entry) -> list[Entry]:
    """With a new window; one that ended at the same time was looked at again, and is replaced."""
    others = [each for each in entries if each.end != new.end]
    return sorted([*others, new], key=lambda each: each.end)[-MOST:]


def document(entries: Sequence[Entry]) -> dict[str, Any]:
    """The plain document."""
    return {"windows": [vars(each) for each in entries]}
