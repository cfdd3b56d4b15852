"""Arrays as CSV, JSON and NPY, as ``_encoders.py`` of aws/sagemaker-containers has them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from .content_types import CSV, JSON, NPY
from .errors import ClientError, UnsupportedFormatError


def array_to_json(array_like: Any) -> str:
    """An array, or what has some in it, as JSON."""
    return json.dumps(array_like, default=lambda each: each.tolist())


def array_to_npy(array_like: Any) -> bytes:
    """An array as NumPy's own bytes."""
    body = io.BytesIO()
    np.save(body, array_like)
    return body.getvalue()


def array_to_csv(array_like: Any) -> str:
    """An array as CSV; of one dimension, a line for each number."""
    rows = np.array(array_like)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows[:, None] if rows.ndim == 1 else rows)
    return text.getvalue()


_ENCODERS: dict[str, Callable[[Any], Any]] = {
    JSON: array_to_json,
    NPY: array_to_npy,
    CSV: array_to_csv,
}


def encode(array_like: Any, content_type: str) -> Any:
    """An array, or what can be one, as text, or as bytes of NumPy.

    Raises:
        UnsupportedFormatError: the type is none of CSV, JSON and NPY.
    """
    if content_type not in _ENCODERS:
        raise UnsupportedFormatError(content_type)
    return _ENCODERS[content_type](array_like)


def decode(obj: Any, content_type: str) -> Any:
    """A body as an array.

    Raises:
        UnsupportedFormatError: the type is none of CSV, JSON and NPY.
        ClientError: its CSV cannot be read.
    """
    if content_type == NPY:
        return np.load(io.BytesIO(obj), allow_pickle=False)
    if content_type not in (CSV, JSON):
        raise UnsupportedFormatError(content_type)
    text = obj if isinstance(obj, str) else obj.decode("utf-8")
    if content_type == JSON:
        return np.array(json.loads(text))
    try:
        return np.array(list(csv.reader(io.StringIO(text), strict=True))).squeeze().astype(float)
    except (csv.Error, ValueError) as error:
        raise ClientError(f"Error while decoding csv: {error}") from error
