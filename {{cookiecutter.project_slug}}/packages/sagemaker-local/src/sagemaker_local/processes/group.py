"""Programs that end together: the hosts of one job, or the containers of one host."""

from __future__ import annotations

import threading
from typing import Protocol


class Ending(Protocol):
    def stop(self) -> None: ...


class Group:
    """What is added after ``stop`` is stopped at once."""

    def __init__(self) -> None:
        self._members: list[Ending] = []
        self._stopped = False
        self._lock = threading.Lock()

    def add(self, member: Ending) -> None:
        with self._lock:
            self._members.append(member)
            stopped = self._stopped
        if stopped:
            member.stop()

    def stop(self) -> None:
        """End every member with its children."""
        with self._lock:
            self._stopped = True
            members = list(self._members)
        for member in members:
            member.stop()
