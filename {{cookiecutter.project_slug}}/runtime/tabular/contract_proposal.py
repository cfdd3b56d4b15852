"""A data contract proposed from the facts of all rows: what later data must look like.

A range goes a tenth beyond what was seen, `usual` is where 98% of the numbers are, twice the share
of missing values is allowed, and the words that mean missing stand there with their rows.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Any

import numpy as np
import pyarrow as pa

from . import columns, readable
from .batches import Batch
from .profile import ColumnFacts
from .spelling import Reading

MOST_CATEGORIES = 100  # that a contract lists
EXACT = 2**53  # from here on, a float is no whole number to rely on
SHORT = re.compile(r"[\w-]{1,40}")  # as identifiers are
EPOCH = date(1970, 1, 1)
KINDS = ("numeric", "date")  # of columns whose values have an order


@dataclass(frozen=True)
class Values:
    """The different numbers of a column, or days since 1970, in order, with their rows."""

    values: np.ndarray
    rows: np.ndarray

    @property
    def ends(self) -> tuple[float, float]:
        """The smallest and the largest one."""
        return float(self.values[0]), float(self.values[-1])

    @property
    def whole(self) -> bool:
        """Whether all are whole numbers."""
        return not (self.values % 1).any()

    def quantile(self, share: float) -> float:
        """The value below which this share of the rows is, between two of them in proportion."""
        up_to = np.cumsum(self.rows)
        place = (int(up_to[-1]) - 1) * share
        below, above = self.values[np.searchsorted(up_to, [int(place), ceil(place)], "right")]
        return float(below + (above - below) * (place % 1))


def propose(
    facts: Mapping[str, ColumnFacts],
    readings: Mapping[str, Reading],
    ignored: Mapping[str, str],
    ends: Mapping[str, tuple[float, float]],
    **document: Any,
) -> dict[str, Any]:
    """The plain document of a contract.

    Args:
        facts: of all columns, in their order.
        readings: of the used columns and the target.
        ignored: reasons for the others.
        ends: of the columns of which not all values are known, see `all_ends`.
        document: what else stands in it: problem_type, target, key and so on.
    """
    entries = {}
    for name, column in facts.items():
        if name in readings:
            role = "target" if name == document["target"] else readings[name].role
            entries[name] = {"role": role, **_entry(column, readings[name], ends.get(name))}
        else:
            entries[name] = {"role": "drop", "type": "text", "reason": ignored[name]}
    return {**document, "columns": entries}


def _entry(column: ColumnFacts, read: Reading, ends: tuple[float, float] | None) -> dict[str, Any]:
    words = readable.missing_words(column, read)
    share = (column.missing + sum(words.values())) / column.rows
    entry = _facts(column, read, ends)
    if words:
        entry["missing"] = words
    if read.spelling:
        entry["spelling"] = read.spelling
    allowed = min(1.0, max(0.05, ceil(200 * share) / 100)) if share else 0.0
    return entry | {"missing_at_most": allowed}


def _facts(column: ColumnFacts, read: Reading, ends: tuple[float, float] | None) -> dict[str, Any]:
    """Type and range, or the categories where they are few."""
    if read.role in KINDS:
        known = known_values(column, read)
        if not len(known.values):
            return {"type": "number" if read.role == "numeric" else "date"}
        ends = ends or known.ends
        return number_facts(known, ends) if read.role == "numeric" else date_facts(ends)
    texts = {read.text(text) for text in column.counts()} - {""}
    listed = column.texts.complete and len(texts) <= MOST_CATEGORIES
    return {"type": "text", **({"categories": sorted(texts)} if listed else {})}


def known_values(column: ColumnFacts, read: Reading) -> Values:
    """What a column's texts are as numbers, or as days since 1970; what is neither is left out."""
    counts = column.counts()
    numbers, _ = columns.marked(pa.array(list(counts), pa.string()), read)
    known = ~np.isnan(numbers)
    values, places = np.unique(numbers[known], return_inverse=True)
    rows = np.bincount(places, np.array(list(counts.values()))[known], len(values))
    return Values(values, rows.astype("int64"))


