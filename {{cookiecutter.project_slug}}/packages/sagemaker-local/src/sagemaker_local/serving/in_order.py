"""A function over items, several at once; the results come in the order of the items."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(
    function: Callable[[T], R], items: Iterable[T], threads: int, pool: Executor | None = None
) -> Iterator[R]:
    """``map(function, items)`` with at most so many calls at once, and as many items in memory.

    Args:
        function: whose results are wanted.
        items: taken as they are needed.
        threads: how many calls there are at once.
        pool: runs them; threads of its own if None. It is shut down at the end.

    Raises:
        Exception: what the first failing call, or ``items``, raises, after the results before it.
    """
    if threads == 1 and pool is None:
        yield from map(function, items)
        return
    waiting: deque[Future[R]] = deque()
    running = pool or ThreadPoolExecutor(threads, "payload")
    try:
        failure = None
        source = iter(items)
        while failure is None:
            try:
                waiting.append(running.submit(function, next(source)))
            except StopIteration:
                break
            except Exception as error:
                failure = error
            if len(waiting) == threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
        if failure is not None:
            raise failure
    finally:
        # Not each future by itself: processes of Python before 3.11.3 then never end
        # (python/cpython#94440).
        running.shutdown(cancel_futures=True)
