"""Which rows train, validate and test: by the row alone, so that growing data moves none.

Folds validate several times: k parts of the rows by hash, or a backtest in which each looks back
only. A fold is a split of the rows of its own: train, validation and test, or "" for a row that it
leaves out. Rows of the one test split are in no fold, so what is chosen by folds is chosen without
them.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from . import roles
from .values import DataError

SPLITS = ("train", "validation", "test")
VALIDATIONS = ("holdout", "cross_validation", "backtest")
MAX_FOLDS = 8  # a processing job has ten inputs, and the summary reads a model of each fold
FIRST_PAST = 0.5  # of the rows come before the first period that a backtest predicts


def row_shares(raw: pd.DataFrame) -> np.ndarray:
    """A number in [0, 1) for each row, from its known cells only and whatever their order."""
    total = np.zeros(len(raw), dtype="uint64")
    for name in raw.columns:
        key = hashlib.sha256(name.encode()).hexdigest()[:16]
        known = raw[name].notna().to_numpy()
        total[known] += pd.util.hash_array(raw[name][known].to_numpy(object), hash_key=key)
    return total / 2.0**64


def check_shares(test_share: float, validation_share: float) -> None:
    """Raise a DataError when the shares leave nothing for one of the splits."""
    if min(test_share, validation_share) <= 0 or test_share + validation_share >= 1:
        raise DataError(
            "--test-share and --validation-share must be above 0 and sum to less than 1"
        )


def split_by_hash(raw: pd.DataFrame, test_share: float, validation_share: float) -> np.ndarray:
    """The split of each row; more rows, files or columns elsewhere never move it to another."""
    check_shares(test_share, validation_share)
    shares = row_shares(raw)
    bounds = [shares < test_share, shares < test_share + validation_share]
    return np.select(bounds, ["test", "validation"], "train")


def split_by_date(days: pd.Series, boundaries: Sequence[str]) -> np.ndarray:
    """The split of each row by fixed days, so that later rows move none; undated rows train."""
    roles.check_readable(days.dropna(), "date")
    if len(boundaries) != 2 or roles.unreadable(pd.Series(boundaries), "date").any():
        known = sorted(days.dropna().str[:10])
        hint = ",".join(known[int(len(known) * share)] for share in (0.6, 0.8)) if known else ""
        raise DataError(
            f"--split date needs two fixed --split-dates, for 60/20/20 of this data: {hint}"
        )
    first, second = sorted(boundaries)
    filled = days.fillna("")
    return np.select([filled >= second, filled >= first], ["test", "validation"], "train")


def check_splits(target: pd.Series, split: np.ndarray, problem_type: str, whose: str = "") -> None:
    """Raise a DataError when a split has no rows, or when its one class could measure nothing."""
    for name in SPLITS:
        labels = target[split == name]
        if labels.empty or (problem_type != "regression" and labels.nunique() < 2):
            found = f"holds only {labels.iloc[0]!r}" if len(labels) else "is empty"
            raise DataError(
                f"{whose or 'the '}{name} split of {len(target)} rows {found}; give more rows"
            )


@dataclass(frozen=True)
class Fold:
    """Which part each row plays, and what folds.json says of it beside the rows of each part."""

    split: np.ndarray
    facts: dict[str, Any]


def check_folds(folds: int) -> None:
    """Raise a DataError when there cannot be so many folds."""
    if not 2 <= folds <= MAX_FOLDS:
        raise DataError(f"--folds must be 2 to {MAX_FOLDS}, not {folds}")


def cross_validation(
    raw: pd.DataFrame, free: np.ndarray, folds: int, validation_share: float
) -> Iterator[Fold]:
    """Folds of equal size by the hash of each row, so that equal rows are in one part together.

    Args:
        raw: all rows, as texts.
        free: marks the rows that are not in the test split.
        folds: each free row is tested in one of so many folds.
        validation_share: of the rows that a fold does not test, for early stopping.
    """
    place = row_shares(raw) * 2**20 % 1  # the first digits of the hash have chosen the test split
    part = (place * folds).astype(int)
    for number in range(folds):
        after = (place - (number + 1) / folds) % 1 / (1 - 1 / folds)
        bounds = [~free, part == number, after < validation_share]
        yield Fold(np.select(bounds, ["", "test", "validation"], "train"), {})


def backtest(
    days: pd.Series, free: np.ndarray, folds: int, validation_share: float
) -> Iterator[Fold]:
    """Periods one after another: each is predicted from the days before its first, and no others.

    All rows of a day are on one side. A row without a day may be of any time, so no fold has it.
    Arguments are those of `cross_validation`, with the text of each row's date, NaN if unknown.
    """
    roles.check_readable(days.dropna(), "date")
    day = days.str[:10].where(free & days.notna(), "").to_numpy(str)
    known = np.sort(day[day != ""])
    if not len(known):
        raise DataError(f"column {days.name!r} has no date outside the test split to backtest by")
    starts = _first_days(known, folds)
    for start, end in zip(starts, [*starts[1:], "~"], strict=True):  # "~" sorts after any day
        past, period = known[known < start], known[(known >= start) & (known < end)]
        last_part = past[int(len(past) * (1 - validation_share))] if len(past) else ""
        if len(starts) < folds or last_part <= known[0]:
            raise DataError(
                f"{len(np.unique(known))} different days of {days.name!r} outside the test split "
                f"are too few, or their rows too uneven, for {folds} periods; lower --folds"
            )
        bounds = [(day == "") | (day >= end), day >= start, day >= last_part]
        facts = {"past_until": past[-1], "first_day": period[0], "last_day": period[-1]}
        yield Fold(
            np.select(bounds, ["", "test", "validation"], "train"),
            {name: str(value) for name, value in facts.items()},
        )


def _first_days(known: np.ndarray, periods: int) -> list[str]:
    """Where periods of about equal rows begin, in sorted days; fewer where there are no more days.

    Each is cut from what is left, so that a day with very many rows takes a period of its own.
    """
    later = known[known >= known[int(len(known) * FIRST_PAST)]]
    found = [later[0]]
    for left in range(periods, 1, -1):
        later = later[(later > found[-1]) & (later >= later[len(later) // left])]
        if not len(later):
            break
        found.append(later[0])
    return found
