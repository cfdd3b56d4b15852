"""What answers for a model that SageMaker's XGBoost algorithm has made.

Source: ``algorithm_mode/serve.py`` and ``serve_utils.py`` of sagemaker-xgboost-container.
"""

from __future__ import annotations

import csv
import json
import os
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import xgboost

from . import recordio, xgboost_selected
from .booleans import NUMBERS
from .hyperparameters import UserError
from .requests import CSV, JSON, Refused, plain
from .xgboost_channels import kind_of

_ANSWERS = (JSON, CSV)
_CELLS = {"": "nan", **NUMBERS}
_VOTED = ("multi:softmax", "binary:hinge")
_VERSION = "SAGEMAKER_ALGORITHM_VERSION"
# Images before this one answer with commas between predictions, whatever is asked for.
_LINES_SINCE = (1, 2)
# The XGBoost of images before this one did not look at columns that its model does not have
# (dmlc/xgboost#5841); the image let one such column of libsvm pass.
_COLUMNS_COUNTED_SINCE = (1, 2)


@dataclass(frozen=True)
class Predictions:
    """Of a body's records, in order.

    Attributes:
        values: a number for each, or one for each class.
        objective: of the model.
        classes: how many there are; 0 of a model without.
    """

    values: list[Any]
    objective: str
    classes: int


def model_fn(model_dir: str) -> list[xgboost.Booster]:
    """The models of an archive: one, or those that answer together."""
    files = [file for file in sorted(Path(model_dir).iterdir()) if file.is_file()]
    files = [file for file in files if not file.name.startswith(".")]
    if os.environ.get("SAGEMAKER_INFERENCE_ENSEMBLE", "true") != "true":
        files = files[:1]
    if not files:
        raise ValueError("the archive has no model of XGBoost's, such as xgboost-model")
    return [_loaded(file) for file in files]


def _loaded(file: Path) -> xgboost.Booster:
    try:
        booster = pickle.loads(file.read_bytes())
    except Exception as not_pickled:
        booster = xgboost.Booster()
        try:
            booster.load_model(file)
        except (xgboost.core.XGBoostError, UnicodeDecodeError) as error:
            raise ValueError(
                f"Model {file.name} cannot be loaded: Pickle load error="
                f"{str(not_pickled).splitlines()[0]}; XGB load model error="
                f"{str(error).splitlines()[0]}. XGBoost {xgboost.__version__}, which is here, may "
                "not read the binary format of older versions: save the model as JSON with one"
            ) from error
    booster.set_param("nthread", 1)
    return booster


def input_fn(body: str | bytes, content_type: str) -> xgboost.DMatrix | scipy.sparse.csr_matrix:
    """The records of a body.

    Of a request without a type, which is the server's default here, images up to 1.0 took the body
    for CSV, and later ones for libsvm: it is what it looks like.
    """
    try:
        kind = _kind(body, content_type)
    except UserError as error:
        raise Refused(415, str(error)) from error
    if kind == "parquet":
        raise Refused(415, f"Content-type {content_type} is not supported.")
    try:
        if kind == "recordio":
            return xgboost.DMatrix(recordio.read(_bytes(body))[0])
        return _of_csv(_text(body)) if kind == "csv" else _of_libsvm(_text(body))
    except (ValueError, csv.Error) as error:
        name = "recordio-protobuf" if kind == "recordio" else kind
        raise Refused(
            415,
            f"Loading {name} data failed with Exception, please ensure data is in {name} format: "
            f"{type(error).__name__} {error}",
        ) from error


def _kind(body: str | bytes, content_type: str) -> str:
    if plain(content_type) == JSON and not _text(body).startswith(("{", "[")):
        return "libsvm" if ":" in _text(body).partition("\n")[0] else "csv"
    return kind_of(content_type)


def _text(body: str | bytes) -> str:
    return (body if isinstance(body, str) else body.decode("utf-8", "replace")).strip()


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _of_csv(text: str) -> xgboost.DMatrix:
    lines = text.splitlines()
    sniffed = csv.Sniffer().sniff(lines[0][:512]).delimiter
    delimiter = "," if sniffed.isalnum() else sniffed
    rows = [[_CELLS.get(cell, cell) for cell in line.split(delimiter)] for line in lines]
    return xgboost.DMatrix(np.array(rows).astype(float))


