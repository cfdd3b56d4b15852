"""Holds a whole table to a data contract: pandera checks typed columns, all of them at once."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
import pandas as pd

from . import roles
from .contract import FACTOR, Column, Contract
from .violations import EXAMPLES, Report, Violation, report

Check = Callable[[pd.Series], pd.Series]  # typed values -> which of them are as agreed


def hold(raw: pd.DataFrame, agreed: Contract) -> pd.DataFrame:
    """Print every violation; raise a DataError where one is an error, else return the table.

    What cannot be read, and is only a warning by the contract, is missing in what is returned.
    """
    found = violations(raw, agreed)
    print(found)
    found.refuse_errors()
    readable = raw.copy(deep=False)
    for name in {each.column for each in found.violations if each.rule == "type"}:
        readable[name] = raw[name].where(_typed(raw[name], agreed.columns[name]).notna())
    return readable


def violations(raw: pd.DataFrame, agreed: Contract) -> Report:
    """Every violation in a table of texts, NaN where missing (see `tables.read_raw`)."""
    checked = {
        name: column
        for name, column in agreed.columns.items()
        if column.role != "drop" or name in agreed.key
    }
    present = {name: column for name, column in checked.items() if name in raw.columns}
    typed = pd.DataFrame({name: _typed(raw[name], column) for name, column in present.items()})
    found = [*_by_name(raw, agreed, checked), *_by_column(raw, typed, agreed, present)]
    key = [name for name in agreed.key if name in raw.columns]
    if key and len(key) == len(agreed.key):
        found += _duplicates(raw[key], agreed)
    return report(found, len(raw), [*agreed.columns, *raw.columns])


def _typed(values: pd.Series, column: Column) -> pd.Series:
    """Texts as numbers, or as ISO days; missing where they cannot be read."""
    if column.numeric:
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
        return numbers.mask(np.isinf(numbers))
    if column.type == "date":
        return values.str[:10].mask(_unreadable(values, "date"))
    return values


def _unreadable(values: pd.Series, role: str) -> pd.Series:
    known = values.dropna()
    return roles.unreadable(known, role).reindex(values.index, fill_value=False)


def _by_name(
    raw: pd.DataFrame, agreed: Contract, checked: Mapping[str, Column]
) -> Iterator[Violation]:
    for name, column in checked.items():
        if name not in raw.columns:
            severity = agreed.severity("missing_column", name)
            yield Violation(name, "missing_column", severity, column.finding("missing_column"))
    for name in raw.columns:
        if name not in agreed.columns:
            severity = agreed.severity("unexpected_column", name)
            yield Violation(name, "unexpected_column", severity, "is not in the contract")


def _by_column(
    raw: pd.DataFrame, typed: pd.DataFrame, agreed: Contract, present: Mapping[str, Column]
) -> Iterator[Violation]:
    rules = {name: rules_of(column) for name, column in present.items()}
    for (name, rule), rows in broken(typed, rules).items():
        yield _violation(raw[name], agreed, rule, rows)
    for name, column in present.items():
        rows = typed[name].isna() & raw[name].notna()
        if rows.any():
            yield _violation(raw[name], agreed, "type", rows)
        if raw[name].isna().mean() > column.missing_at_most:
            yield _violation(raw[name], agreed, "missing_values", raw[name].isna())


def _violation(values: pd.Series, agreed: Contract, rule: str, rows: pd.Series) -> Violation:
    name = str(values.name)
    examples = values[rows].dropna().unique()[:EXAMPLES]
    return Violation(
        name,
        rule,
        agreed.severity(rule, name),
        agreed.columns[name].finding(rule),
        int(rows.sum()),
        tuple(examples),
    )


def _duplicates(key: pd.DataFrame, agreed: Contract) -> Iterator[Violation]:
    """Rows that share the whole key with another row."""
    rows = key.duplicated(keep=False) & key.notna().all(axis=1)
    if rows.any():
        name = ", ".join(agreed.key)
        examples = key[rows].drop_duplicates().head(EXAMPLES).agg(", ".join, axis=1)
        severity = agreed.severity("duplicate_key", agreed.key[0])
        finding = "a key that another row has too"
        yield Violation(name, "duplicate_key", severity, finding, int(rows.sum()), tuple(examples))


def rules_of(column: Column) -> dict[str, Check]:
    """The rules for typed values of a column; a missing value breaks none of them."""
    low, high = column.bounds
    if column.role == "drop":
        return {}
    if column.numeric:
        wrong_unit = partial(_wrong_unit, column=column)
        rules: dict[str, Check] = {
            "unit": lambda values: ~wrong_unit(values),
            "range": lambda values: ~((values < low) | (values > high)) | wrong_unit(values),
        }
        if column.type == "integer":
            rules["whole_number"] = lambda values: ~((values % 1 > 0) & values.between(low, high))
        return rules
    if column.type == "date":
        last = "9999-12-31" if column.until_today else high
        rules = {"range": lambda days: days.isna() | days.between(low, last)}
        if column.until_today:
            rules["future_date"] = lambda days: days.isna() | (days <= high)
        return rules
    known = column.categories
    return {"categories": lambda texts: texts.isna() | texts.isin(known)} if known else {}


def _wrong_unit(values: pd.Series, column: Column) -> pd.Series:
    """Which numbers a wrong unit made: of those far off, or of all when it made their median."""
    low, high = column.far
    suspect = (values < low) | (values > high)
    if column.usual and column.off_by_factor(values.median()):
        suspect = values.notna()
    low, high = column.usual or column.bounds
    return suspect & ((values / FACTOR).between(low, high) | (values * FACTOR).between(low, high))


def broken(
    typed: pd.DataFrame, rules: Mapping[str, Mapping[str, Check]]
) -> dict[tuple[str, str], pd.Series]:
    """Column and rule with the rows that break it, for the rules that some row breaks.

    pandera stops at no violation but collects them. It lists every failing value in Python, 15 s
    for 100,000 of them, unless it is told to list one. SageMaker's image does not have it: there
    the same rules are asked one by one.
    """
    try:
        import pandera.pandas as pa
    except ImportError:
        asked = {(n, rule): ~ask(typed[n]) for n in rules for rule, ask in rules[n].items()}
        return {place: rows for place, rows in asked.items() if rows.any()}
    columns = {
        name: pa.Column(
            nullable=True,
            checks=[
                pa.Check(check, name=rule, ignore_na=False, n_failure_cases=1)
                for rule, check in rules[name].items()
            ],
        )
        for name in rules
    }
    try:
        pa.DataFrameSchema(columns).validate(typed, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return {
            (error.schema.name, error.check.name): ~error.check_output
            for error in errors.schema_errors
        }
    return {}
