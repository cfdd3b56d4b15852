"""A thread that writes at an interval what others collect, and once more when it is told to end."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Flusher:
    """See the module.

    Args:
        name: of the thread.
        flush: writes what was collected.
        interval: seconds between two writes.
    """

    def __init__(self, name: str, flush: Callable[[], None], interval: float) -> None:
        self._flush = flush
        self._interval = interval
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Write what was collected, and end."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(self._interval):
            self._flush()
        self._flush()
