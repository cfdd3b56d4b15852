"""What SageMaker's scikit-learn image does for a model's script that leaves a function out.

Source: ``serving.py`` of aws/sagemaker-scikit-learn-container, and the encoders of
aws/sagemaker-containers that it calls. There is no default for ``model_fn``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

from .records import CSV, JSON

NPY = "application/x-npy"


def input_fn(content: str | bytes, content_type: str) -> Any:
    """A body as an array; of text, as one of 32 bits.

    Raises:
        ValueError: the type is none of CSV, JSON and NPY, or the body is not of it.
    """
    import numpy

    if content_type == NPY:
        return numpy.load(io.BytesIO(_bytes(content)), allow_pickle=False)
    text = _bytes(content).decode("utf-8")
    if content_type == CSV:
        rows = numpy.genfromtxt(io.StringIO(text), delimiter=",")
    elif content_type == JSON:
        rows = numpy.array(json.loads(text))
    else:
        raise ValueError(_unsupported(content_type))
    return rows.astype(numpy.float32)


def predict_fn(rows: Any, model: Any) -> Any:
    """What the model's ``predict`` says."""
    return model.predict(rows)


def output_fn(prediction: Any, accept: str) -> tuple[str | bytes, str]:
    """A prediction as text, or as bytes of NumPy, and its type.

    Raises:
        ValueError: the type is none of CSV, JSON and NPY.
    """
    import numpy

    if accept == JSON:
        return json.dumps(prediction, default=lambda each: each.tolist()), accept
    if accept == CSV:
        text = io.StringIO()
        numpy.savetxt(text, prediction, delimiter=",", fmt="%s")
        return text.getvalue(), accept
    if accept == NPY:
        body = io.BytesIO()
        numpy.save(body, prediction)
        return body.getvalue(), accept
    raise ValueError(_unsupported(accept))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "input_fn": input_fn,
    "predict_fn": predict_fn,
    "output_fn": output_fn,
}


def _bytes(content: str | bytes) -> bytes:
    return content.encode("utf-8") if isinstance(content, str) else content


def _unsupported(kind: str) -> str:
    return f"Content type {kind} is not supported by this framework."
