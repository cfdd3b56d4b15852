"""Arrays as CSV, JSON and NPY, as ``encoder.py`` of sagemaker-inference-toolkit has them."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from .content_types import CSV, JSON, NPY
from .errors import UnsupportedFormatError


def encode(array_like: Any, content_type: str) -> Any:
    """An array, or what can be one, as text, or as bytes of NumPy.

    Raises:
        UnsupportedFormatError: the type is none of CSV, JSON and NPY.
    """
    if content_type == JSON:
        return json.dumps(array_like, default=lambda each: each.tolist())
    if content_type == NPY:
        body = io.BytesIO()
        np.save(body, array_like)
        return body.getvalue()
    if content_type != CSV:
        raise UnsupportedFormatError(content_type)
    text = io.StringIO()
    np.savetxt(text, array_like, delimiter=",", fmt="%s")
    return text.getvalue()
