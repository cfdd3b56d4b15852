"""Hyperparameters of a built-in algorithm, read and validated as its image does, in its words.

Source: ``sagemaker_algorithm_toolkit/hyperparameter_validation.py`` of sagemaker-xgboost-container.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class UserError(Exception):
    """What a person can mend: a hyperparameter, a channel, the data."""


class Range(Protocol):
    def __contains__(self, value: Any) -> bool: ...


@dataclass(frozen=True)
class Interval:
    """Numbers between two ends; None: it has no such end.

    Attributes:
        low: the lower end.
        high: the upper end.
        is_open: ends that do not belong to it, ``(`` or ``)`` or both.
    """

    low: float | None = None
    high: float | None = None
    is_open: str = ""

    def __contains__(self, value: Any) -> bool:
        above = self.low is None or (value > self.low if "(" in self.is_open else value >= self.low)
        below = self.high is None or (
            value < self.high if ")" in self.is_open else value <= self.high
        )
        return above and below

    def __str__(self) -> str:
        begins = "(-inf" if self.low is None else f"{'(' if '(' in self.is_open else '['}{self.low}"
        ends = "+inf)" if self.high is None else f"{self.high}{')' if ')' in self.is_open else ']'}"
        return f"{begins}, {ends}"


# What an earlier hyperparameter says of a later one; raises UserError.
Rule = Callable[[Any, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Hyperparameter:
    """One that an algorithm knows.

    Attributes:
        read: makes a value of its text; raises ValueError.
        range: of its value, or of each entry of a list.
        each: is the range one of entries?
        required: must it be given?
        rule: asks it together with others.
    """

    read: Callable[[str], Any]
    range: Range
    each: bool = False
    required: bool = False
    rule: Rule | None = None

    def refuse_out_of_range(self, name: str, value: Any) -> None:
        if not self.each and value not in self.range:
            raise UserError(f"Hyperparameter {name}: {value} is not in {self.range}")
        if self.each and any(entry not in self.range for entry in _flat(value)):
            raise UserError(f"Hyperparameter {name}: value {value} not in range {self.range}")


def integer(
    low: float | None = None, high: float | None = None, is_open: str = "", required: bool = False
) -> Hyperparameter:
    return Hyperparameter(int, Interval(low, high, is_open), required=required)


def number(
    low: float | None = None, high: float | None = None, is_open: str = ""
) -> Hyperparameter:
    return Hyperparameter(float, Interval(low, high, is_open))


def one_of(*values: str, rule: Rule | None = None) -> Hyperparameter:
    return Hyperparameter(str, list(values), rule=rule)


def several_of(values: Range, rule: Rule | None = None) -> Hyperparameter:
    """Texts, with commas between them."""
    return Hyperparameter(lambda text: text.split(","), values, each=True, rule=rule)


def literal(values: Range, rule: Rule | None = None) -> Hyperparameter:
    """A tuple, or lists in a list, as Python writes them."""
    return Hyperparameter(_literal, values, each=True, rule=rule)


def validated(
    given: Mapping[str, Any],
    known: Mapping[str, Hyperparameter],
    aliases: Mapping[str, str],
    later: Collection[str] = (),
) -> dict[str, Any]:
    """The values of hyperparameters.

    Args:
        given: their texts.
        known: those of the algorithm.
        aliases: names that stand for others.
        later: names whose texts are not known yet; nothing is asked that needs them.

    Raises:
        UserError: the first thing that is wrong, in the image's words.
    """
    given = {aliases.get(name, name): text for name, text in given.items()}
    open_names = {aliases.get(name, name) for name in later}
    for name, item in known.items():
        if item.required and name not in given and name not in open_names:
            raise UserError(f"Missing required hyperparameter: {name}")
    for name in [*given, *open_names]:
        if name not in known:
            raise UserError(f"Extraneous hyperparameter found: {name}")
    values = {name: _read(known[name], name, text) for name, text in given.items()}
    for name, value in values.items():
        known[name].refuse_out_of_range(name, value)
    if not open_names:
        for name, value in values.items():
            rule = known[name].rule
            if rule is not None:
                rule(value, values)
    return values


def _read(item: Hyperparameter, name: str, text: Any) -> Any:
    try:
        return item.read(str(text))
    except (ValueError, SyntaxError) as error:
        raise UserError(
            f"Hyperparameter {name}: could not parse value (caused by {type(error).__name__})"
        ) from error


def _literal(text: str) -> Any:
    return ast.literal_eval(text)


def _flat(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        return [value]
    return [entry for item in value for entry in _flat(item)]
