"""What preprocessing leaves: the splits as CSV, test records as JSON Lines, and any folds.

Rows come batch after batch and are written as they come. `Splitting` says which part each plays,
`write` writes them: all rows of a table, or those of one host's files under a name of their own.
"""

from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from . import job, readable, rendering, splits
from .batches import Batch
from .hosts import ALONE, Hosts
from .profile import ColumnFacts
from .proposal import propose
from .spelling import Reading
from .splits import SPLITS, Days, Fold, Period
from .values import DataError
from .written import Labels, Written, no_labels


@dataclass
class Splitting:
    """Which rows train, validate and test, and which folds they are in.

    `dates` reads the column that tells past from future, where one is needed; `periods` are those
    of a backtest. `given_from` is the number of the first row of a test table, where there is one.
    """

    options: Namespace
    dates: Reading | None
    periods: list[Period] = field(default_factory=list)
    given_from: int | None = None

    @classmethod
    def of(
        cls, options: Namespace, facts: dict[str, ColumnFacts], readings: dict[str, Reading]
    ) -> "Splitting":
        """As the arguments ask; DataError where the data does not allow it."""
        if options.split == "hash" or options.validation != "holdout":
            splits.check_shares(options.test_share, options.validation_share)
        if options.validation != "holdout":
            splits.check_folds(options.folds)
        if options.split == "hash" and options.validation != "backtest":
            return cls(options, None)
        name = options.split_date_column
        if name not in facts:
            raise DataError(
                f"`split_date_column` {name!r} is not in the data{job.suggest(name, facts)}"
            )
        dates = _dates(facts[name], readings.get(name))
        if options.split == "date":
            days = _by_day(facts[name].counts(), dates)
            splits.check_boundaries(job.words(options.split_dates), days)
        return cls(options, dates)

    def split(self, batch: Batch) -> np.ndarray:
        """The split of each row; with a test table, what would have been a test row trains."""
        split = self._by_options(batch)
        if self.given_from is None:
            return split
        own = np.where(split == "test", "train", split)
        return np.where(batch.numbers >= self.given_from, "test", own)

    def _by_options(self, batch: Batch) -> np.ndarray:
        if self.options.split == "hash":
            shares = self.options.test_share, self.options.validation_share
            return splits.split_by_hash(batch, *shares)
        return splits.split_by_date(self.days(batch), job.words(self.options.split_dates))

    def days(self, batch: Batch) -> np.ndarray:
        """The day of each row as text that begins with an ISO day, "" where it has none."""
        assert self.dates is not None
        column, read = batch.columns[self.dates.name], self.dates
        known = column.texts.to_pylist()
        days = [each if read.plain else each and read.day(each) for each in known]
        return np.array([each or "" for each in days], dtype=str)[column.codes]

    def look(self, again: Callable[[], Iterable[Batch]], hosts: Hosts = ALONE) -> None:
        """Look at all rows once before they are split, where a backtest needs their days."""
        if self.options.validation != "backtest":
            return
        assert self.dates is not None
        counts = sum(hosts.agree(lambda: self._count_days(again())), Counter())
        asked = self.options.folds, self._validation_share
        self.periods = splits.backtest(Days.of(counts), self.dates.name, *asked)

    def _count_days(self, rows: Iterable[Batch]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for batch in rows:
            days, free = self.days(batch), self.split(batch) != "test"
            found, times = np.unique(days[free & (days != "")].astype("U10"), return_counts=True)
            counts.update(dict(zip(found.tolist(), times.tolist(), strict=True)))
        return counts

    @property
    def _validation_share(self) -> float:
        return self.options.validation_share / (1 - self.options.test_share)

    def folds(self, batch: Batch, split: np.ndarray) -> list[Fold]:
        """The folds that the arguments ask for, of the rows outside the test split."""
        free = split != "test"
        if self.options.validation == "backtest":
            day = np.where(free, self.days(batch).astype("U10"), "")
            return [Fold(period.split(day), period.facts) for period in self.periods]
        if self.options.validation == "holdout":
            return []
        asked = self.options.folds, self._validation_share
        return list(splits.cross_validation(batch, free, *asked))


def _dates(facts: ColumnFacts, known: Reading | None) -> Reading:
    if known and known.role == "date":
        return known
    found = propose(facts.examples, "date", facts.name).reading(facts.name)
    readable.check(facts, found)
    return found


def _by_day(counts: dict[str, int], read: Reading) -> dict[str, int]:
    days: Counter[str] = Counter()
    for each, rows in counts.items():
        if day := read.day(each):
            days[day] += rows
    return days


def slice_columns(names: Sequence[str], options: Namespace) -> list[str]:
    """The columns that the test rows keep for metrics by their values."""
    asked = job.words(options.slices)
    for name in asked:
        if name not in names:
            raise DataError(
                f"`slices` names {name!r}, which is not in the data{job.suggest(name, names)}"
            )
    return asked


def write(
    folder: Path,
    rows: Iterable[Batch],
    names: Sequence[str],
    kept: Sequence[str],
    splitting: Splitting,
    classes: bool,
    part: str = "",
) -> Written:
    """Write splits, test records and folds of rows, all of which have a target.

    Args:
        folder: gets <split>/<split>.csv, records/test.jsonl and folds/<number>/<split>/<split>.csv.
        rows: batch after batch.
        names: of the columns that a model sees, and the target as the last one.
        kept: columns that only the test rows have beside them.
        splitting: which part each row plays.
        classes: whether the target has few values, which are counted.
        part: goes behind each file's name, where several hosts write parts of one table.
    """
    found: Written | None = None
    with ExitStack() as stack:
        files = stack.enter_context(Files(folder, names, kept, part))
        records = stack.enter_context(_new(folder / "records" / f"test{part}.jsonl"))
        folds: list[Files] = []
        for batch in rows:
            split = splitting.split(batch)
            in_folds = splitting.folds(batch, split)
            if found is None:
                places = [folder / "folds" / str(n + 1) for n in range(len(in_folds))]
                folds = [stack.enter_context(Files(each, names, [], part)) for each in places]
                facts = [fold.facts for fold in in_folds]
                found = Written(no_labels(), [no_labels() for _ in folds], facts)
            lines = rendering.csv_lines(batch, names)
            files.write(batch, lines, split)
            test = batch.filter(split == "test")
            records.write(rendering.content(rendering.json_lines(test, names[:-1])))
            count_labels(batch, names[-1] if classes else "", split, found.labels)
            for fold, place, labels in zip(in_folds, folds, found.folds, strict=True):
                place.write(batch, lines, fold.split)
                count_labels(batch, names[-1] if classes else "", fold.split, labels)
        written = records.tell()
    if part and not written:  # no batch job takes an empty file
        Path(records.name).unlink()
    return found or Written(no_labels(), [], [])


class Files:
    """The CSV files of the three splits, each with its header."""

    def __init__(self, folder: Path, names: Sequence[str], kept: Sequence[str], part: str) -> None:
        self._folder, self._part = folder, part
        self._names, self._test_names = list(names), [*names, *kept]
        self._stack = ExitStack()

    def __enter__(self) -> "Files":
        self._files = {
            name: self._stack.enter_context(_new(self._folder / name / f"{name}{self._part}.csv"))
            for name in SPLITS
        }
        for name, file in self._files.items():
            file.write(rendering.header(self._test_names if name == "test" else self._names))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, batch: Batch, lines: pa.LargeStringArray, split: np.ndarray) -> None:
        """Write rows to the split of each, given the lines that all but kept columns make."""
        for name, file in self._files.items():
            mark = split == name
            if name == "test" and len(self._test_names) > len(self._names):
                chosen = rendering.csv_lines(batch.filter(mark), self._test_names)
            else:
                chosen = lines.filter(pa.array(mark))
            file.write(rendering.content(chosen))


def _new(path: Path) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("wb")


def count_labels(batch: Batch, target: str, split: np.ndarray, labels: Labels) -> None:
    """Count the rows of each split, by the values of a target if one is named."""
    texts = batch.columns[target].texts.to_pylist() if target else [""]
    codes = batch.columns[target].codes if target else np.zeros(batch.rows, dtype=int)
    for name in SPLITS:
        times = np.bincount(codes[split == name], minlength=len(texts)).tolist()
        for each, rows in zip(texts, times, strict=True):
            if rows:
                labels[name][each] += rows
