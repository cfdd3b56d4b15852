"""How columns become numbers, by their roles.

A record maps column names to raw values. A numeric column gives one number; a date three (year,
month, days since the reference date); a categorical column one 0-or-1 number for each frequent
category and one for all others. No pandas: a record takes microseconds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from math import isnan
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from .few_records import FEW, Rows, encoded
from .records import Columns, Record, Split, by_column
from .spelling import Reading, reading
from .values import DataError, date_parts, number, text

if TYPE_CHECKING:
    from .table_encoding import TableEncoder

Number = Callable[[Any, str], float]  # of a raw value and the name of its column
Text = Callable[[Any], str]  # of a raw value: "" when missing
Derived = tuple[str, Callable[[Record], Any]]  # the role, and what gives the raw value

DATE_PARTS = ("year", "month", "days")


def described(
    columns: Sequence[Mapping[str, Any]], derived: Mapping[str, Derived]
) -> list[Mapping[str, Any]]:
    """All that is to be encoded: the columns, and what is derived of them.

    Raises:
        DataError: a derived feature has the name of a column.
    """
    names = [column["name"] for column in columns]
    for name in derived:
        if name in names:
            raise DataError(f"features.py derives {name!r}, which is a column; choose another name")
    return [*columns, *({"name": name, "role": role} for name, (role, _) in derived.items())]


def with_derived(
    records: Iterable[Record], columns: Sequence[Mapping[str, Any]], derived: Mapping[str, Derived]
) -> Iterator[Sequence[Record]]:
    """Training records with what is derived of them, some at a time.

    Raises:
        DataError: a derived feature needs a column that is not there.
    """
    spelled = spelled_columns(columns)
    batches = records.batches() if isinstance(records, Split) else [list(records)]
    for batch in batches:
        try:
            yield completed(batch, derived, spelled)
        except KeyError as missing:
            raise DataError(
                f"features.py derives a feature from {missing}, which is not among the columns "
                f"that the model gets: {', '.join(column['name'] for column in columns)}"
            ) from None


def completed(
    records: Sequence[Record], derived: Mapping[str, Derived], spelled: Sequence[Reading]
) -> Any:
    """Raw records, by column or not, with the raw values that are derived of each."""
    if not derived:
        return records
    rows = [complete(record, derived, spelled) for record in records]
    if not isinstance(records, Columns):
        return rows
    return records.changed({name: [row[name] for row in rows] for name in derived})


def spelled_columns(columns: Iterable[Mapping[str, Any]]) -> list[Reading]:
    """The readings of the columns that are not read as by default."""
    return [each for each in map(reading, columns) if not each.plain]


def complete(
    record: Record, derived: Mapping[str, Derived], spelled: Sequence[Reading] = ()
) -> Record:
    """A raw record with the raw values that are derived of it.

    A derived feature knows nothing of spellings: it gets numbers, ISO days and None for missing
    where a column is spelled in a way of its own.
    """
    if not derived:
        return record
    known = record
    if spelled:
        known = {**record, **{each.name: each.known(record[each.name]) for each in spelled}}
    return {**record, **{name: value(known) for name, (_, value) in derived.items()}}


def fit(
    batches: Iterable[Sequence[Record]],
    columns: Sequence[Mapping[str, Any]],
    impute: bool,
    reference: str,
    max_categories: int,
    min_category_rows: int,
) -> list[dict[str, Any]]:
    """What is learned of each column (name, role and how it is read), as plain data.

    Args:
        batches: raw training records, some at a time.
        columns: to encode, in this order.
        impute: missing numbers and dates become medians; else they stay NaN.
        reference: the ISO day from which days are counted.
        max_categories: a column has at most so many; all others are one.
        min_category_rows: a category has at least so many rows.
    """
    learned = [each for each in columns if impute or each["role"] == "categorical"]
    seen = count(batches, learned)
    fitted = []
    for column in columns:
        if column["role"] == "categorical":
            common = seen[column["name"]].most_common(max_categories)
            frequent = [value for value, rows in common if rows >= min_category_rows]
            fitted.append({**column, "categories": sorted(frequent)})
        else:
            known = [each for each in seen[column["name"]].elements() if each] if impute else []
            fitted.append({**column, "fill": _fill(column, known, reference)})
    return fitted


def count(
    batches: Iterable[Sequence[Record]], columns: Sequence[Mapping[str, Any]]
) -> dict[str, Counter[str]]:
    """How many rows have each text of each column, in the order of their first rows."""
    readings = [reading(column) for column in columns]
    seen: dict[str, Counter[str]] = {each.name: Counter() for each in readings}
    for batch in batches:
        if isinstance(batch, Columns):
            from .table_encoding import counted

            counted(batch, readings, seen)
            continue
        for read in readings:
            seen[read.name].update(read.text(record[read.name]) for record in batch)
    return seen


def _fill(column: Mapping[str, Any], known: Sequence[str], reference: str) -> Any:
    """What stands for a missing number or date; None for nothing."""
    read, name = reading(column), column["name"]
    if column["role"] == "numeric":
        numbers = [each for each in map(read.number, known) if not isnan(each)]
        return median(numbers) if numbers else None
    parts = zip(*(date_parts(read.day(value), reference, name) for value in known), strict=True)
    return [median(part) for part in parts] or None


def _number(read: Reading) -> Number:
    """What reads a number; of a column that is read as by default, at no cost of its own."""
    return number if read.plain else lambda value, _name: read.number(value)


class Encoder:
    """Turns records into rows of numbers, as `fit` learned; `names` says what each number is.

    A subclass has the features that it derives of a record; those that were learned are encoded.
    """

    derived: Mapping[str, Derived] = {}

    def __init__(self, preprocessing: Mapping[str, Any]) -> None:
        self.names: list[str] = []
        self._numbers: list[tuple[Number, str, int, float]] = []
        self._dates: list[tuple[Text, str, int, list[float]]] = []
        self._categories: list[tuple[Text, str, dict[str, int], int]] = []
        self._fitted: Sequence[Mapping[str, Any]] = preprocessing["columns"]
        self._reference: str = preprocessing["reference_date"]
        names = [column["name"] for column in preprocessing["columns"]]
        self._derived = {name: self.derived[name] for name in names if name in self.derived}
        self._spelled = spelled_columns(preprocessing["columns"]) if self._derived else []
        for column in preprocessing["columns"]:
            self._add(column, start=len(self.names))

    def _add(self, column: Mapping[str, Any], start: int) -> None:
        name, nan = column["name"], float("nan")
        read = reading(column)
        if column["role"] == "numeric":
            fill = nan if column["fill"] is None else column["fill"]
            self._numbers.append((_number(read), name, start, fill))
            self.names.append(name)
        elif column["role"] == "date":
            fills = column["fill"] or [nan] * len(DATE_PARTS)
            self._dates.append((text if read.plain else read.day, name, start, fills))
            self.names += [f"{name}.{part}" for part in DATE_PARTS]
        else:
            positions = {value: start + i for i, value in enumerate(column["categories"])}
            self._categories.append(
                (text if read.plain else read.text, name, positions, start + len(positions))
            )
            self.names += [f"{name}={value or '(missing)'}" for value in positions] + [
                f"{name}=(other)"
            ]

    @cached_property
    def by_column(self) -> "TableEncoder":
        """The same encoding for many records at once."""
        from .table_encoding import TableEncoder  # here, because a record need not wait for Arrow

        return TableEncoder(self._fitted, self._reference)

    def complete(self, record: Record) -> Record:
        """A raw record with the raw values that are derived of it."""
        return complete(record, self._derived, self._spelled)

    def encode(self, record: Record) -> list[float]:
        """One record as numbers, in the order of `names`; DataError names the field at fault."""
        row = [0.0] * len(self.names)
        try:
            record = self.complete(record)
            for as_number, name, at, fill in self._numbers:
                value = as_number(record[name], name)
                row[at] = fill if value != value else value  # NaN is unequal to itself
            for as_day, name, at, fills in self._dates:
                day = as_day(record[name])
                row[at : at + 3] = date_parts(day, self._reference, name) if day else fills
            for as_text, name, positions, other in self._categories:
                row[positions.get(as_text(record[name]), other)] = 1.0
        except KeyError as missing:
            raise DataError(
                f"field {missing} is not in the record; give null when it is unknown"
            ) from None
        return row

    def matrix(self, records: Sequence[Record]) -> np.ndarray:
        """Many records, as an array of shape (records, names); DataError says which record."""
        small = self.small(records)
        if small is not None:
            return self.by_column.matrix(small)
        if len(records) >= FEW:
            if not isinstance(records, Rows):
                records = Rows(records)  # by column, each look would make all of them anew
            try:
                parts = self._numbers, self._dates, self._categories
                whole = completed(records, self._derived, self._spelled)
                return encoded(whole, *parts, self._reference, len(self.names))
            except (DataError, KeyError):
                pass  # which of them, and why, is for `encode` to say
        rows = []
        for position, record in enumerate(records, start=1):
            try:
                rows.append(self.encode(record))
            except DataError as error:
                raise DataError(f"record {position}: {error}") from None
        return np.array(rows, dtype=float).reshape(len(rows), len(self.names))

    def small(self, records: Sequence[Record]) -> list[np.ndarray] | None:
        """Many records as `by_column` keeps them; None where they are few, or one is at fault.

        Which of them, and why, is for `encode` to say.
        """
        read = [column["name"] for column in self._fitted]
        table = by_column(records, list(records[0]) if self._derived and records else read)
        if not isinstance(table, Columns):
            return None
        try:
            return self.by_column.small(completed(table, self._derived, self._spelled))
        except (DataError, KeyError):
            return None
