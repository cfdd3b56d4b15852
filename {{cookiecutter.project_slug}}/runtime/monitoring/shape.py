"""What a model takes and gives, and the table of its requests.

The table has the columns `id`, `time`, `prediction`, for each class `P(<class>)`, and the model's
own columns, prefixed by `in:`, as texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from tabular.spelling import reading


@dataclass(frozen=True)
class Shape:
    """What a model takes and gives.

    Attributes:
        columns: their names, in the order of CSV.
        classes: that the model tells apart; none: it predicts numbers.
        decimals: the decimal marks of columns that have another than the point.
    """

    columns: list[str]
    classes: list[str]
    decimals: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, signature: Mapping[str, Any]) -> "Shape":
        """From a model's signature."""
        readings = [reading(column) for column in signature["columns"]]
        marks = {each.name: each.numeral.pattern.decimal for each in readings if each.numeral}
        decimals = {name: mark for name, mark in marks.items() if mark != "."}
        return cls([each.name for each in readings], signature["classes"], decimals)

    @property
    def shares(self) -> list[str]:
        """The columns with the probability of each class."""
        return [f"P({label})" for label in self.classes]

    def schema(self) -> pa.Schema:
        """Of the table."""
        answer = pa.string() if self.classes else pa.float64()
        return pa.schema(
            [
                ("id", pa.string()),
                ("time", pa.timestamp("s", "UTC")),
                ("prediction", answer),
                *((name, pa.float64()) for name in self.shares),
                *((f"in:{name}", pa.string()) for name in self.columns),
            ]
        )
