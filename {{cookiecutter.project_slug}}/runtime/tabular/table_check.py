"""Holds a whole table to a data contract: column by column, batch after batch."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from .batches import Batch, of_columns
from .column_check import ColumnCheck
from .contract import Contract
from .duplicate_keys import Keys
from .hosts import ALONE, Hosts
from .violations import Report, Violation, report


class TableCheck:
    """What the rows of a table break of a contract."""

    def __init__(self, agreed: Contract, names: Iterable[str]) -> None:
        self._agreed, self._names = agreed, list(names)
        self._checked = {
            name: column
            for name, column in agreed.columns.items()
            if column.role != "drop" or name in agreed.key
        }
        self._columns = {
            name: ColumnCheck(column, agreed.reading(name))
            for name, column in self._checked.items()
            if name in self._names
        }
        whole_key = agreed.key and set(agreed.key) <= set(self._names)
        self._keys = Keys(agreed.key) if whole_key else None
        self._rows = 0

    def watch(self, rows: Iterable[Batch]) -> Iterator[Batch]:
        """The batches, each judged on its way; what cannot be read is missing in them."""
        for batch in rows:
            self._rows += batch.rows
            if self._keys:
                self._keys.add(batch)
            bad = {name: check.add(batch.columns[name]) for name, check in self._columns.items()}
            yield _without(batch, bad)

    def merge(self, other: "TableCheck") -> None:
        """Take in what was found in other rows of the table."""
        self._rows += other._rows
        for name, check in self._columns.items():
            check.merge(other._columns[name])
        if self._keys and other._keys:
            self._keys.merge(other._keys)

    def report(self, again: Callable[[], Iterable[Batch]], hosts: Hosts = ALONE) -> Report:
        """Every violation, once all rows went by; `again` reads them, if keys come twice."""
        found = [*self._by_name(), *self._by_column(), *self._duplicates(again, hosts)]
        return report(found, self._rows, [*self._agreed.columns, *self._names])

    def _by_name(self) -> Iterator[Violation]:
        for name, column in self._checked.items():
            if name not in self._names:
                severity = self._agreed.severity("missing_column", name)
                yield Violation(name, "missing_column", severity, column.finding("missing_column"))
        for name in self._names:
            if name not in self._agreed.columns:
                severity = self._agreed.severity("unexpected_column", name)
                yield Violation(name, "unexpected_column", severity, "is not in the contract")

    def _by_column(self) -> Iterator[Violation]:
        for name, check in self._columns.items():
            for rule, broken in check.found():
                yield Violation(
                    name,
                    rule,
                    self._agreed.severity(rule, name),
                    self._checked[name].finding(rule),
                    broken.rows,
                    tuple(broken.examples),
                )

    def _duplicates(
        self, again: Callable[[], Iterable[Batch]], hosts: Hosts
    ) -> Iterator[Violation]:
        """Rows that share the whole key with another row."""
        if self._keys and (broken := self._keys.duplicates(again(), hosts)).rows:
            key, finding = self._agreed.key, "a key that another row has too"
            severity = self._agreed.severity("duplicate_key", key[0])
            name, examples = ", ".join(key), tuple(broken.examples)
            yield Violation(name, "duplicate_key", severity, finding, broken.rows, examples)


def readable(rows: Iterable[Batch], agreed: Contract, names: Iterable[str]) -> Iterator[Batch]:
    """The batches, in which what some columns hold and cannot be read is missing."""
    checks = {name: ColumnCheck(agreed.columns[name], agreed.reading(name)) for name in names}
    for batch in rows:
        yield _without(batch, {n: check.add(batch.columns[n]) for n, check in checks.items()})


def _without(batch: Batch, bad: Mapping[str, np.ndarray]) -> Batch:
    return batch.changed(
        {name: batch.columns[name].without(marks) for name, marks in bad.items() if marks.any()}
    )


def violations(rows: Batch | Mapping[Any, Any], agreed: Contract) -> Report:
    """Every violation in rows that are in memory: a batch, or columns of texts by name."""
    batch = rows if isinstance(rows, Batch) else of_columns(rows)
    check = TableCheck(agreed, batch.columns)
    for _ in check.watch([batch]):
        pass
    return check.report(lambda: [batch])
