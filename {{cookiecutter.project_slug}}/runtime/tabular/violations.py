"""What breaks a data contract: one report by column, and the check of single records."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .contract import Column, Contract
from .few_records import FEW, MOST_DAYS, number_column, raw_column
from .records import Columns
from .spelling import Reading
from .values import DataError, is_day, text

Number = Callable[[Any], float]
UNREADABLE = ("missing_column", "type")  # rules that leave no value to predict from
EXAMPLES = 3  # of each violation
NAMED = 3  # violations in the one sentence about all of them


def _counted(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'s' * (count != 1)}"


@dataclass(frozen=True)
class Violation:
    """One rule that a column breaks: in how many rows (0: as a whole), with some of the values."""

    column: str
    rule: str
    severity: str
    finding: str
    rows: int = 0
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = f" in {_counted(self.rows, 'row')}" if self.rows else ""
        shown = f", such as {', '.join(map(repr, self.examples))}" if self.examples else ""
        return f"{self.column}: {self.finding}{rows}{shown}"


@dataclass(frozen=True)
class Report:
    """Every violation, by column; as text, a line for each."""

    rows: int
    violations: list[Violation]

    @property
    def errors(self) -> list[Violation]:
        """What the contract calls an error."""
        return [each for each in self.violations if each.severity == "error"]

    @property
    def warnings(self) -> list[Violation]:
        """What the contract calls a warning."""
        return [each for each in self.violations if each.severity == "warning"]

    def __str__(self) -> str:
        lines = [f"{each.severity:7} {each} [{each.rule}]" for each in self.violations]
        errors = _counted(len(self.errors), "error")
        warnings = _counted(len(self.warnings), "warning")
        head = f"data contract: {errors} and {warnings} in {_counted(self.rows, 'row')}"
        return "\n".join([head, *lines])

    def refuse_errors(self) -> None:
        """Raise a DataError that names the first errors, when there are any."""
        if self.errors:
            more = len(self.errors) - NAMED
            found = "; ".join(map(str, self.errors[:NAMED])) + f"; and {more} more" * (more > 0)
            raise DataError(f"the data contract is broken: {found}")


def report(found: Iterable[Violation], rows: int, order: Iterable[str]) -> Report:
    """One report of what was found, by column; the same rule in the same column is one line."""
    groups: dict[tuple[str, str, str, str], list[Violation]] = {}
    for each in found:
        if each.severity != "ignore":
            key = (each.column, each.rule, each.severity, each.finding)
            groups.setdefault(key, []).append(each)
    lines = []
    for key, group in groups.items():
        examples = dict.fromkeys(example for each in group for example in each.examples)
        lines.append(Violation(*key, sum(each.rows for each in group), tuple(examples)[:EXAMPLES]))
    position = {name: place for place, name in enumerate(dict.fromkeys(order))}
    return Report(rows, sorted(lines, key=lambda each: position.get(each.column, len(position))))


class RecordCheck:
    """Holds records to a contract in microseconds: only a value that is odd is judged.

    Columns of the contract that the model does not take (the target, identifiers) are not asked
    for, and shares of missing values only count where none may be missing.
    """

    def __init__(self, contract: Contract, columns: Iterable[str]) -> None:
        self._contract = contract
        self._columns = {n: contract.columns[n] for n in columns if n in contract.columns}
        self._readings = {name: contract.reading(name) for name in self._columns}
        self._numbers: list[tuple[Number, str, float, float, bool]] = []
        self._dates: list[tuple[str, str, str]] = []
        self._days: dict[str, set[str]] = {}  # that came before, and are within the bounds
        self._spelled_dates: list[tuple[Reading, str, str]] = []
        self._texts: list[tuple[str, frozenset[str], frozenset[str | None]]] = []
        for name, column in self._columns.items():
            read = self._readings[name]
            if column.numeric and column.role == "numeric":
                number = float if read.plain else read.number
                self._numbers.append((number, name, *column.bounds, column.type == "integer"))
            elif column.role == "date" and read.plain:
                self._dates.append((name, *column.bounds))
                self._days[name] = set()
            elif column.role == "date":
                self._spelled_dates.append((read, *column.bounds))
            elif column.categories:
                known = frozenset(column.categories)
                may_lack = column.missing_at_most > 0
                self._texts.append((name, known, known | {None} if may_lack else known))

    def hold(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
        """The records; DataError where the contract calls one of their violations an error.

        Warnings are printed to stderr, and a value that cannot be read becomes a missing one.
        """
        if isinstance(records, Columns):
            return self._hold_many(records)
        odd = self._odd_ones(records)
        if not any(odd):
            return records
        self._tell(self._report(records, odd))
        return list(map(self._readable, records, odd))

    def _hold_many(self, records: Columns) -> Columns:
        """The same for many records by column: those that may be odd are looked at one by one."""
        from .suspects import suspects  # here, because a server may have no Arrow

        places = suspects(records, self._columns, self._readings, self._broken)
        some = records.take(places)
        odd = [self._odd(each) for each in some]
        if not any(odd):
            return records
        found = self._report(some, odd)
        self._tell(Report(len(records), found.violations))
        unread = [
            (place, name)
            for place, record, names in zip(places, some, odd, strict=True)
            for name in names
            if self._broken(name, record) in UNREADABLE
        ]
        return records.without(unread) if unread else records

    def refused(self, records: Columns) -> dict[int, list[str]]:
        """The records that `hold` refuses, by their place: what the contract calls errors."""
        from .suspects import suspects  # here, because a server may have no Arrow

        places = suspects(records, self._columns, self._readings, self._broken)
        found = {}
        for place, record in zip(places, records.take(places), strict=True):
            judged = self._judge(record, self._odd(record))
            if errors := [f"{v.column}: {v.finding}" for v in judged if v.severity == "error"]:
                found[place] = errors
        return found

    @staticmethod
    def _tell(found: Report) -> None:
        """Print warnings; DataError where there are errors."""
        found.refuse_errors()
        if found.violations:
            print(found, file=sys.stderr)

    def report(self, records: Sequence[Mapping[str, Any]]) -> Report:
        """The violations in all records of a request."""
        return self._report(records, [self._odd(each) for each in records])

    def _report(self, records: Sequence[Mapping[str, Any]], odd: list[list[str]]) -> Report:
        places = zip(records, odd, strict=True)
        found = (each for record, names in places for each in self._judge(record, names))
        return report(found, len(records), self._columns)

    def _readable(self, record: Mapping[str, Any], odd: list[str]) -> Mapping[str, Any]:
        unread = [name for name in odd if self._broken(name, record) in UNREADABLE]
        return {**record, **dict.fromkeys(unread)} if unread else record

    def _odd(self, record: Mapping[str, Any]) -> list[str]:
        """The columns of a record that are not plainly as agreed."""
        odd = []
        for number, name, low, high, whole in self._numbers:
            try:
                value = number(record[name])
                if not low <= value <= high or (whole and value % 1):
                    odd.append(name)
            except (KeyError, TypeError, ValueError, OverflowError):
                odd.append(name)
        for name, first, last in self._dates:
            day = record.get(name)
            if not (isinstance(day, str) and first <= day[:10] <= last and is_day(day)):
                odd.append(name)
        for read, first, last in self._spelled_dates:
            if not _reads_within(read, record, first, last):
                odd.append(read.name)
        for name, known, _ in self._texts:
            label = record.get(name)
            if not (isinstance(label, str) and label in known):
                odd.append(name)
        return odd

    def _odd_ones(self, records: Sequence[Mapping[str, Any]]) -> list[list[str]]:
        """`_odd` of each record, a column at a time where there are several."""
        if len(records) < FEW:
            return [self._odd(each) for each in records]
        odd: list[list[str]] = [[] for _ in records]

        def add(name: str, agreed: np.ndarray) -> None:
            may_lack = self._columns[name].missing_at_most > 0
            for place in np.flatnonzero(~agreed).tolist():
                if not (may_lack and records[place].get(name, "?") is None):
                    odd[place].append(name)

        with np.errstate(invalid="ignore"):
            for number, name, low, high, whole in self._numbers:
                values = number_column(records, name, number)
                agreed = (low <= values) & (values <= high)
                add(name, agreed & (values % 1 == 0) if whole else agreed)
        for name, first, last in self._dates:
            days, seen = raw_column(records, name), self._days[name]
            if _all_in(days, seen):
                continue
            within = [isinstance(d, str) and first <= d[:10] <= last and is_day(d) for d in days]
            if all(within) and len(seen) < MOST_DAYS:
                seen.update(days)
            add(name, np.array(within))
        for read, first, last in self._spelled_dates:
            add(read.name, np.array([_reads_within(read, each, first, last) for each in records]))
        for name, known, and_none in self._texts:
            labels = raw_column(records, name)
            if not _all_in(labels, and_none):
                add(name, np.array([isinstance(e, str) and e in known for e in labels]))
        return odd

    def _judge(self, record: Mapping[str, Any], odd: list[str]) -> Iterable[Violation]:
        for name in odd:
            if rule := self._broken(name, record):
                severity = self._contract.severity(rule, name)
                value = text(record.get(name))  # as it was written
                finding = self._columns[name].finding(rule)
                yield Violation(name, rule, severity, finding, 1, (value,) * bool(value))

    def _broken(self, name: str, record: Mapping[str, Any]) -> str:
        """The rule that a record breaks in a column; "" for none."""
        if name not in record:
            return "missing_column"
        try:
            known = self._readings[name].known(record[name])
        except DataError:
            return "type"
        if known is None:
            return "" if self._columns[name].missing_at_most else "missing_values"
        return broken_rule(self._columns[name], known)


def _all_in(labels: Iterable[Any], known: frozenset[Any] | set[Any]) -> bool:
    try:
        return known.issuperset(labels)
    except TypeError:  # a list or an object, which is no label
        return False


def _reads_within(read: Reading, record: Mapping[str, Any], first: str, last: str) -> bool:
    try:
        return first <= read.day(record[read.name]) <= last
    except (KeyError, DataError):
        return False


def broken_rule(column: Column, known: float | str) -> str:
    """The rule that a known value breaks, an ISO day if it is a date; "" for none."""
    if isinstance(known, float):
        return _by_number(column, known)
    if column.type == "date":
        return _by_day(column, known)
    return "categories" if column.categories and known not in column.categories else ""


def _by_number(column: Column, number: float) -> str:
    low, high = column.bounds
    least, most = column.far
    if not least <= number <= most and column.off_by_factor(number):
        return "unit"
    if not low <= number <= high:
        return "range"
    return "whole_number" if column.type == "integer" and number % 1 else ""


def _by_day(column: Column, day: str) -> str:
    first, last = column.bounds
    if day > last and column.until_today:
        return "future_date"
    return "" if first <= day <= last else "range"
