"""Which rows train, validate and test: by the row alone, so that growing data moves none."""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

import roles
from values import DataError

SPLITS = ("train", "validation", "test")


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
