"""Folds for validation: k parts of the rows by hash, or a backtest in which each looks back only.

A fold is a split of the rows of its own: train, validation and test, or "" for a row that it leaves
out. Rows of the one test split are in no fold, so what is chosen by folds is chosen without them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import roles
from splits import row_shares
from values import DataError

METHODS = ("holdout", "cross_validation", "backtest")
MAX_FOLDS = 8  # a processing job has ten inputs, and the summary reads a model of each fold
FIRST_PAST = 0.5  # of the rows come before the first period that a backtest predicts


@dataclass(frozen=True)
class Fold:
    """Which part each row plays, and what folds.json says of it beside the rows of each part."""

    split: np.ndarray
    facts: dict[str, Any]


def check_number(folds: int) -> None:
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
