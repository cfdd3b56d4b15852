"""Every prediction: evaluation, batch, HTTP and monitoring load a model and ask it through here.

SageMaker's four functions. The artifact is plain data: signature.json (columns, target, classes),
preprocessing.json (the fitted encoding) and model.ubj or linear.json.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from features import Encoder
from tabular import contract
from tabular.values import DataError
from tabular.violations import RecordCheck

Score = Callable[[np.ndarray], np.ndarray]  # (rows, numbers) -> (rows,) or (rows, classes)


@dataclass(frozen=True)
class Model:
    """A loaded artifact: its column names, its classes (none: regression) and how it scores.

    Of two classes, the last is predicted when its probability is above the threshold. `check` is
    the data contract, where the model was trained under one.
    """

    columns: list[str]
    classes: list[str]
    encoder: Encoder
    score: Score
    threshold: float = 0.5
    check: RecordCheck | None = None


def model_fn(model_dir: str) -> Model:
    """Load an extracted artifact."""
    folder = Path(model_dir)
    signature = json.loads((folder / "signature.json").read_text(encoding="utf-8"))
    preprocessing = json.loads((folder / "preprocessing.json").read_text(encoding="utf-8"))
    load = _load_xgboost if signature["model_family"] == "xgboost" else _load_linear
    columns = [column["name"] for column in signature["columns"]]
    agreed = signature.get("contract")
    return Model(
        columns,
        signature["classes"],
        Encoder(preprocessing),
        load(folder),
        signature.get("threshold", 0.5),
        RecordCheck(contract.from_document(agreed), columns) if agreed else None,
    )


def _load_xgboost(folder: Path) -> Score:
    from xgboost import Booster  # here, because a linear model need not wait a second for it

    return Booster(model_file=folder / "model.ubj").inplace_predict


def _load_linear(folder: Path) -> Score:
    linear = json.loads((folder / "linear.json").read_text(encoding="utf-8"))
    weights, intercept = np.array(linear["weights"]).T, np.array(linear["intercept"])

    def score(matrix: np.ndarray) -> np.ndarray:
        linear_sum = matrix @ weights + intercept
        if linear["link"] == "identity":
            return linear_sum[:, 0]
        if linear["link"] == "logistic":
            return 1 / (1 + np.exp(-linear_sum[:, 0]))
        powers = np.exp(linear_sum - linear_sum.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    return score


def input_fn(body: bytes | str, content_type: str) -> list[Any]:
    """A request's records: mappings from JSON, lists of cells in the order of columns from CSV."""
    content = body if isinstance(body, str) else bytes(body).decode("utf-8-sig")
    kind = content_type.split(";")[0].strip().lower()
    if kind == "text/csv":
        return [row for row in csv.reader(io.StringIO(content)) if row]
    try:
        if kind == "application/jsonlines":
            return [json.loads(line) for line in content.splitlines() if line.strip()]
        if kind == "application/json":
            parsed = json.loads(content)
            parsed = parsed.get("instances", parsed) if isinstance(parsed, dict) else parsed
            return parsed if isinstance(parsed, list) else [parsed]
    except json.JSONDecodeError as error:
        raise DataError(f"the request is not valid {kind}: {error}") from None
    raise DataError(
        f"content type {content_type!r} is not text/csv, application/json or application/jsonlines"
    )


def predict_fn(records: Sequence[Any], model: Model) -> list[dict[str, Any]]:
    """Predict for raw records that keep the model's data contract; DataError where they do not.

    What the contract calls a warning goes to stderr, the server's log.
    """
    rows = _records(records, model)
    return predict(model.check.hold(rows) if model.check else rows, model)


def predict(records: Sequence[Any], model: Model) -> list[dict[str, Any]]:
    """Predict for raw records; a label comes with the probability of each class.

    Nobody's data contract is asked: a champion is compared on rows that keep a later one.
    """
    scores = model.score(model.encoder.matrix(_records(records, model)))
    return answers(scores, model)


def answers(scores: np.ndarray, model: Model) -> list[dict[str, Any]]:
    """A model's scores as predictions, one for each row."""
    if not model.classes:
        return [{"prediction": value} for value in scores.tolist()]
    if scores.ndim == 1:
        table = np.column_stack([1 - scores, scores])
        chosen = (scores.astype(float) > model.threshold).astype(int)
    else:
        table, chosen = scores, scores.argmax(axis=1)
    return [
        {
            "prediction": model.classes[best],
            "probabilities": dict(zip(model.classes, row, strict=True)),
        }
        for best, row in zip(chosen, table.tolist(), strict=True)
    ]


def _records(rows: Sequence[Any], model: Model) -> list[Mapping[str, Any]]:
    """Records as mappings; a header line of CSV is none."""
    if rows and rows[0] == model.columns:
        rows = rows[1:]
    if not rows:
        raise DataError("the request holds no record; send at least one")
    return [_record(row, model.columns) for row in rows]


def _record(row: Any, columns: list[str]) -> Mapping[str, Any]:
    if isinstance(row, Mapping):
        return row
    if isinstance(row, list) and len(row) == len(columns):
        return dict(zip(columns, row, strict=True))
    found = f"{len(row)} values" if isinstance(row, list) else repr(row)
    raise DataError(f"a record has {found}, not the {len(columns)} of: {', '.join(columns)}")


def output_fn(prediction: Sequence[Mapping[str, Any]], accept: str) -> str:
    """Predictions as text; a line of CSV has the label before the probabilities of the classes."""
    kind = (accept or "*/*").split(";")[0].strip().lower()
    if kind in ("application/json", "*/*"):
        return json.dumps({"predictions": prediction})
    if kind == "application/jsonlines":
        return "".join(json.dumps(row) + "\n" for row in prediction)
    if kind == "text/csv":
        lines = io.StringIO()
        rows = ([row["prediction"], *row.get("probabilities", {}).values()] for row in prediction)
        csv.writer(lines, lineterminator="\n").writerows(rows)
        return lines.getvalue()
    raise DataError(f"accept {accept!r} is not text/csv, application/json or application/jsonlines")
