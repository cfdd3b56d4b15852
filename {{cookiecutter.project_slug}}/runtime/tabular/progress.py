"""Lines in the log of long work: how many rows are done, what share, and how long it may take."""

import time
from collections.abc import Callable, Iterable, Iterator

from .batches import Batch

SECONDS = 5.0  # until the first line, and between lines: what takes less is silent


def told(rows: Iterable[Batch], doing: str, share: Callable[[int], float]) -> Iterator[Batch]:
    """The batches, with a line in the log now and then.

    Args:
        rows: batch after batch.
        doing: what is done to them, such as "reading".
        share: of the work that is done, 0 to 1, after so many rows.
    """
    started = spoken = time.monotonic()
    done = 0
    for batch in rows:
        yield batch
        done += batch.rows
        if (now := time.monotonic()) - spoken >= SECONDS:
            spoken = now
            print(line(doing, done, share(done), now - started), flush=True)


def line(doing: str, rows: int, share: float, seconds: float) -> str:
    """One line: rows, share, and the seconds that are left if all goes on as it did."""
    left = f", {share:.0%}, {seconds / share - seconds:,.0f} s left" if share else ""
    return f"{doing}: {rows:,} rows{left}"
