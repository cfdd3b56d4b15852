"""Bodies of requests as XGBoost's matrices."""

from __future__ import annotations

from typing import Any

import xgboost

from ._algorithm import module

_TYPES = ("text/csv", "text/libsvm", "text/x-libsvm", "application/x-recordio-protobuf")


def decode(obj: str | bytes, content_type: str) -> Any:
    """The records of a body.

    Raises:
        ValueError: its type is none of CSV, libsvm and RecordIO-protobuf.
    """
    plain = content_type.partition(";")[0].strip()
    if plain not in _TYPES:
        raise ValueError(f"Content type {plain} is not supported by this framework.")
    records = module("xgboost_serving").input_fn(obj, plain)
    return records if isinstance(records, xgboost.DMatrix) else xgboost.DMatrix(records)


def csv_to_dmatrix(input: str | bytes, dtype: Any = None) -> Any:
    """Records of CSV, without a label."""
    return decode(input, "text/csv")


def libsvm_to_dmatrix(string_like: str | bytes) -> Any:
    """Records of libsvm."""
    return decode(string_like, "text/libsvm")