def all_ends(
    batches: Iterable[Batch], facts: Mapping[str, ColumnFacts], readings: Mapping[str, Reading]
) -> dict[str, tuple[float, float]]:
    """Smallest and largest number, or day since 1970, of the columns whose texts are too many.

    Of others, whose texts are all known, there is no entry; where there is none at all, no row is
    read.
    """
    many = [
        name
        for name, read in readings.items()
        if read.role in KINDS and not facts[name].texts.complete
    ]
    found: dict[str, tuple[float, float]] = {}
    for batch in batches if many else ():
        for name in many:
            numbers, _ = columns.marked(batch.columns[name].texts, readings[name])
            numbers = numbers[~np.isnan(numbers)]
            if len(numbers):
                low, high = found.get(name, (np.inf, -np.inf))
                found[name] = min(low, float(numbers.min())), max(high, float(numbers.max()))
    return found


def number_facts(known: Values, ends: tuple[float, float]) -> dict[str, Any]:
    """Type, range and usual range of numbers."""
    low, high = bounds(*ends)
    few, most = rounded(known.quantile(0.01), up=False), rounded(known.quantile(0.99), up=True)
    if not known.whole or max(-low, high) >= EXACT:
        return {"type": "number", "range": [low, high], "usual": [few, most]}
    low = max(1, int(low // 1)) if low > 0 else int(low // 1)
    usual = [int(few // 1), int(-(-most // 1))]
    return {"type": "integer", "range": [low, int(-(-high // 1))], "usual": usual}


def date_facts(ends: tuple[float, float]) -> dict[str, Any]:
    """Type and range of days since 1970: until today, where no day is still to come."""
    first, last = (EPOCH + timedelta(days=int(end)) for end in ends)
    today = datetime.now(UTC).date()
    end = "today" if last <= today else f"{min(9999, last.year + 1)}-12-31"
    return {"type": "date", "range": [f"{max(1, first.year - 1):04}-01-01", end]}


def bounds(low: float, high: float) -> tuple[float, float]:
    """A tenth more than was seen; what was never negative, or never zero, does not become so."""
    margin = high / 10 - low / 10
    least = max(low - margin, low / 2) if low > 0 else low - margin * (low < 0)
    most = min(high + margin, high / 2) if high < 0 else high + margin * (high > 0)
    return rounded(least, up=False), rounded(most, up=True)


def rounded(value: float, up: bool) -> float:
    """A number with three digits, not below (`up`) or not above the given one."""
    if value == 0:
        return 0
    digits = 2 - int(np.floor(np.log10(abs(value))))
    if not -300 < digits < 300:
        return value
    scaled = round(value * 10.0**digits, 9)  # without the dust of binary fractions
    whole = int(np.ceil(scaled) if up else np.floor(scaled))
    result = whole * 10**-digits if digits <= 0 else whole / 10**digits
    return float(result) if abs(result) >= EXACT else result


def described(
    entries: Mapping[str, Any], meanings: Mapping[str, tuple[str, str]]
) -> dict[str, Any]:
    """The same columns with unit and description, where they are known."""
    named = {}
    for name, entry in entries.items():
        unit, description = meanings.get(name, ("", ""))
        words = {"unit": unit, "description": description}
        known = {key: word for key, word in words.items() if word}
        named[name] = {key: entry[key] for key in ("role", "type")} | known | entry
    return named


def key(facts: Mapping[str, ColumnFacts], ignored: Iterable[str]) -> list[str]:
    """The first ignored column that seems to tell all rows apart and is short, as identifiers are.

    Of very many rows that is an estimate, until a check of all rows finds no duplicates.
    """
    for name in ignored:
        column = facts[name]
        unique = column.each_its_own(column.distinct, column.rows) and column.rows > 1
        if unique and not column.missing and all(map(SHORT.fullmatch, column.counts())):
            return [name]
    return []
