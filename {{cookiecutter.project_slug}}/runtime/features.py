"""How a raw record becomes numbers: one definition for training and for every prediction.

A record maps column names to raw values. A numeric column gives one number; a date three (year,
month, days since the reference date); a categorical column one 0-or-1 number for each frequent
category and one for all others. No pandas: a record takes microseconds.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

import numpy as np

from tabular.values import DataError, date_parts, number, text

Record = Mapping[str, Any]

REFERENCE_DATE = "2000-01-01"  # fixed, so that the age of an old row never changes
DATE_PARTS = ("year", "month", "days")
MAX_CATEGORIES, MIN_CATEGORY_ROWS = 100, 5  # rarer categories have too few rows to learn from


def fit(
    records: Iterable[Record], columns: Sequence[Mapping[str, str]], impute: bool
) -> dict[str, Any]:
    """Learn the encoding of `columns` (name and role) from training records, as plain data.

    With `impute`, missing numbers and dates become medians (a linear model needs a value);
    without, they stay NaN (XGBoost has a branch for them).
    """
    seen: dict[str, Counter[str]] = {column["name"]: Counter() for column in columns}
    for record in records:
        for name, counts in seen.items():
            counts[text(record[name])] += 1
    fitted = [_fit_column(dict(column), seen[column["name"]], impute) for column in columns]
    return {"reference_date": REFERENCE_DATE, "columns": fitted}


def _fit_column(column: dict[str, Any], counts: Counter[str], impute: bool) -> dict[str, Any]:
    name, role = column["name"], column["role"]
    if role == "categorical":
        frequent = [
            value for value, rows in counts.most_common(MAX_CATEGORIES) if rows >= MIN_CATEGORY_ROWS
        ]
        return {**column, "categories": sorted(frequent)}
    known = [value for value in counts.elements() if value] if impute else []
    if role == "numeric":
        return {**column, "fill": median(number(value, name) for value in known) if known else None}
    parts = zip(*(date_parts(value, REFERENCE_DATE, name) for value in known), strict=True)
    return {**column, "fill": [median(part) for part in parts] or None}


class Encoder:
    """Turns records into rows of numbers, as `fit` learned; `names` says what each number is."""

    def __init__(self, preprocessing: Mapping[str, Any]) -> None:
        self.names: list[str] = []
        self._numbers: list[tuple[str, int, float]] = []
        self._dates: list[tuple[str, int, list[float]]] = []
        self._categories: list[tuple[str, dict[str, int], int]] = []
        self._reference: str = preprocessing["reference_date"]
        for column in preprocessing["columns"]:
            self._add(column, start=len(self.names))

    def _add(self, column: Mapping[str, Any], start: int) -> None:
        name, nan = column["name"], float("nan")
        if column["role"] == "numeric":
            fill = nan if column["fill"] is None else column["fill"]
            self._numbers.append((name, start, fill))
            self.names.append(name)
        elif column["role"] == "date":
            self._dates.append((name, start, column["fill"] or [nan] * len(DATE_PARTS)))
            self.names += [f"{name}.{part}" for part in DATE_PARTS]
        else:
            positions = {value: start + i for i, value in enumerate(column["categories"])}
            self._categories.append((name, positions, start + len(positions)))
            self.names += [f"{name}={value or '(missing)'}" for value in positions] + [
                f"{name}=(other)"
            ]

    def encode(self, record: Record) -> list[float]:
        """One record as numbers, in the order of `names`; DataError names the field at fault."""
        row = [0.0] * len(self.names)
        try:
            for name, at, fill in self._numbers:
                value = number(record[name], name)
                row[at] = fill if value != value else value  # NaN is unequal to itself
            for name, at, fills in self._dates:
                day = text(record[name])
                row[at : at + 3] = date_parts(day, self._reference, name) if day else fills
            for name, positions, other in self._categories:
                row[positions.get(text(record[name]), other)] = 1.0
        except KeyError as missing:
            raise DataError(
                f"field {missing} is not in the record; give null when it is unknown"
            ) from None
        return row

    def matrix(self, records: Sequence[Record]) -> np.ndarray:
        """Many records, as an array of shape (records, names); DataError says which record."""
        rows = []
        for position, record in enumerate(records, start=1):
            try:
                rows.append(self.encode(record))
            except DataError as error:
                raise DataError(f"record {position}: {error}") from None
        return np.array(rows, dtype=float).reshape(len(rows), len(self.names))
