"""What SageMaker's XGBoost image does for a model's script that leaves a function out.

Source: ``handler_service.py`` of aws/sagemaker-xgboost-container, whose package, or a stand-in for
it, such a process finds. There is no default for ``model_fn``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any


def input_fn(content: str | bytes, content_type: str) -> Any:
    """A body as XGBoost's matrix; its type is CSV, libsvm or RecordIO-protobuf."""
    encoder = importlib.import_module("sagemaker_xgboost_container.encoder")
    return encoder.decode(content, content_type)


def predict_fn(rows: Any, model: Any) -> Any:
    """What the booster says."""
    return model.predict(rows, validate_features=False)


def output_fn(prediction: Any, accept: str) -> tuple[str | bytes, str]:
    """A prediction as CSV, JSON or NPY, and its type."""
    encoders = importlib.import_module("sagemaker_containers.beta.framework.encoders")
    return encoders.encode(prediction, accept), accept


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "input_fn": input_fn,
    "predict_fn": predict_fn,
    "output_fn": output_fn,
}
