"""Every prediction: evaluation, batch, HTTP and monitoring load a model and ask it through here.

SageMaker's four functions. The artifact is plain data: signature.json (columns, target, classes),
preprocessing.json (the fitted encoding) and what its family of models wrote.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from features import Encoder
from models import FAMILIES
from tabular import contract, payloads
from tabular.answers import told_to_caller
from tabular.families import Contributions, Score
from tabular.predictions import Predictions
from tabular.violations import RecordCheck


@dataclass(frozen=True)
class Model:
    """A loaded artifact: its column names, its classes (none: regression) and how it scores.

    Of two classes, the last is predicted when its probability is above the threshold. `check` is
    the data contract, where the model was trained under one; `explain` gives what moves the scores.
    """

    columns: list[str]
    classes: list[str]
    encoder: Encoder
    score: Score
    threshold: float = 0.5
    check: RecordCheck | None = None
    explain: Callable[[], Contributions] | None = None


def model_fn(model_dir: str) -> Model:
    """Load an extracted artifact."""
    folder = Path(model_dir)
    signature = json.loads((folder / "signature.json").read_text(encoding="utf-8"))
    preprocessing = json.loads((folder / "preprocessing.json").read_text(encoding="utf-8"))
    columns = [column["name"] for column in signature["columns"]]
    agreed = signature.get("contract")
    family = FAMILIES[signature["model_family"]]
    return Model(
        columns,
        signature["classes"],
        Encoder(preprocessing),
        family.load(folder),
        signature.get("threshold", 0.5),
        RecordCheck(contract.from_document(agreed), columns) if agreed else None,
        partial(family.explain, folder),
    )


@told_to_caller
def input_fn(body: bytes | str, content_type: str) -> Sequence[Any]:
    """A request's records, as CSV, JSON or JSON Lines; CSV has the columns in their order."""
    return payloads.read(body, content_type)


@told_to_caller
def predict_fn(records: Sequence[Any], model: Model) -> Predictions:
    """Predict for raw records that keep the model's data contract; DataError where they do not.

    What the contract calls a warning goes to stderr, the server's log.
    """
    rows = payloads.as_records(records, model.columns)
    return predict(model.check.hold(rows) if model.check else rows, model)


def predict(records: Sequence[Any], model: Model) -> Predictions:
    """Predict for raw records; a label comes with the probability of each class.

    Nobody's data contract is asked: a champion is compared on rows that keep a later one.
    """
    scores = model.score(model.encoder.matrix(payloads.as_records(records, model.columns)))
    return answers(scores, model)


def answers(scores: np.ndarray, model: Model) -> Predictions:
    """A model's scores as predictions: a sequence of mappings, one for each row."""
    if not model.classes:
        return Predictions(scores.astype(float))
    if scores.ndim == 1:
        table = np.column_stack([1 - scores, scores])
        chosen = (scores.astype(float) > model.threshold).astype(int)
    else:
        table, chosen = scores, scores.argmax(axis=1)
    return Predictions(np.array(model.classes)[chosen], table.astype(float), model.classes)


@told_to_caller
def output_fn(prediction: Sequence[Mapping[str, Any]], accept: str) -> tuple[str, str]:
    """Predictions as text of a type that the client accepts, and that type."""
    return payloads.write(prediction, accept)
