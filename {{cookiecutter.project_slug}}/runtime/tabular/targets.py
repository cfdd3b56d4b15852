"""The target of records: what a model is to predict, as numbers or labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .records import Columns, Record, column_of
from .spelling import Reading


def reading_of_target(document: Mapping[str, Any]) -> Reading:
    """How the target is read, by a schema or a signature: as a plain number, or as a label."""
    numeric = document["problem_type"] == "regression"
    return Reading(document["target"], "numeric" if numeric else "categorical")


def targets(records: Sequence[Record], target: Reading) -> np.ndarray:
    """The target of each record: numbers, or labels as they came."""
    if target.role != "numeric":
        return np.array(column_of(records, target.name))
    if isinstance(records, Columns):
        from .column_values import numbers  # here, because not every machine has Arrow

        return numbers(records.columns[target.name], target)
    return np.array([target.number(each) for each in column_of(records, target.name)])
