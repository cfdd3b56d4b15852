"""Lines in the log of long work on a table: how many rows are done, as `pace` tells it."""

from collections.abc import Callable, Iterable, Iterator

from .batches import Batch
from .pace import Pace


def told(rows: Iterable[Batch], doing: str, share: Callable[[int], float]) -> Iterator[Batch]:
    """The batches, with a line in the log now and then.

    Args:
        rows: batch after batch.
        doing: what is done to them, such as "reading".
        share: of the work that is done, 0 to 1, after so many rows.
    """
    pace, done = Pace(doing), 0
    for batch in rows:
        yield batch
        done += batch.rows
        if pace.is_due():  # a share of many files takes a while to sum up
            pace.tell(share(done), 1, f"{done:,} rows")
