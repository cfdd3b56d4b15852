"""What the watch has begun, done, and given up: one file, written in one piece."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from .work import Work

BEGUN, DONE, FAILED = "begun", "done", "failed"
MOST_BEGINNINGS = 3  # of one thing whose run never comes to an end


@dataclass(frozen=True)
class Entry:
    """What became of an item.

    Attributes:
        mark: of the content that was taken.
        what: one of this module's words.
        run: of the watch, which took it.
        pipeline: of that run.
        time: when it was begun, in UTC, ISO 8601.
        beginnings: how often the same content was begun.
    """

    mark: str
    what: str
    run: str
    pipeline: str
    time: str
    beginnings: int = 1


class State:
    """The entries of all items, by name; each change is on the disk when it returns.

    Args:
        file: where they are kept.
        again: what failed before counts as new.
    """

    def __init__(self, file: Path, again: bool = False) -> None:
        self._file = file
        found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        entries = {item: Entry(**entry) for item, entry in found.items()}
        self._entries = {
            item: entry for item, entry in entries.items() if not (again and entry.what == FAILED)
        }

    def is_new(self, item: str, mark: str) -> bool:
        """Whether an item with this mark was neither begun, done nor given up."""
        entry = self._entries.get(item)
        return entry is None or entry.mark != mark or not entry.what

    def mark(self, item: str) -> str:
        """The mark with which an item was begun last; "" where it never was."""
        entry = self._entries.get(item)
        return entry.mark if entry else ""

    def unfinished(self) -> dict[str, str]:
        """Runs that were begun and of which no end is known, with their pipelines."""
        begun = [entry for entry in self._entries.values() if entry.what == BEGUN]
        return {entry.run: entry.pipeline for entry in begun}

    def begin(self, work: Work, run: str) -> None:
        """Note that work is begun."""
        now = datetime.now(UTC).isoformat()
        for item, mark in work.items.items():
            before = self._entries.get(item)
            times = before.beginnings + 1 if before and before.mark == mark else 1
            self._entries[item] = Entry(mark, BEGUN, run, work.pipeline, now, times)
        self._write()

    def end(self, run: str, what: str) -> None:
        """Note how a run ended: DONE or FAILED."""
        for item in self._of(run):
            self._entries[item] = replace(self._entries[item], what=what)
        self._write()

    def forget(self, run: str, counted: bool) -> list[str]:
        """Have the items of a run that came to no end count as new.

        Args:
            run: that was begun.
            counted: it ended by itself, which may happen a few times only.

        Returns:
            The items that are given up, since they were begun often enough.
        """
        given_up = []
        for item in self._of(run):
            entry = self._entries[item]
            if counted and entry.beginnings >= MOST_BEGINNINGS:
                self._entries[item] = replace(entry, what=FAILED)
                given_up.append(item)
            else:
                times = entry.beginnings - (not counted)
                self._entries[item] = replace(entry, what="", beginnings=times)
        self._write()
        return given_up

    def drop(self, is_gone: Callable[[str], bool]) -> None:
        """Forget all about items that are gone."""
        self._entries = {item: entry for item, entry in self._entries.items() if not is_gone(item)}

    def _of(self, run: str) -> list[str]:
        return [item for item, entry in self._entries.items() if entry.run == run]

    def _write(self) -> None:
        document = {item: asdict(entry) for item, entry in self._entries.items()}
        write_whole(self._file, json.dumps(document, indent=1, ensure_ascii=False))


def write_whole(file: Path, text: str) -> None:
    """Write a file in one piece, so that a reader never finds half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    with partial.open("w", encoding="utf-8", newline="\n") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    partial.replace(file)
