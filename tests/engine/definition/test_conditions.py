"""The operators of a condition."""

from __future__ import annotations

from typing import Any

import pytest
from sagemaker_local.definition.conditions import OPERATORS, holds
from sagemaker_local.errors import StepFailure

from engine.definitions import compare

TRUE, FALSE = compare("Equals", 1, 1), compare("Equals", 1, 2)


@pytest.mark.parametrize(
    ("kind", "left", "right", "outcome"),
    [
        ("Equals", "a", "a", True),
        ("Equals", 1, 1.0, True),
        ("Equals", True, False, False),
        ("GreaterThan", 2, 1.5, True),
        ("GreaterThan", 1, 1, False),
        ("GreaterThanOrEqualTo", 1, 1.0, True),
        ("GreaterThanOrEqualTo", 1, 2, False),
        ("LessThan", 0.1, 0.2, True),
        ("LessThan", 2, 2, False),
        ("LessThanOrEqualTo", 2, 2.0, True),
        ("LessThanOrEqualTo", 3, 2, False),
        ("GreaterThan", "10", "9", False),
        ("LessThan", "10", "9", True),
    ],
)
def test_comparisons(kind: str, left: Any, right: Any, outcome: bool) -> None:
    assert holds(compare(kind, left, right)) is outcome


def test_in_not_and_or() -> None:
    assert holds({"Type": "In", "QueryValue": "a", "Values": ["b", "a"]})
    assert not holds({"Type": "In", "QueryValue": "c", "Values": ["b", "a"]})
    assert holds({"Type": "Not", "Condition": FALSE})
    assert holds({"Type": "Or", "Conditions": [FALSE, TRUE]})
    assert not holds({"Type": "Or", "Conditions": [FALSE, FALSE]})
    nested = {"Type": "Not", "Condition": {"Type": "Or", "Conditions": [FALSE, TRUE]}}
    assert not holds(nested)


@pytest.mark.parametrize(
    ("left", "right"), [("1", 1), (1, "1"), (True, 1), (1.0, None), ("a", None), ([1], 1)]
)
@pytest.mark.parametrize("kind", ["Equals", "GreaterThan", "LessThanOrEqualTo"])
def test_values_of_two_kinds_are_not_compared(kind: str, left: Any, right: Any) -> None:
    with pytest.raises(StepFailure, match="cannot compare"):
        holds(compare(kind, left, right))


@pytest.mark.parametrize("value", [None, [1], {"a": 1}])
def test_only_numbers_and_strings_have_an_order(value: Any) -> None:
    with pytest.raises(StepFailure, match="cannot compare"):
        holds(compare("GreaterThan", value, value))


@pytest.mark.parametrize(("value", "other"), [(None, [1]), ([1], {"a": 1}), ({"a": 1}, None)])
def test_what_has_no_order_may_be_equal(value: Any, other: Any) -> None:
    assert holds(compare("Equals", value, value))
    with pytest.raises(StepFailure, match="cannot compare"):
        holds(compare("Equals", value, other))


@pytest.mark.parametrize(("query", "values"), [(1, ["a"]), (1, [2, "1"]), (1, [True]), ("a", [[]])])
def test_a_value_is_in_values_of_its_kind_only(query: Any, values: list[Any]) -> None:
    with pytest.raises(StepFailure, match="In cannot compare"):
        holds({"Type": "In", "QueryValue": query, "Values": values})


def test_wrong_kinds_are_told_inside_of_other_conditions() -> None:
    wrong = compare("LessThan", 3, "4")
    for condition in ({"Type": "Not", "Condition": wrong}, {"Type": "Or", "Conditions": [wrong]}):
        with pytest.raises(StepFailure, match="compare 3 with '4': one is a number"):
            holds(condition)


def test_the_operators_are_the_services() -> None:
    comparisons = ["GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"]
    assert sorted(OPERATORS) == sorted(["Equals", "In", "Not", "Or", *comparisons])
