"""The data contract: what each column must hold, in a JSON file that people read and edit.

`load(path)` gives a contract, or None where there is none. `survey` holds all rows of a table to
it, `violations.RecordCheck` the records of a request (without Arrow). Preprocessing writes its
document into `schema.json`, for train.py, which puts it into `signature.json`.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from . import spelling
from .spelling import Reading
from .values import DataError, text

# Every rule, and what breaking it is where a contract does not say.
SEVERITY = {
    "missing_column": "error",
    "duplicate_key": "error",
    "type": "error",
    "unit": "error",
    "future_date": "error",
    "missing_values": "warning",
    "whole_number": "warning",
    "range": "warning",
    "categories": "warning",
    "unexpected_column": "warning",
}
SEVERITIES = ("error", "warning", "ignore")
NUMBERS = ("integer", "number")
ROLES = {  # with the types that a column of each role may have
    "numeric": NUMBERS,
    "categorical": ("text",),
    "date": ("date",),
    "target": (*NUMBERS, "text"),
    "drop": (*NUMBERS, "date", "text"),
}
TYPES = {"integer": "numeric", "number": "numeric", "date": "date", "text": "categorical"}
TODAY = "today"  # as the end of a range of dates
FAR = 10  # times its range a number may be off before its unit is doubted
FACTOR = 1_000  # between units that are taken for one another: m and km, g and kg


@dataclass(frozen=True)
class Column:
    """What one column must hold; what is None or empty is not checked.

    `range` is the smallest and largest number or ISO day, whose end may be "today"; `usual` is
    where nearly all numbers were, by which a wrong unit is told from an outlier. `missing` has the
    words that mean a missing value, `spelling` how numbers or dates are written (see `spelling`).
    """

    role: str
    type: str
    unit: str = ""
    description: str = ""
    range: tuple[Any, Any] | None = None
    usual: tuple[float, float] | None = None
    categories: tuple[str, ...] = ()
    missing_at_most: float = 1.0  # share of the rows
    reason: str = ""  # for the role "drop"
    severity: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    spelling: str = ""

    @property
    def kind(self) -> str:
        """The role by which its values are read, that of a target or an ignored column too."""
        return TYPES[self.type]

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return self.type in NUMBERS

    @property
    def until_today(self) -> bool:
        """Whether the range ends with today: what is later is a future date."""
        return self.range is not None and self.range[1] == TODAY

    @property
    def bounds(self) -> tuple[Any, Any]:
        """The range, as wide as can be where there is none, its end a day in place of "today"."""
        if self.range is None:
            return ("", "9999-12-31") if self.type == "date" else (float("-inf"), float("inf"))
        return self.range[0], today() if self.until_today else self.range[1]

    @property
    def far(self) -> tuple[float, float]:
        """Ten times the range: a wrong unit goes beyond it, an outlier seldom does."""
        low, high = self.bounds
        return (low / FAR if low > 0 else low * FAR), (high * FAR if high > 0 else high / FAR)

    def off_by_factor(self, value: float) -> bool:
        """Whether a number times or by 1,000 is usual, but is not so as it is."""
        low, high = self.usual or self.bounds
        return not low <= value <= high and (
            low <= value / FACTOR <= high or low <= value * FACTOR <= high
        )

    def _unlike(self) -> str:
        if self.numeric:
            return "not a number" + f" like {self.spelling}" * bool(self.spelling)
        return f"not a date like {self.spelling or '2024-12-31'}"

    def finding(self, rule: str) -> str:
        """What is wrong with values that break a rule, in words."""
        low, high = (f"{end:,}" if isinstance(end, int | float) else end for end in self.bounds)
        return {
            "missing_column": "is missing",
            "type": self._unlike(),
            "unit": f"{FACTOR:,} times too large or too small for {self.unit or 'its unit'}",
            "future_date": "a date in the future",
            "missing_values": f"no value, where at most {self.missing_at_most:.0%} may have none",
            "whole_number": "not a whole number",
            "range": f"outside {low} to {high} {self.unit}".strip(),
            "categories": "a new category",
        }[rule]


def today() -> str:
    """The latest day that it is anywhere, so that no time zone's today is in the future."""
    return f"{datetime.now(UTC) + timedelta(hours=14):%Y-%m-%d}"


