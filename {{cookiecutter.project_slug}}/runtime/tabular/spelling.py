"""How one column's raw values are read: the words that mean missing, and the spelling of the rest.

A column of `schema.json`, of an artifact and of the data contract may have two keys,

    {"name": "rent", "role": "numeric", "missing": ["?", "k.A."], "spelling": "1.234,56 €"}

and without them its values are read as they always were: `1234.56` and `2024-12-31`. This is the
rule for one raw value; `columns` reads whole arrays to the same bits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from . import values
from .dates import DATES, DateSpelling, date_spelling
from .numerals import PATTERNS, Numeral, numeral
from .values import DataError

NAN = float("nan")


@dataclass(frozen=True)
class Reading:
    """How the raw values of one column are understood.

    Attributes:
        name: of the column, for messages.
        role: numeric, date or categorical; any other is read as text.
        missing: words beyond `values.MISSING` that mean a missing value, whatever their case.
        spelling: of numbers or dates, by an example; "" is 1234.56 and 2024-12-31.
    """

    name: str
    role: str
    missing: frozenset[str] = frozenset()
    spelling: str = ""
    _words: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_words", frozenset(map(str.casefold, self.missing)))
        check(self.spelling, self.role, f"column {self.name!r}")

    @property
    def plain(self) -> bool:
        """Whether values are read as those of a column that says nothing."""
        return not self.missing and not self.spelling

    @cached_property
    def numeral(self) -> Numeral | None:
        """The spelling of its numbers, where it has one."""
        return numeral(self.spelling) if self.spelling and self.role != "date" else None

    @cached_property
    def date_spelling(self) -> DateSpelling | None:
        """The spelling of its dates, where it has one."""
        return date_spelling(self.spelling) if self.spelling and self.role == "date" else None

    @cached_property
    def missing_numbers(self) -> frozenset[float]:
        """The words that are numbers, such as -999: they are missing however they are written."""
        found = set()
        for word in self.missing:
            number = self._number(word)
            if number is not None:
                found.add(number)
        return frozenset(found)

    def known(self, value: Any) -> float | str | None:
        """What a raw value means by the column's role; None when missing, DataError as below."""
        if self.role == "numeric":
            number = self.number(value)
            return None if number != number else number  # NaN is unequal to itself
        return (self.day(value) if self.role == "date" else self.text(value)) or None

    def text(self, value: Any) -> str:
        """A raw value as text; "" when missing by this column's words."""
        known = values.text(value)
        return "" if known.casefold() in self._words else known

    def number(self, value: Any) -> float:
        """A raw value as a float, NaN when missing; DataError when it is no finite number."""
        if isinstance(value, str):
            if (known := self.text(value)) == "":
                return NAN
            found = self._number(known)
            if found is None:
                raise DataError(
                    f"field {self.name!r} holds {value!r}, which is not a number"
                    + f" like {self.spelling}" * bool(self.spelling)
                )
        else:
            found = values.number(value, self.name)
        if found in self.missing_numbers:
            return NAN
        if found in (float("inf"), float("-inf")):
            raise DataError(f"field {self.name!r} holds {value!r}, which is not a finite number")
        return found

    def _number(self, known: str) -> float | None:
        if self.numeral:
            return self.numeral.read(known)
        try:
            return float(known)
        except ValueError:
            return None

    def day(self, value: Any) -> str:
        """A raw value as an ISO day, "" when missing; DataError when it is no date."""
        if (known := self.text(value)) == "":
            return ""
        if self.date_spelling:
            found = self.date_spelling.read(known)
        else:
            found = known[:10] if values.is_day(known) else None
        if found is None:
            raise DataError(
                f"field {self.name!r} holds {known!r}, not a date like "
                f"{self.spelling or '2024-12-31'}"
            )
        return found


def reading(column: Mapping[str, Any]) -> Reading:
    """The reading of a column from its plain document: name, role, and the two keys if any."""
    return Reading(
        column["name"],
        column["role"],
        frozenset(column.get("missing", ())),
        column.get("spelling", ""),
    )


def check(spelling: str, role: str, place: str) -> None:
    """Raise a DataError when nobody spells the values of that role so."""
    if not spelling:
        return
    if role == "date" and date_spelling(spelling) is None:
        raise DataError(f"{place}: spelling {spelling!r} is not one of {', '.join(DATES)}")
    if role in ("numeric", "target") and numeral(spelling) is None:
        known = ", ".join(PATTERNS)
        raise DataError(
            f"{place}: spelling {spelling!r} is not one of {known}, each alone or with a unit, "
            "such as 1.234,56 € or 12 %"
        )
    if role in ("categorical", "drop"):
        raise DataError(f"{place}: spelling {spelling!r} is for numbers and dates, not for {role}")
