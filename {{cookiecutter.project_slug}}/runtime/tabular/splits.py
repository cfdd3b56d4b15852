"""Which rows train, validate and test: by the row alone, so that growing data moves none.

Folds validate several times: k parts of the rows by hash, or a backtest in which each looks back
only. A fold is a split of the rows of its own: train, validation and test, or "" for a row that it
leaves out. Rows of the one test split are in no fold, so what is chosen by folds is chosen without
them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .batches import Batch, of_columns
from .columns import marks
from .hashing import key_of, text_hashes
from .values import DataError, is_day

SPLITS = ("train", "validation", "test")
VALIDATIONS = ("holdout", "cross_validation", "backtest")
MAX_FOLDS = 8  # a processing job has ten inputs, and the summary reads a model of each fold
FIRST_PAST = 0.5  # of the rows come before the first period that a backtest predicts


def row_shares(rows: Batch | Mapping[Any, Any]) -> np.ndarray:
    """A number in [0, 1) for each row, from its known cells only and whatever their order.

    Args:
        rows: a batch of them, or columns of texts by name, such as a frame of pandas.
    """
    batch = rows if isinstance(rows, Batch) else of_columns(rows)
    total = np.zeros(batch.rows, dtype="uint64")
    columns = [
        (key_of(name), column.raw.filter(column.known)) for name, column in batch.columns.items()
    ]
    for column, hashes in zip(batch.columns.values(), text_hashes(columns), strict=True):
        of_texts = np.zeros(len(column.raw), dtype="uint64")
        of_texts[marks(column.known)] = hashes
        total += of_texts[column.codes]
    return total / 2.0**64


def check_shares(test_share: float, validation_share: float) -> None:
    """Raise a DataError when the shares leave nothing for one of the splits."""
    if min(test_share, validation_share) <= 0 or test_share + validation_share >= 1:
        raise DataError(
            "`test_share` and `validation_share` must be above 0 and sum to less than 1"
        )


def split_by_hash(
    rows: Batch | Mapping[Any, Any], test_share: float, validation_share: float
) -> np.ndarray:
    """The split of each row; more rows, files or columns elsewhere never move it to another."""
    check_shares(test_share, validation_share)
    shares = row_shares(rows)
    bounds = [shares < test_share, shares < test_share + validation_share]
    return np.select(bounds, ["test", "validation"], "train")


def split_by_date(days: np.ndarray, boundaries: Sequence[str]) -> np.ndarray:
    """The split of each row by fixed days, so that later rows move none; undated rows train.

    Args:
        days: texts that begin with an ISO day, or "" for an undated row.
        boundaries: the first day of validation and that of test (see `check_boundaries`).
    """
    first, second = sorted(boundaries)
    return np.select([days >= second, days >= first], ["test", "validation"], "train")


def check_boundaries(boundaries: Sequence[str], counts: Mapping[str, int]) -> None:
    """Raise a DataError unless two days are given; it suggests some, by the rows of each day."""
    if len(boundaries) != 2 or not all(map(is_day, boundaries)):
        days = Days.of(counts)
        hint = ",".join(days.at(int(days.rows * share)) for share in (0.6, 0.8)) if counts else ""
        raise DataError(
            f"a split by date needs two fixed `split_dates`, for 60/20/20 of this data: {hint}"
        )


def check_splits(labels: Mapping[str, Mapping[str, int]], kind: str, whose: str = "") -> None:
    """Raise a DataError when a split has no rows, or when its one class could measure nothing.

    Args:
        labels: of each split: its target's values with their rows; of numbers, any will do.
        kind: the problem type.
        whose: splits these are, for the sentence.
    """
    rows = sum(sum(counts.values()) for counts in labels.values())
    for name in SPLITS:
        counts = labels[name]
        if not counts or (kind != "regression" and len(counts) < 2):
            found = f"holds only {next(iter(counts))!r}" if counts else "is empty"
            raise DataError(f"{whose or 'the '}{name} split of {rows} rows {found}; give more rows")


@dataclass(frozen=True)
class Fold:
    """Which part each row plays, and what folds.json says of it beside the rows of each part."""

    split: np.ndarray
    facts: dict[str, Any]


def check_folds(folds: int) -> None:
    """Raise a DataError when there cannot be so many folds."""
    if not 2 <= folds <= MAX_FOLDS:
        raise DataError(f"`folds` must be 2 to {MAX_FOLDS}, not {folds}")


def cross_validation(
    rows: Batch | Mapping[Any, Any], free: np.ndarray, folds: int, validation_share: float
) -> Iterator[Fold]:
    """Folds of equal size by the hash of each row, so that equal rows are in one part together.

    Args:
        rows: as those of `row_shares`.
        free: marks the rows that are not in the test split.
        folds: each free row is tested in one of so many folds.
        validation_share: of the rows that a fold does not test, for early stopping.
    """
    place = row_shares(rows) * 2**20 % 1  # the first digits of the hash have chosen the test split
    part = (place * folds).astype(int)
    for number in range(folds):
        after = (place - (number + 1) / folds) % 1 / (1 - 1 / folds)
        bounds = [~free, part == number, after < validation_share]
        yield Fold(np.select(bounds, ["", "test", "validation"], "train"), {})


@dataclass(frozen=True)
class Days:
    """ISO days in their order, and how many rows there are up to each."""

    days: np.ndarray
    up_to: np.ndarray

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> "Days":
        """The days of texts that begin with one, with the rows of each text."""
        by_day: dict[str, int] = {}
        for text, rows in counts.items():
            by_day[text[:10]] = by_day.get(text[:10], 0) + rows
        days = sorted(by_day)
        each = np.array([by_day[day] for day in days], dtype="int64")
        return cls(np.array(days, dtype="U10"), np.cumsum(each))

    @property
    def rows(self) -> int:
        """The rows of all days."""
        return int(self.up_to[-1]) if len(self.up_to) else 0

    def at(self, place: int) -> str:
        """The day of a row, when all rows are sorted by their days."""
        return str(self.days[np.searchsorted(self.up_to, place, side="right")])

    def where(self, marks: np.ndarray) -> "Days":
        """Some of the days."""
        rows = np.diff(self.up_to, prepend=0)
        return Days(self.days[marks], np.cumsum(rows[marks]))


@dataclass(frozen=True)
class Period:
    """What one fold of a backtest predicts: the days from `start` to before `end`."""

    start: str
    end: str
    last_part: str  # of the past, which validates, begins on this day
    facts: dict[str, str]

    def split(self, day: np.ndarray) -> np.ndarray:
        """Which part each row plays, by its ISO day, which is "" for a row that no fold has."""
        bounds = [(day == "") | (day >= self.end), day >= self.start, day >= self.last_part]
        return np.select(bounds, ["", "test", "validation"], "train")


def backtest(days: Days, name: str, folds: int, validation_share: float) -> list[Period]:
    """Periods one after another: each is predicted from the days before its first, and no others.

    All rows of a day are on one side. A row without a day may be of any time, so no fold has it.

    Args:
        days: of the rows that are not in the test split.
        name: of their column, for sentences.
        folds: how many periods.
        validation_share: of each period's past.
    """
    if not days.rows:
        raise DataError(f"column {name!r} has no date outside the test split to backtest by")
    starts = _first_days(days, folds)
    found = []
    for start, end in zip(starts, [*starts[1:], "~"], strict=True):  # "~" sorts after any day
        past = days.where(days.days < start)
        period = days.where((days.days >= start) & (days.days < end))
        last_part = past.at(int(past.rows * (1 - validation_share))) if past.rows else ""
        if len(starts) < folds or last_part <= days.days[0]:
            raise DataError(
                f"{len(days.days)} different days of {name!r} outside the test split are too few, "
                f"or their rows too uneven, for {folds} periods; lower `folds`"
            )
        facts = past.days[-1], period.days[0], period.days[-1]
        names = ("past_until", "first_day", "last_day")
        found.append(Period(start, end, last_part, dict(zip(names, map(str, facts), strict=True))))
    return found


def _first_days(days: Days, periods: int) -> list[str]:
    """Where periods of about equal rows begin; fewer where there are no more days.

    Each is cut from what is left, so that a day with very many rows takes a period of its own.
    """
    later = days.where(days.days >= days.at(int(days.rows * FIRST_PAST)))
    found = [str(later.days[0])]
    for left in range(periods, 1, -1):
        from_day = later.at(later.rows // left)
        later = later.where((later.days > found[-1]) & (later.days >= from_day))
        if not later.rows:
            break
        found.append(str(later.days[0]))
    return found