def _of_libsvm(text: str) -> scipy.sparse.csr_matrix:
    """Columns count from 0, as in training; the newest image shifts those from 1 here only."""
    lines = text.splitlines()
    cells = [
        (number, *cell.partition(":")[::2])
        for number, line in enumerate(lines)
        for cell in line.split(" ")
        if ":" in cell
    ]
    rows = np.array([row for row, _, _ in cells], dtype=int)
    columns = np.array([int(column) for _, column, _ in cells], dtype=int)
    values = np.array([float(value) for _, _, value in cells])
    shape = (len(lines), int(columns.max(initial=0)) + 1)
    return scipy.sparse.csr_matrix((values, (rows, columns)), shape)


def predict_fn(
    records: xgboost.DMatrix | scipy.sparse.csr_matrix, boosters: list[xgboost.Booster]
) -> Predictions:
    """A prediction for each record, of several models their mean or their vote."""
    try:
        found = [
            booster.predict(_matrix(records, booster), validate_features=False)
            for booster in boosters
        ]
    except (ValueError, xgboost.core.XGBoostError) as error:
        said = str(error).splitlines()[0]
        raise Refused(400, f"Unable to evaluate payload provided: {said}") from error
    learner = json.loads(boosters[0].save_config())["learner"]
    objective = str(learner["objective"]["name"])
    classes = int(learner["learner_model_param"]["num_class"])
    return Predictions(_together(found, objective), objective, classes)


def _matrix(
    records: xgboost.DMatrix | scipy.sparse.csr_matrix, booster: xgboost.Booster
) -> xgboost.DMatrix:
    """The records as XGBoost takes them, for one of the models; those of libsvm are not yet so."""
    if isinstance(records, xgboost.DMatrix):
        return records
    known = booster.num_features()
    is_one_more = records.shape[1] == known + 1
    if is_one_more and _version() < _COLUMNS_COUNTED_SINCE:
        records = records[:, :known]
    return xgboost.DMatrix(records)


def _together(found: list[Any], objective: str) -> list[Any]:
    if len(found) == 1:
        return list(found[0].tolist())
    if objective in _VOTED:
        counted = [np.unique(each, return_counts=True) for each in np.array(found).T]
        return [float(values[counts.argmax()]) for values, counts in counted]
    return list(np.mean(found, axis=0).tolist())


def output_fn(predictions: Predictions, accept: str) -> tuple[Any, str]:
    """The answer, and its type; a batch has a line for each record, whatever the type."""
    kind, is_batch = plain(accept), bool(os.environ.get("SAGEMAKER_BATCH"))
    if xgboost_selected.VARIABLE in os.environ:
        _refuse_answer(accept, kind, xgboost_selected.ANSWERS)
        keys = os.environ[xgboost_selected.VARIABLE].replace(" ", "").lower().split(",")
        answers = xgboost_selected.selected(
            predictions.values, keys, predictions.objective, predictions.classes
        )
        return xgboost_selected.encoded(answers, keys, kind, is_batch), kind
    is_first = _version() < _LINES_SINCE
    if is_batch:
        if not is_first:
            _refuse_answer(accept, kind, xgboost_selected.ANSWERS)
        return "".join(f"{each}\n" for each in predictions.values), kind
    if is_first:
        return ",".join(map(str, predictions.values)), CSV
    _refuse_answer(accept, kind, _ANSWERS)
    if kind == JSON:
        return json.dumps({"predictions": [{"score": each} for each in predictions.values]}), kind
    lines = (each if isinstance(each, list) else [each] for each in predictions.values)
    return "".join(",".join(map(str, line)) + "\n" for line in lines), kind


def _refuse_answer(accept: str, kind: str, known: tuple[str, ...]) -> None:
    if kind not in known:
        raise Refused(
            406,
            f"Accept type {accept} is not supported. Please use supported accept types: "
            f"{', '.join(known)}.",
        )


def _version() -> tuple[int, ...]:
    return tuple(map(int, os.environ.get(_VERSION, "9.9").split(".")))
