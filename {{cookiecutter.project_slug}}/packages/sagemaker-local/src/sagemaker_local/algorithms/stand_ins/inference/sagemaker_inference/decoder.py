"""Bodies as arrays, as ``decoder.py`` of sagemaker-inference-toolkit reads them."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from .content_types import CSV, JSON, NPY
from .errors import UnsupportedFormatError


def decode(obj: Any, content_type: str) -> Any:
    """A body as an array.

    Raises:
        UnsupportedFormatError: the type is none of CSV, JSON and NPY.
    """
    if content_type == JSON:
        return np.array(json.loads(obj))
    if content_type == NPY:
        return np.load(io.BytesIO(obj), allow_pickle=False)
    if content_type != CSV:
        raise UnsupportedFormatError(content_type)
    text = obj if isinstance(obj, str) else obj.decode("utf-8")
    return np.genfromtxt(io.StringIO(text), dtype=None, delimiter=",")
