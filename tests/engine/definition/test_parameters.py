"""Parameters: types, defaults, choices, and the values that a start gives."""

from __future__ import annotations

from typing import Any

import pytest
from sagemaker_local.definition.parameters import (
    Parameter,
    given_values,
    parse_parameter,
    start_values,
)
from sagemaker_local.errors import LocalError

from engine.definitions import parameter


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("String", "007", "007"),
        ("String", " ", " "),
        ("String", "x" * 1024, "x" * 1024),
        ("Integer", "-12", -12),
        ("Integer", 5, 5),
        ("Float", "3", 3.0),
        ("Float", "1e-3", 0.001),
        ("Float", 3, 3.0),
        ("Boolean", "true", True),
        ("Boolean", "False", False),
        ("Boolean", True, True),
    ],
)
def test_values_get_their_type(kind: str, given: Any, value: Any) -> None:
    converted = Parameter("P", kind).value(given)
    assert converted == value
    assert type(converted) is type(value)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("String", ""),
        ("String", 7),
        ("String", "x" * 1025),
        ("Integer", "1.0"),
        ("Integer", 1.0),
        ("Integer", "abc"),
        ("Integer", ""),
        ("Integer", True),
        ("Integer", "1_000"),
        ("Integer", " 5 "),
        ("Integer", "\u0663"),
        ("Float", "1_0.5"),
        ("Float", "abc"),
        ("Float", ""),
        ("Float", False),
        ("Float", [1.0]),
        ("Float", "nan"),
        ("Float", "inf"),
        ("Boolean", "yes"),
        ("Boolean", ""),
        ("Boolean", 1),
    ],
)
def test_values_of_another_type_are_refused(kind: str, given: Any) -> None:
    with pytest.raises(ValueError, match=r"type|empty|characters"):
        Parameter("P", kind).value(given)


def test_choices_bind_defaults_and_values() -> None:
    declared = parse_parameter(parameter("P", "Integer", 2, [1, 2]))
    assert declared.value("1") == 1
    with pytest.raises(ValueError, match="'3' is not one of 1, 2"):
        declared.value("3")
    with pytest.raises(ValueError, match="is not one of"):
        parse_parameter(parameter("P", "String", "c", ["a", "b"]))


def test_all_that_is_wrong_with_a_parameter_is_said() -> None:
    item = parameter("a b", "Integer", "x", ["1", "two"]) | {"Extra": 1}
    with pytest.raises(ValueError, match="unknown property") as caught:
        parse_parameter(item)
    assert list(caught.value.args) == [
        "Cannot parse object, unknown property 'Extra'",
        "the name must be 1 to 256 letters, digits, - or _",
        "'two' is not of type Integer",
        "'x' is not of type Integer",
    ]


def test_a_start_gives_each_parameter_once() -> None:
    items = [{"Name": "P", "Value": "1"}, {"Name": "P", "Value": "2"}]
    with pytest.raises(LocalError, match="gives 'P' twice"):
        given_values(items)


def test_defaults_are_used_and_given_values_win() -> None:
    declared = {
        "A": parse_parameter(parameter("A", "Float", 1)),
        "B": parse_parameter(parameter("B", "String", "x")),
    }
    values, problems = start_values(declared, {"B": "y"})
    assert values == {"A": 1.0, "B": "y"}
    assert isinstance(values["A"], float)
    assert not problems


def test_a_false_default_is_a_default() -> None:
    declared = {
        "Flag": parse_parameter(parameter("Flag", "Boolean", False)),
        "Zero": parse_parameter(parameter("Zero", "Integer", 0)),
    }
    assert start_values(declared, {}) == ({"Flag": False, "Zero": 0}, [])


def test_all_that_is_wrong_with_a_start_is_said() -> None:
    declared = {
        name: Parameter(name, kind)
        for name, kind in {"Threshold": "Float", "Rows": "Integer", "Path": "String"}.items()
    }
    _, problems = start_values(declared, {"Treshold": "0.5", "Rows": "many"})
    found = [str(problem) for problem in problems]
    assert "parameter 'Treshold': the pipeline does not declare it; did you mean 'Threshold'?" in (
        found
    )
    assert "parameter 'Rows': 'many' is not of type Integer" in found
    assert "parameter 'Threshold': has no default, so a start must give it" in found
    assert "parameter 'Path': has no default, so a start must give it" in found


def test_a_name_like_no_other_lists_those_there_are() -> None:
    (problem, *_) = start_values({"Rows": Parameter("Rows", "Integer", 1)}, {"Qxy": "1"})[1]
    assert str(problem).endswith("it has Rows")
    (problem,) = start_values({}, {"Qxy": "1"})[1]
    assert str(problem).endswith("it has none")
