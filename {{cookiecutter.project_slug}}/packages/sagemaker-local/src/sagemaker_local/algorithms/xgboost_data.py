"""The data of SageMaker's XGBoost algorithm: CSV, the label first, no header; libsvm; Parquet.

Source: ``data_utils.py`` of sagemaker-xgboost-container. A header, which the image would take for a
row of zeros, is refused here.
"""

from __future__ import annotations

import csv
import os
import warnings
from pathlib import Path
from typing import Any

import xgboost

from .hyperparameters import UserError

_TYPES = {
    "csv": "csv",
    "text/csv": "csv",
    "libsvm": "libsvm",
    "text/libsvm": "libsvm",
    "text/x-libsvm": "libsvm",
    "parquet": "parquet",
    "application/x-parquet": "parquet",
}
_DEFAULT = "libsvm"
_SNIPPET = 50


def kind_of(content_type: str) -> str:
    """``csv``, ``libsvm`` or ``parquet``.

    Raises:
        UserError: it is none of them, or says of a label what the algorithm does not know.
    """
    name, _, options = (content_type or _DEFAULT).lower().partition(";")
    given = dict(part.strip().partition("=")[::2] for part in options.split(";") if part.strip())
    kind = _TYPES.get(name.strip())
    if kind is None:
        raise UserError(f"{content_type} is not an accepted ContentType: {', '.join(_TYPES)}.")
    if kind == "csv" and given.get("label_size", "1") != "1":
        raise UserError(
            f"{content_type} is not an accepted csv ContentType. "
            "Optional parameter label_size must be equal to 1"
        )
    return kind


def matrix(folder: Path, kind: str, weights: bool) -> xgboost.DMatrix | None:
    """A channel's data; None if its folder has no file.

    Args:
        folder: the channel's, named by letters, digits, dots, dashes and underscores.
        kind: of its files.
        weights: has CSV the weights of rows in its second column?

    Raises:
        UserError: it cannot be read as that.
    """
    files = sorted(file for file in folder.glob("*") if file.is_file())
    if not any(file.stat().st_size for file in files):
        return None
    if kind == "parquet":
        return _of_parquet(folder)
    options = f"format={kind}"
    if kind == "csv":
        delimiters = [_delimiter(file) for file in files]
        options += f"&label_column=0&delimiter={delimiters[0]}"
        options += "&weight_column=1" if weights else ""
    # XGBoost takes `?` and `#` of a path for its own: the path that it gets has none.
    before = Path.cwd()
    os.chdir(folder.parent)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return xgboost.DMatrix(f"{folder.name}?{options}")
    except xgboost.core.XGBoostError as error:
        raise UserError(f"Failed to load {kind} data with exception:\n{error}") from error
    finally:
        os.chdir(before)


def _delimiter(file: Path) -> str:
    with file.open(encoding="utf-8", errors="ignore") as lines:
        line = lines.readline()
    try:
        delimiter = csv.Sniffer().sniff(line).delimiter
    except csv.Error as error:
        raise UserError(
            f"Could not determine delimiter on line {line[:_SNIPPET]}:\n{error}"
        ) from error
    label = line.split(delimiter)[0].strip()
    try:
        float(label)
    except ValueError:
        raise UserError(
            f"First line '{line.strip()[:_SNIPPET]}...' of file '{file.name}' begins with {label!r}"
            ", and should begin with a label, which is a number: the algorithm takes CSV without a "
            "header, the label first"
        ) from None
    return delimiter


def _of_parquet(folder: Path) -> Any:
    import pandas as pd

    try:
        rows = pd.read_parquet(folder).to_numpy()
        return xgboost.DMatrix(rows[:, 1:], label=rows[:, 0])
    except (ValueError, OSError, IndexError) as error:
        raise UserError(f"Failed to load parquet data with exception:\n{error}") from error
