"""The two passes over a table: all rows are looked at, and then given once more to be written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from . import files, progress, readable, table_check
from .batches import Batch, Table, open_table
from .contract import Contract
from .hosts import ALONE, Hosts
from .profile import ColumnFacts, Profile, profile
from .roles import Columns
from .spelling import Reading
from .table_check import TableCheck
from .target_rows import labelled, with_target
from .values import DataError
from .violations import Report


@dataclass
class Survey:
    """What all rows hold that have a target.

    Attributes:
        table: the files.
        agreed: the data contract that the rows keep, if there is one.
        rows: how many there are, those without a target among them.
        facts: of each column, from the rows with a target.
        unreadable: columns with values that the contract's type does not fit, as a warning.
        sample: rows with a target as texts, drawn at random, if that was asked for.
        drawn: the numbers of these rows in the table.
    """

    table: Table
    agreed: Contract | None
    rows: int
    facts: dict[str, ColumnFacts]
    unreadable: list[str]
    sample: pa.Table
    drawn: np.ndarray

    def again(self, target: Reading, columns: Columns | None = None) -> Iterator[Batch]:
        """The rows with a target, once more.

        Args:
            target: how the target is read.
            columns: what is used; DataError for a value that the role of its column cannot read.
        """
        rows = progress.told(self.table.batches(), "writing", lambda done: done / self.rows)
        if self.agreed and self.unreadable:
            rows = table_check.readable(rows, self.agreed, self.unreadable)
        rows = labelled(rows, target)
        return readable.check_rows(rows, columns.readings(), self.facts) if columns else rows


def open_share(
    source: Path, column_names: Sequence[str], row_limit: int, hosts: Hosts = ALONE
) -> Table:
    """The table, or one host's files of it, with the columns that any host's have.

    Raises:
        DataError: no host has a file, or one of them cannot be read.
    """

    def look() -> Table | None:
        if hosts.are_several and not files.has_tables(source):
            return None
        return open_table(source, column_names, row_limit)

    if hosts.are_several and row_limit:
        raise DataError("row_limit is for one host: the first rows of a table are one host's")
    tables = hosts.agree(look)
    own = tables[hosts.rank] or Table([], [], row_limit)
    own.columns = list(dict.fromkeys(name for each in tables if each for name in each.columns))
    own.notes = [note for each in tables if each for note in each.notes]
    if not own.columns:
        raise DataError(f"no host has a CSV or Parquet file in {source}; give a folder of them")
    return own


@dataclass
class Looked:
    """What a host found in its rows: how many, their facts, what of them breaks the contract."""

    rows: int
    found: Profile
    check: TableCheck | None

    def merge(self, other: "Looked") -> None:
        """Take in what another host found; the sample stays this one's."""
        self.rows += other.rows
        for name, facts in self.found.columns.items():
            facts.merge(other.found.columns[name])
        if self.check and other.check:
            self.check.merge(other.check)


def survey(
    table: Table,
    target: str,
    agreed: Contract | None,
    sample_rows: int = 0,
    hosts: Hosts = ALONE,
) -> Survey:
    """Look at all rows of a table, and print what breaks the contract; DataError for an error."""
    table.with_comma = _with_comma(agreed) if agreed else frozenset()
    read = agreed.reading(target) if agreed else Reading(target, "categorical")

    def look() -> Looked:
        rows = progress.told(table.batches(), "reading", lambda _: table.share)
        check = TableCheck(agreed, table.columns) if agreed else None
        counted = _Counted(check.watch(rows) if check else rows)
        found = profile(with_target(counted, read), table.columns, sample_rows)
        return Looked(counted.rows, found, check)

    all_rows, *others = hosts.agree(look)
    for each in others:
        all_rows.merge(each)
    unreadable: list[str] = []
    if all_rows.check:
        report = all_rows.check.report(table.batches, hosts)
        print(report)
        report.refuse_errors()
        unreadable = [each.column for each in report.violations if each.rule == "type"]
    found = all_rows.found
    sample = found.sample, found.drawn
    return Survey(table, agreed, all_rows.rows, found.columns, unreadable, *sample)


def report_of(table: Table, agreed: Contract) -> Report:
    """What all rows of a table break of a contract."""
    table.with_comma = _with_comma(agreed)
    check = TableCheck(agreed, table.columns)
    for _ in check.watch(table.batches()):
        pass
    return check.report(table.batches)


def _with_comma(agreed: Contract) -> frozenset[str]:
    numerals = {name: agreed.reading(name).numeral for name in agreed.columns}
    return frozenset(
        name for name, each in numerals.items() if each and each.pattern.decimal == ","
    )


class _Counted:
    """Batches on their way, and how many rows went by."""

    def __init__(self, rows: Iterator[Batch]) -> None:
        self._batches, self.rows = rows, 0

    def __iter__(self) -> Iterator[Batch]:
        for batch in self._batches:
            self.rows += batch.rows
            yield batch
