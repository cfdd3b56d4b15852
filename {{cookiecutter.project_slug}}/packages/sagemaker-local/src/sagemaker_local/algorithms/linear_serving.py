"""What answers for a model of SageMaker's Linear Learner algorithm.

Sources: "Linear learner response formats" and "Common Data Formats - Inference" in the SageMaker
Developer Guide.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from . import recordio
from .booleans import NUMBERS
from .linear_model import LinearModel
from .requests import CSV, JSON, JSON_LINES, Refused, plain

_ANSWERS = (JSON, JSON_LINES, CSV, recordio.TYPE)
_BODIES = (CSV, JSON, JSON_LINES, recordio.TYPE)

Answer = dict[str, Any]


def model_fn(model_dir: str) -> LinearModel:
    """The model of an archive."""
    return LinearModel.load(Path(model_dir))


def input_fn(body: str | bytes, content_type: str) -> Any:
    """The features of a body's records."""
    kind = plain(content_type)
    if kind not in _BODIES:
        raise Refused(415, f"{content_type} is not an accepted ContentType: {', '.join(_BODIES)}.")
    try:
        if kind == recordio.TYPE:
            rows = recordio.read(body.encode() if isinstance(body, str) else body)[0]
            return rows.toarray() if hasattr(rows, "toarray") else rows
        text = body if isinstance(body, str) else body.decode("utf-8")
        if kind == CSV:
            lines = [line.split(",") for line in text.strip().splitlines()]
            rows = [[NUMBERS.get(cell, cell) for cell in line] for line in lines]
            return np.array(rows).astype(float)
        return _of_json(text, kind)
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(415, f"unable to read the body as {kind}: {error}") from error


def _of_json(text: str, kind: str) -> Any:
    if kind == JSON:
        records = json.loads(text)["instances"]
    else:
        records = [json.loads(line) for line in text.splitlines() if line.strip()]
    rows = [_features(record) for record in records]
    width = max(row[1] for row in rows)
    table = np.zeros((len(rows), width))
    for line, (values, _, keys) in zip(table, rows, strict=True):
        line[keys] = values
    return table


def _features(record: Any) -> tuple[list[float], int, list[int]]:
    """Values of a record, how many features it has, and which the values are of."""
    found = record.get("data", record)["features"]
    if isinstance(found, list):
        return found, len(found), list(range(len(found)))
    values = found["values"]
    keys = found.get("keys", list(range(len(values))))
    shape = found.get("shape", [max(keys, default=-1) + 1])
    return values, int(shape[0]), keys


def predict_fn(records: Any, model: LinearModel) -> list[Answer]:
    """``score`` and, of classes, ``predicted_label`` of each record."""
    wanted = len(model.weights[0])
    if records.shape[1] != wanted:
        raise Refused(
            400, f"the records have {records.shape[1]} features, and the model has {wanted}"
        )
    scores = model.scores(records)
    labels = model.labels(scores)
    if labels is None:
        return [{"score": score} for score in scores.tolist()]
    pairs = zip(scores.tolist(), labels.tolist(), strict=True)
    return [{"score": score, "predicted_label": label} for score, label in pairs]


def output_fn(answers: list[Answer], accept: str) -> tuple[Any, str]:
    """The answer, and its type."""
    kind = plain(accept)
    if kind not in _ANSWERS:
        raise Refused(
            406, f"Accept type {accept} is not supported. Please use {', '.join(_ANSWERS)}."
        )
    if kind == recordio.TYPE:
        return recordio.written(answers), kind
    if kind == CSV:
        return "".join(_line(answer) + "\n" for answer in answers), kind
    if kind == JSON_LINES:
        return "".join(json.dumps(answer) + "\n" for answer in answers), kind
    return json.dumps({"predictions": answers}), kind


def _line(answer: Answer) -> str:
    """Of CSV: the label, if there is one, and the score or the scores."""
    score, label = answer["score"], answer.get("predicted_label")
    cells = [*([] if label is None else [label]), *(score if isinstance(score, list) else [score])]
    return ",".join(map(str, cells))
