"""`statistics.json`: what each column of a data set holds, in Model Monitor's format.

Besides the members of that format each feature has one of ours, `points` (see `distributions`),
from which later windows are compared: ten equal bins are too coarse for that.
Source: Amazon SageMaker Developer Guide, "Schema for Statistics".
"""

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import distributions
from .distributions import Categories, Distribution, Numbers

BINS = 10
LARGEST = sys.float_info.max
SKETCH = {"c": 0.64, "k": 2048.0}


def document(columns: Mapping[str, Distribution], rows: int) -> dict[str, Any]:
    """The document of so many rows with these columns, in their order."""
    features = [_feature(name, column) for name, column in columns.items()]
    return {"version": 0.0, "dataset": {"item_count": rows}, "features": features}


def columns(found: Mapping[str, Any]) -> dict[str, Distribution]:
    """The columns of a document that `document` made, by name."""
    return {each["name"]: distributions.read(each["points"]) for each in found["features"]}


def inferred_type(column: Distribution) -> str:
    """Integral, Fractional, String, or Unknown for a column without a value."""
    if not column.known:
        return "Unknown"
    if isinstance(column, Categories):
        return "String"
    return "Fractional" if (column.values % 1).any() else "Integral"


def _feature(name: str, column: Distribution) -> dict[str, Any]:
    common = {"num_present": round(column.known), "num_missing": column.missing}
    if isinstance(column, Numbers):
        kind, said = "numerical_statistics", {"common": common, **_numerical(column)}
    else:
        kind, said = "string_statistics", {"common": common, **_strings(column)}
    points = distributions.document(column)
    return {"name": name, "inferred_type": inferred_type(column), kind: said, "points": points}


def _numerical(column: Numbers) -> dict[str, Any]:
    if not column.known:
        return {}
    low, high = float(column.values[0]), float(column.values[-1])
    # The largest numbers that there are have no squares and no sums; by a power of two, exactly.
    size = math.ldexp(1.0, math.frexp(max(-low, high))[1] - 1)
    values, weights = column.values / size, column.weights
    mean = float(np.average(values, weights=weights))
    edges = np.linspace(low / size, high / size, BINS + 1)
    counts, _ = np.histogram(values, edges if high > low else 1, weights=weights)
    bins = [
        {"lower_bound": left * size, "upper_bound": right * size, "count": float(count)}
        for left, right, count in zip(edges.tolist(), edges.tolist()[1:], counts, strict=False)
    ]
    return {
        "mean": mean * size,
        "sum": max(-LARGEST, min(LARGEST, mean * size * column.known)),
        "std_dev": float(np.sqrt(np.average((values - mean) ** 2, weights=weights))) * size,
        "min": low,
        "max": high,
        "distribution": {
            "kll": {
                "buckets": bins,
                "sketch": {"parameters": SKETCH, "data": [column.shortened().values.tolist()]},
            }
        },
    }


def _strings(column: Categories) -> dict[str, Any]:
    counts = sorted(column.counts.items(), key=lambda each: (-each[1], each[0]))
    buckets = [{"value": value, "count": count} for value, count in counts]
    return {
        "distinct_count": float(len(counts)),
        "distribution": {"categorical": {"buckets": buckets}},
    }