@dataclass(frozen=True)
class Contract:
    """All columns, the target among them, and the columns that tell rows apart."""

    document: dict[str, Any]
    problem_type: str
    target: str
    key: tuple[str, ...]
    columns: dict[str, Column]
    severities: Mapping[str, str]

    def severity(self, rule: str, column: str) -> str:
        """What breaking a rule is: the column's own word, else the contract's, else the default."""
        own = self.columns[column].severity if column in self.columns else {}
        return own.get(rule) or self.severities[rule]

    def reading(self, name: str) -> Reading:
        """How the raw values of one of its columns are read."""
        column = self.columns[name]
        return Reading(name, column.kind, frozenset(column.missing), column.spelling)

    def roles(self) -> dict[str, str]:
        """The role of each column but the target."""
        return {name: c.role for name, c in self.columns.items() if c.role != "target"}


def load(path: Path | str | None) -> Contract | None:
    """The contract in a file, or in the one JSON file of a folder; None where there is none."""
    if not path or not Path(path).exists():
        return None
    files = [Path(path)] if Path(path).is_file() else sorted(Path(path).glob("*.json"))
    if len(files) > 1:
        raise DataError(f"{path} holds {len(files)} contracts; name the file of one")
    if not files:
        return None
    try:
        document = json.loads(files[0].read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataError(f"{files[0].name} is not valid JSON: {error}") from None
    return from_document(document, files[0].name)


def from_document(document: Any, name: str = "the data contract") -> Contract:
    """A contract from its plain document; DataError names the place of a mistake in it."""
    if not isinstance(document, dict) or not isinstance(document.get("columns"), dict):
        raise DataError(f'{name} has no "columns"; notebook 01 proposes a whole contract')
    columns = {
        column: _column(entry, f"{name}, column {column!r}")
        for column, entry in document["columns"].items()
    }
    target, key = document.get("target", ""), tuple(document.get("key", ()))
    for wanted in (target, *key):
        _one_of(wanted, columns, f"{name}: target or key")
    if [each for each, column in columns.items() if column.role == "target"] != [target]:
        raise DataError(f'{name}: {target!r}, and no other column, must have the role "target"')
    severity = _checked(document.get("severity", {}), name)
    return Contract(
        document, document.get("problem_type", ""), target, key, columns, SEVERITY | severity
    )


def _column(entry: Any, place: str) -> Column:
    if not isinstance(entry, dict):
        raise DataError(f"{place} is {entry!r}, not an object with role, type and so on")
    for key in entry:
        _one_of(key, [each.name for each in fields(Column)], f"{place}: key")
    _one_of(entry.get("role"), ROLES, f"{place}: role")
    _one_of(entry.get("type"), ROLES[entry["role"]], f"{place}: type")
    _checked(entry.get("severity", {}), place)
    for pair in ("range", "usual"):
        if len(entry.get(pair, "ab")) != 2:
            raise DataError(f"{place}: {pair} must be [smallest, largest], not {entry[pair]}")
    spelled, words = entry.get("spelling", ""), entry.get("missing", ())
    if not isinstance(spelled, str):
        raise DataError(f"{place}: spelling must be a text such as 1.234,56, not {spelled!r}")
    if not isinstance(words, list | tuple | dict) or {*map(type, words)} - {str, int, float}:
        raise DataError(f'{place}: missing must be words such as ["?", "-"], not {words!r}')
    spelling.check(spelled, TYPES[entry["type"]], place)
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    values["missing"] = tuple(each if isinstance(each, str) else text(each) for each in words)
    values["categories"] = tuple(map(text, entry.get("categories", ())))
    return Column(**values)


def _checked(severity: dict[str, str], place: str) -> dict[str, str]:
    for rule, value in severity.items():
        _one_of(rule, SEVERITY, f"{place}: rule")
        _one_of(value, SEVERITIES, f"{place}: severity of {rule}")
    return severity


def _one_of(value: Any, known: Collection[str], place: str) -> None:
    if value not in known:
        raise DataError(f"{place} {value!r} is not one of {', '.join(known)}")


def dumps(document: Mapping[str, Any]) -> str:
    """A contract as the text of its file: a line for each fact, a list on one line."""

    def block(facts: Mapping[str, Any], indent: str) -> str:
        lines = [
            f"{indent}  {json.dumps(key, ensure_ascii=False)}: "
            + (
                block(value, f"{indent}  ")
                if isinstance(value, Mapping)
                else json.dumps(value, ensure_ascii=False)
            )
            for key, value in facts.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}" if lines else "{}"

    return block(document, "") + "\n"
