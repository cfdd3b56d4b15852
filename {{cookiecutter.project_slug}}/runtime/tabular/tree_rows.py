"""How XGBoost gets its rows: some at a time, so that they are never all there as numbers.

It keeps which of 256 bins each number is in: in memory, or in files where memory would not hold
that. Trees are the same as of a whole matrix where one batch has all rows, and as good where not.
"""

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np

from . import memory
from .families import Batch, Table
from .hosts import Hosts
from .pace import Pace
from .records import arrow
from .values import LARGEST, DataError

EXACT = 2.0**24  # whole numbers up to here are the same to XGBoost
BINNED, PLAIN = 6, 8  # bytes that a number takes, at most
SHARE, SMALL_SHARE = 0.6, 0.1  # of the free memory, for binned rows and for plain ones
PAGE = 1 << 19  # rows that go to a file together


def matrices(train: Table, validation: Table) -> tuple[Any, Any]:
    """Both tables as XGBoost's matrices.

    Validation rows are not binned while they are few: each tree predicts them faster so. Hosts of
    one job decide alike, since they make their matrices together.
    """
    free, hosts = memory.available(), Hosts.of_training()
    in_files = any(hosts.gather(train.cells * BINNED > free * SHARE))
    if in_files:
        needed = f"{train.cells * BINNED / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free"
        print(f"train: rows are kept in files, as they would take {needed}", flush=True)
    rows = _binned(train, in_files, "train")
    if all(hosts.gather(validation.cells * PLAIN < free * SMALL_SHARE)):
        return rows, _plain(validation)
    return rows, _binned(validation, in_files, "validation", ref=rows)


def _binned(table: Table, in_files: bool, what: str, **named: Any) -> Any:
    """The rows as a matrix of bins, whose files XGBoost removes when it needs them no more."""
    import xgboost

    if not in_files:
        return xgboost.QuantileDMatrix(_feeder(table, what), **named)
    cache = Path(gettempdir(), f"xgboost-{secrets.token_hex(4)}-{what}")
    return xgboost.ExtMemQuantileDMatrix(_feeder(table, what, str(cache)), **named)


def _feeder(table: Table, what: str, cache: str | None = None) -> Any:
    """What XGBoost asks for a table's rows; it does so several times over."""
    import xgboost

    class Feeder(xgboost.DataIter):
        def __init__(self) -> None:
            self._limits: Limits | None = Limits()
            super().__init__(cache_prefix=cache)
            self.reset()

        def reset(self) -> None:
            self._batches, self._done = _pages(table) if cache else table.batches(), 0
            self._pace = Pace(f"bins of {what} rows")

        def next(self, input_data: Any) -> bool:
            batch = next(self._batches, None)
            if batch is None:
                self._limits = None  # all rows were looked at
                return False
            if self._limits:
                self._limits.check(table.names, batch)
            input_data(data=_rows(batch.numbers), label=batch.target)
            self._done += len(batch.target)
            self._pace(self._done, len(table.target), f"{self._done:,} rows")
            return True

    return Feeder()


def _rows(numbers: Sequence[np.ndarray]) -> Any:
    """Numbers as XGBoost reads them fastest: by column where there is Arrow, else as a matrix."""
    if pa := arrow():
        return pa.table({str(place): each for place, each in enumerate(numbers)})
    return np.column_stack(numbers)


def _plain(table: Table) -> Any:
    """The rows as a matrix that XGBoost does not bin."""
    import xgboost

    whole = _joined(list(table.batches()))
    return xgboost.DMatrix(_rows(whole.numbers), whole.target)


def _joined(batches: Sequence[Batch]) -> Batch:
    """Several batches as one."""
    if len(batches) == 1:
        return batches[0]
    columns = zip(*(batch.numbers for batch in batches), strict=True)
    numbers = [np.concatenate(parts) for parts in columns]
    return Batch(numbers, np.concatenate([batch.target for batch in batches]))


def _pages(table: Table) -> Iterator[Batch]:
    """The rows in few large batches, since each becomes a part of a file."""
    page: list[Batch] = []
    for batch in table.batches():
        page.append(batch)
        if sum(len(each.target) for each in page) >= PAGE:
            yield _joined(page)
            page = []
    if page:
        yield _joined(page)


class Limits:
    """What numbers of four bytes cannot hold: an error where it is too large, else one line."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def check(self, names: Sequence[str], batch: Batch) -> None:
        """Look at some rows; DataError names the column at fault."""
        for name, numbers in zip(names, batch.numbers, strict=True):
            if numbers.dtype != np.float64 or name in self._told:
                continue
            size = np.abs(numbers)
            largest = float(np.fmax.reduce(size, initial=0.0))
            if largest > LARGEST:
                raise DataError(
                    f"column {name!r} holds a number of size {largest:g}, and trees hold those up "
                    f"to {LARGEST:.2g}; give it in a larger unit, or leave it out by -p drop"
                )
            if largest > EXACT:
                self._tell(name, numbers[(size > EXACT) & (numbers % 1 == 0)])

    def _tell(self, name: str, whole: np.ndarray) -> None:
        """Say which of some large whole numbers trees cannot tell from the next one."""
        changed = whole[whole.astype("float32") != whole]
        if len(changed):
            self._told.add(name)
            seen = int(np.float32(changed[0]))
            print(f"column {name!r}: to trees, {int(changed[0])} is {seen}; is it an identifier?")
