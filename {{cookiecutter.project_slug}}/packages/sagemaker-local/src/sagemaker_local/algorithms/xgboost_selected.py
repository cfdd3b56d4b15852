"""What ``SAGEMAKER_INFERENCE_OUTPUT`` selects of a prediction, such as ``predicted_label``.

Source: ``algorithm_mode/serve_utils.py`` of sagemaker-xgboost-container.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from . import recordio
from .requests import CSV, JSON, JSON_LINES, Refused

VARIABLE = "SAGEMAKER_INFERENCE_OUTPUT"
ANSWERS = (JSON, JSON_LINES, recordio.TYPE, CSV)
_OF_NUMBERS = ("reg:squarederror", "reg:logistic", "reg:gamma", "reg:absoluteerror", "reg:tweedie")
_VOTING = ("binary:hinge", "multi:softmax")
_OF_PROBABILITIES = ("binary:logistic", "multi:softprob")
_OF_CLASSES = (*_OF_PROBABILITIES, *_VOTING, "binary:logitraw")


def selected(
    predictions: Sequence[Any], keys: Sequence[str], objective: str, classes: int
) -> list[dict[str, Any]]:
    """What is selected of each prediction; NaN where the objective has no such thing.

    Args:
        predictions: of the library: a number for each record, or one for each class.
        keys: what is selected.
        objective: of the model.
        classes: how many there are.

    Raises:
        Refused: nothing is selected of such a model's predictions.
    """
    if objective not in (*_OF_NUMBERS, *_OF_CLASSES):
        raise Refused(
            500, f"Objective `{objective}` unsupported for selectable inference predictions."
        )
    count = 2 if objective.startswith("binary:") else classes
    found = {
        key: _PARTS[key] if key in _PARTS and _has(objective, key) else _nothing for key in keys
    }
    return [
        {key: part(objective, prediction, count) for key, part in found.items()}
        for prediction in predictions
    ]


def encoded(answers: list[dict[str, Any]], keys: Sequence[str], kind: str, is_batch: bool) -> Any:
    """Selections as a body of a content type.

    Args:
        answers: of ``selected``.
        keys: their order in CSV.
        kind: the content type.
        is_batch: does another body follow?
    """
    if kind == JSON:
        return json.dumps({"predictions": answers})
    if kind == JSON_LINES:
        return "".join(json.dumps(answer) + "\n" for answer in answers)
    if kind == recordio.TYPE:
        return recordio.written(answers)
    lines = (",".join(_cell(answer[key]) for key in keys) for answer in answers)
    return "\n".join(lines) + ("\n" if is_batch else "")


def _cell(value: Any) -> str:
    return f'"{value}"' if isinstance(value, list) else str(value)


def _has(objective: str, key: str) -> bool:
    if objective in _OF_NUMBERS or key == "predicted_score":
        return objective in _OF_NUMBERS and key == "predicted_score"
    return not key.startswith("probabilit") or objective in _OF_PROBABILITIES


def _nothing(objective: str, prediction: Any, classes: int) -> Any:
    return math.nan


def _label(objective: str, prediction: Any, classes: int) -> Any:
    if objective == "multi:softprob":
        return max(range(len(prediction)), key=prediction.__getitem__)
    if objective in _VOTING:
        return prediction
    return int(prediction > (0.5 if objective == "binary:logistic" else 0))


def _score(objective: str, prediction: Any, classes: int) -> Any:
    return max(prediction) if objective == "multi:softprob" else prediction


def _scores(objective: str, prediction: Any, classes: int) -> Any:
    return prediction if objective == "multi:softprob" else [1.0 - prediction, prediction]


def _labels(objective: str, prediction: Any, classes: int) -> Any:
    return list(range(classes)) if classes else math.nan


_PARTS: dict[str, Callable[[str, Any, int], Any]] = {
    "predicted_label": _label,
    "labels": _labels,
    "probability": _score,
    "probabilities": _scores,
    "raw_score": _score,
    "raw_scores": _scores,
    "predicted_score": _score,
}
