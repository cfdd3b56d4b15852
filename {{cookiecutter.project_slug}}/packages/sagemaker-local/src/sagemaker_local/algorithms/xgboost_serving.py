"""The script of a model that SageMaker's XGBoost algorithm has made.

Source: ``algorithm_mode/serve.py`` and ``serve_utils.py`` of sagemaker-xgboost-container.
"""

from __future__ import annotations

import csv
import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import xgboost

_CSV = ("csv", "text/csv")
_LIBSVM = ("libsvm", "text/libsvm", "text/x-libsvm")
_ANSWERS = ("application/json", "text/csv")
_UNSAID = "application/json"
_VOTED = ("multi:softmax", "binary:hinge")
_SELECTED = "SAGEMAKER_INFERENCE_OUTPUT"


class Refused(Exception):
    """A request that the model does not answer.

    Attributes:
        status: of the HTTP answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def model_fn(model_dir: str) -> list[xgboost.Booster]:
    """The models of an archive: one, or those that answer together."""
    if _SELECTED in os.environ:
        raise ValueError(f"{_SELECTED} is not run locally; leave it out")
    files = [file for file in sorted(Path(model_dir).iterdir()) if file.is_file()]
    boosters = [_loaded(file) for file in files if not file.name.startswith(".")]
    if not boosters:
        raise ValueError("the archive has no model of XGBoost's, such as xgboost-model")
    return boosters


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


def input_fn(body: str | bytes, content_type: str) -> xgboost.DMatrix:
    """The records of a body.

    Of a request without a type, which is the server's default here, images up to 1.0 took the body
    for CSV, and later ones for libsvm: it is what it looks like.
    """
    kind = content_type.partition(";")[0].strip().lower()
    text = (body if isinstance(body, str) else body.decode("utf-8")).strip()
    if kind == _UNSAID and not text.startswith(("{", "[")):
        kind = _LIBSVM[0] if ":" in text.partition("\n")[0] else _CSV[0]
    if kind not in (*_CSV, *_LIBSVM):
        raise Refused(
            415, f"{content_type} is not an accepted ContentType: {', '.join((*_CSV, *_LIBSVM))}."
        )
    try:
        return _of_csv(text) if kind in _CSV else _of_libsvm(text)
    except (ValueError, csv.Error) as error:
        name = "csv" if kind in _CSV else "libsvm"
        raise Refused(
            415,
            f"Loading {name} data failed with Exception, please ensure data is in {name} format: "
            f"{type(error).__name__} {error}",
        ) from error


def _of_csv(text: str) -> xgboost.DMatrix:
    lines = text.splitlines()
    sniffed = csv.Sniffer().sniff(lines[0][:512]).delimiter
    delimiter = "," if sniffed.isalnum() else sniffed
    rows = [[cell or "nan" for cell in line.split(delimiter)] for line in lines]
    return xgboost.DMatrix(np.array(rows).astype(float))


def _of_libsvm(text: str) -> xgboost.DMatrix:
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
    return xgboost.DMatrix(scipy.sparse.csr_matrix((values, (rows, columns)), shape))


def predict_fn(records: xgboost.DMatrix, boosters: list[xgboost.Booster]) -> Any:
    """A prediction for each record, of several models their mean or their vote."""
    try:
        found = [booster.predict(records, validate_features=False) for booster in boosters]
    except (ValueError, xgboost.core.XGBoostError) as error:
        said = str(error).splitlines()[0]
        raise Refused(400, f"Unable to evaluate payload provided: {said}") from error
    if len(found) == 1:
        return found[0].tolist()
    if _objective(boosters[0]) in _VOTED:
        counted = [np.unique(each, return_counts=True) for each in np.array(found).T]
        return [float(values[counts.argmax()]) for values, counts in counted]
    return np.mean(found, axis=0).tolist()


def _objective(booster: xgboost.Booster) -> str:
    return str(json.loads(booster.save_config())["learner"]["objective"]["name"])


def output_fn(predictions: list[Any], accept: str) -> tuple[str, str]:
    """The answer, and its type; a batch has a line for each record, whatever the type."""
    kind = accept.partition(";")[0].strip().lower()
    if os.environ.get("SAGEMAKER_BATCH"):
        return "".join(f"{each}\n" for each in predictions), kind
    if kind not in _ANSWERS:
        raise Refused(
            406,
            f"Accept type {accept} is not supported. Please use supported accept types: "
            f"{', '.join(_ANSWERS)}.",
        )
    if kind == "application/json":
        scores = [{"score": each} for each in predictions]
        return json.dumps({"predictions": scores}), kind
    lines = (each if isinstance(each, list) else [each] for each in predictions)
    return "".join(",".join(map(str, line)) + "\n" for line in lines), kind
