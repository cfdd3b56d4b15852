"""A contract proposed from the facts of all rows: ranges, categories, missing words, keys."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tabular import batches, contract, contract_proposal, profile, table_check
from tabular.spelling import Reading


def proposed(
    columns: Mapping[str, Any], readings: Mapping[str, Reading], parts: int = 1
) -> dict[str, Any]:
    """The entries of a contract for columns, of which the others are dropped."""
    table = pd.DataFrame(columns, dtype=object)
    rows = [batches.of_columns(table)]
    facts = profile.profile(rows, table.columns).columns
    ends = contract_proposal.all_ends(rows, facts, readings)
    dropped = {name: "it is dropped" for name in table if name not in readings}
    target = next(iter(readings))
    document = contract_proposal.propose(facts, readings, dropped, ends, target=target)
    agreed = contract.from_document(document)
    assert table_check.violations(table, agreed).violations == [], "it keeps its own contract"
    return dict(document["columns"])


def numeric(texts: list[Any], **reading: Any) -> dict[str, Any]:
    """What is proposed for a column of numbers, the target."""
    read = Reading("y", "numeric", reading.pop("missing", frozenset()), **reading)
    return dict(proposed({"y": texts}, {"y": read})["y"])


def test_numbers() -> None:
    entry = numeric(["1", "2", None, "30"])
    assert entry["type"] == "integer" and entry["range"] == [1, 33]
    assert entry["missing_at_most"] == 0.5
    assert numeric(["0.5", "30"])["range"] == [0.25, 33]
    assert numeric(["-5", "-1"])["range"] == [-6, 0]
    assert numeric(["1e30", "-1e30"])["range"] == [-1.2e30, 1.2e30]
    assert numeric(["0"] * 9)["range"] == [0, 0]


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.97, 1])
def test_a_quantile_is_that_of_all_rows(share: float) -> None:
    random = np.random.default_rng(7)
    rows = pd.Series(random.choice([1.0, 2.5, 7.0, 40.0, 41.0], 333))
    values, counts = np.unique(rows, return_counts=True)
    found = contract_proposal.Values(values, counts).quantile(share)
    assert found == pytest.approx(rows.quantile(share))


def test_words_for_missing_are_named_with_their_rows_and_are_no_numbers() -> None:
    texts = ["1", "?", "2", "?", "-999", "-", "3", "4"]
    entry = numeric(texts, missing=frozenset({"?", "-", "-999"}))
    assert entry["missing"] == {"?": 2, "-999": 1, "-": 1}
    assert entry["range"] == [1, 5] and entry["missing_at_most"] == 1


def test_a_spelling_is_named_and_its_numbers_are_read_by_it() -> None:
    entry = numeric(["1.234,56", "12,00"], spelling="1.234,56")
    assert entry["spelling"] == "1.234,56" and entry["range"] == [6, 1360]


def test_dates_of_any_year_and_spelling() -> None:
    target = Reading("y", "numeric")
    days = {"y": ["1", "2"], "a": ["0001-01-01", "9999-12-31"], "b": ["31/01/2020", None]}
    readings = {"y": target, "a": Reading("a", "date")}
    readings["b"] = Reading("b", "date", spelling="DD/MM/YYYY")
    found = proposed(days, readings)
    assert found["a"]["range"] == ["0001-01-01", "9999-12-31"]
    assert found["b"]["range"] == ["2019-01-01", "today"]
    assert found["b"]["spelling"] == "DD/MM/YYYY"


def test_categories_are_listed_where_they_are_few() -> None:
    columns = {
        "y": [str(number) for number in range(300)],
        "few": ["b", "a", None] * 100,
        "many": [f"street {number % 150}" for number in range(300)],
        "other": ["x"] * 300,
    }
    readings = {"y": Reading("y", "numeric")}
    readings |= {name: Reading(name, "categorical") for name in ("few", "many")}
    found = proposed(columns, readings)
    assert found["few"]["categories"] == ["a", "b"] and "categories" not in found["many"]
    assert found["other"] == {"role": "drop", "type": "text", "reason": "it is dropped"}


def test_a_column_with_more_texts_than_are_kept_has_its_true_range() -> None:
    """The ends are one row each of 9,000, whose texts are not among those that are kept."""
    numbers = [f"{number / 7:.6f}".replace(".", ",") for number in range(1, 70_000)]
    numbers[30_000], numbers[40_000] = "-5000,5", "999999,25"
    entry = numeric(numbers, spelling="1234,56")
    assert entry["range"] == [-106000, 1110000]


def test_a_key_is_an_ignored_column_that_tells_all_rows_apart() -> None:
    columns = {
        "text": ["a b", "c d", "e f"],
        "twice": ["1", "1", "2"],
        "gap": ["1", None, "2"],
        "id": ["k-1", "k-2", "k-3"],
    }
    rows = batches.of_columns(columns)
    facts = profile.profile([rows], columns).columns
    assert contract_proposal.key(facts, list(columns)) == ["id"]
    assert contract_proposal.key(facts, ["text", "twice", "gap"]) == []
