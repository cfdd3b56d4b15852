"""What preprocessing leaves: the splits as CSV, test records as JSON Lines, and any folds."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from . import job, splits
from .splits import SPLITS, Fold
from .values import DataError


def split_rows(raw: pd.DataFrame, options: Namespace) -> np.ndarray:
    """The split of each row, as the arguments ask."""
    if options.split == "hash":
        return splits.split_by_hash(raw, options.test_share, options.validation_share)
    return splits.split_by_date(date_column(raw, options), job.words(options.split_dates))


def date_column(raw: pd.DataFrame, options: Namespace) -> pd.Series:
    """The column that tells past from future."""
    name = options.split_date_column
    if name not in raw.columns:
        raise DataError(
            f"--split-date-column {name!r} is not in the data{job.suggest(name, raw.columns)}"
        )
    return raw[name]


def fold_rows(
    raw: pd.DataFrame, labels: pd.Series, split: np.ndarray, kind: str, options: Namespace
) -> list[Fold]:
    """The folds that the arguments ask for, of the rows outside the test split; holdout: none."""
    if options.validation == "holdout":
        return []
    splits.check_folds(options.folds)
    splits.check_shares(options.test_share, options.validation_share)
    asked = split != "test", options.folds, options.validation_share / (1 - options.test_share)
    if options.validation == "backtest":
        found = list(splits.backtest(date_column(raw, options), *asked))
    else:
        found = list(splits.cross_validation(raw, *asked))
    for number, fold in enumerate(found, start=1):
        used = fold.split != ""
        splits.check_splits(labels[used], fold.split[used], kind, f"fold {number}'s ")
    return found


def count(split: np.ndarray) -> dict[str, int]:
    """How many rows each split has."""
    return {name: int((split == name).sum()) for name in SPLITS}


def slice_columns(raw: pd.DataFrame, options: Namespace) -> list[str]:
    """The columns that the test rows keep for metrics by their values."""
    names = job.words(options.slices)
    for name in names:
        if name not in raw.columns:
            raise DataError(
                f"--slices names {name!r}, which is not in the data{job.suggest(name, raw.columns)}"
            )
    return names


def write_splits(
    folder: Path, frame: pd.DataFrame, split: np.ndarray, kept: Sequence[str] = ()
) -> None:
    """Write <split>/<split>.csv for each split; columns in `kept` are for the test rows only."""
    for name in SPLITS:
        (folder / name).mkdir(parents=True)
        rows = frame[split == name]
        rows = rows if name == "test" else rows.drop(columns=list(kept))
        rows.to_csv(folder / name / f"{name}.csv", index=False, lineterminator="\n")


def write_records(
    folder: Path, frame: pd.DataFrame, split: np.ndarray, columns: Sequence[str]
) -> None:
    """Write records/test.jsonl: the raw test rows, without the answer, as a request has them."""
    (folder / "records").mkdir(parents=True)
    rows = frame.loc[split == "test", list(columns)]
    file = folder / "records" / "test.jsonl"
    rows.to_json(file, orient="records", lines=True, force_ascii=False)


def write_folds(folder: Path, frame: pd.DataFrame, found: Sequence[Fold], kind: str) -> None:
    """Write the splits of each fold, and folds.json with their rows and, in a backtest, days."""
    facts = []
    for number, fold in enumerate(found, start=1):
        write_splits(folder / str(number), frame, fold.split)
        facts.append({"fold": number, "rows": count(fold.split), **fold.facts})
    job.write_json(folder / "folds.json", {"kind": kind, "folds": facts})
