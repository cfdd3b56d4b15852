"""A contract's two keys of reading: missing and spelling; records are held to it by them."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tabular import contract, table_check
from tabular.spelling import Reading
from tabular.values import DataError
from tabular.violations import RecordCheck

COLUMNS: dict[str, dict[str, Any]] = {
    "rent": {
        "role": "numeric",
        "type": "integer",
        "unit": "euros",
        "range": [100, 9_000],
        "usual": [300, 2_000],
        "missing_at_most": 0,
        "missing": {"?": 61, "k.A.": 2},
        "spelling": "1.234,56 €",
    },
    "day": {
        "role": "date",
        "type": "date",
        "range": ["2020-01-01", "today"],
        "missing": ["-"],
        "spelling": "DD/MM/YYYY",
    },
    "city": {"role": "categorical", "type": "text", "categories": ["Lyon"], "missing": ["n/k"]},
    "price": {"role": "target", "type": "number"},
}
GOOD = {"rent": "1.200 €", "day": "16/02/2021", "city": "Lyon"}


def agreed(**changes: Any) -> contract.Contract:
    """The contract, with other facts of its column rent."""
    columns = {**COLUMNS, "rent": {**COLUMNS["rent"], **changes}}
    return contract.from_document({"target": "price", "columns": columns})


def broken(**values: Any) -> list[tuple[str, str]]:
    """Columns and rules that a record breaks."""
    found = RecordCheck(agreed(), GOOD).report([{**GOOD, **values}])
    return [(each.column, each.rule) for each in found.violations]


def test_a_column_gives_its_reading() -> None:
    found = agreed().reading("rent")
    assert found == Reading("rent", "numeric", frozenset({"?", "k.A."}), "1.234,56 €")
    assert agreed().reading("price").plain
    assert agreed(missing=[-999, -1.0], spelling="").reading("rent").missing == {"-999", "-1"}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"rent": "1200"},
        {"rent": 1200},
        {"rent": "EUR 1.200,00"},
        {"day": "2021-02-16T10:00:00Z"},
        {"day": "-"},
        {"day": "16.02.2021 10:00"},
        {"city": " N/K "},
        {"city": None},
    ],
)
def test_a_record_that_is_spelled_so_keeps_the_contract(values: dict[str, Any]) -> None:
    assert broken(**values) == []


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"rent": "1.200.000 €"}, "unit"),
        ({"rent": 1.2}, "unit"),
        ({"rent": "9.500 €"}, "range"),
        ({"rent": 9500}, "range"),
        ({"rent": "800,50"}, "whole_number"),
        ({"rent": "1200.00"}, "type"),
        ({"rent": "1.200 $"}, "type"),
        ({"rent": "k.a."}, "missing_values"),
        ({"rent": None}, "missing_values"),
        ({"day": "31/12/2019"}, "range"),
        ({"day": "31/12/2999"}, "future_date"),
        ({"day": "12/31/2021"}, "type"),
        ({"city": "Paris"}, "categories"),
    ],
)
def test_a_record_is_judged_by_what_it_means(values: dict[str, Any], rule: str) -> None:
    assert broken(**values) == [(next(iter(values)), rule)]


def test_what_is_no_number_there_says_how_one_is_spelled() -> None:
    with pytest.raises(DataError, match=r"rent: not a number like 1\.234,56 € in 1 row, such as"):
        RecordCheck(agreed(), GOOD).hold([{**GOOD, "rent": "1200.00"}])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spelling": "1;234"}, "column 'rent': spelling '1;234' is not one of 1234.56, 1234,56"),
        ({"spelling": 5}, "column 'rent': spelling must be a text such as 1.234,56, not 5"),
        ({"missing": "?"}, "column 'rent': missing must be words such as [\"?\", \"-\"], not '?'"),
        ({"missing": [None]}, "column 'rent': missing must be words such as"),
        ({"missing": 7}, "column 'rent': missing must be words such as"),
    ],
)
def test_a_mistake_in_the_keys_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError) as error:
        agreed(**changes)
    assert message in str(error.value)


def test_text_has_no_spelling() -> None:
    with pytest.raises(DataError, match="'1,5' is for numbers and dates, not for categorical"):
        agreed(role="categorical", type="text", spelling="1,5")


def test_the_words_may_stand_with_their_rows_and_are_written_so() -> None:
    text = contract.dumps({"columns": COLUMNS})
    assert '"missing": {\n        "?": 61,\n        "k.A.": 2\n      }' in text
    assert '"missing": ["-"]' in text


PIECES = ["1", "25", "000", ".", ",", "-", "€", " ", "/", "2021", "02", "?", "k.A.", "e5", "inf"]
SPELLINGS = {
    "integer": ["", "1234.56", "1.234,56 €"],
    "number": ["", "1,234.56", "1 234,56"],
    "date": ["", "DD/MM/YYYY", "MM/DD/YY"],
    "text": [""],
}
FACTS: dict[str, dict[str, Any]] = {
    "integer": {"role": "numeric", "range": [1, 2000]},
    "number": {"role": "numeric", "range": [-20.5, 30]},
    "date": {"role": "date", "range": ["2021-02-01", "today"]},
    "text": {"role": "categorical", "categories": ["1", "25"]},
}


@st.composite
def one_column(draw: st.DrawFn) -> dict[str, Any]:
    """A column of a contract."""
    kind = draw(st.sampled_from(list(FACTS)))
    return {
        **FACTS[kind],
        "type": kind,
        "missing_at_most": draw(st.sampled_from([0, 1])),
        "missing": draw(st.sampled_from([[], ["?", "K.a."], ["-25"]])),
        "spelling": draw(st.sampled_from(SPELLINGS[kind])),
    }


@given(column=one_column(), texts=st.lists(st.lists(st.sampled_from(PIECES)).map("".join)))
@example(
    column={**FACTS["integer"], "type": "integer", "missing": ["-25"]},
    texts=["-25", "-25.0", "25.5", "2e6", "NaN", "-nan", "1e999", " 25 ", "0.001"],
)
def test_a_record_and_a_table_break_the_same_rules(
    column: dict[str, Any], texts: list[str]
) -> None:
    document = {"target": "y", "columns": {"x": column, "y": COLUMNS["price"]}}
    agreed = contract.from_document(document)
    check = RecordCheck(agreed, ["x"])
    for text in texts:
        of_table = table_check.violations({"x": [text], "y": ["1"]}, agreed).violations
        of_record = check.report([{"x": text}]).violations
        assert [each.rule for each in of_record] == [each.rule for each in of_table], text
