"""The data of SageMaker's XGBoost algorithm: CSV, libsvm, Parquet, RecordIO-protobuf.

CSV has the label first and no header: one, which the image would take for a row of zeros, is
refused here. Source: ``data_utils.py`` of sagemaker-xgboost-container.
"""

from __future__ import annotations

import contextlib
import csv
import warnings
from dataclasses import dataclass
from pathlib import Path

import xgboost

from . import booleans, recordio
from .files import data_files, one_folder
from .hyperparameters import UserError

_SNIPPET = 50


@dataclass(frozen=True)
class Source:
    """How a job's data is read.

    Attributes:
        kind: of all files.
        weights: has CSV the weights of rows in its second column?
    """

    kind: str
    weights: bool

    def matrix(self, folders: list[Path]) -> xgboost.DMatrix | None:
        """The data of channels together; None if they have none.

        Args:
            folders: the channels'.

        Raises:
            UserError: it cannot be read as that.
        """
        files = [file for folder in folders for file in data_files(folder)]
        if not files:
            return None
        try:
            if self.kind == "parquet":
                data = _of_parquet(files)
            elif self.kind == "recordio":
                data = _of_recordio(files)
            else:
                data = _of_text(files, self.kind, self.weights)
        except xgboost.core.XGBoostError as error:
            said = without_trace(error)
            raise UserError(f"Failed to load {self.kind} data with exception:\n{said}") from error
        if not data.get_label().size:
            raise UserError("Got input data without labels. Please check the input data set.")
        return data


def without_trace(error: Exception) -> str:
    """What XGBoost says, without the addresses of its functions."""
    return str(error).partition("\nStack trace:")[0]


def _of_text(files: list[Path], kind: str, weights: bool) -> xgboost.DMatrix:
    options = f"format={kind}"
    if kind == "csv":
        delimiters = [_delimiter(file) for file in files]
        options += f"&label_column=0&delimiter={delimiters[0]}"
        options += "&weight_column=1" if weights else ""
    else:
        for file in files:
            _refuse_other_than_libsvm(file)
    # XGBoost takes `?` and `#` of a path for its own: the path that it gets has none.
    with one_folder(files) as folder, contextlib.chdir(folder.parent), warnings.catch_warnings():
        if kind == "csv" and booleans.replace_in(folder):
            print(booleans.NOTICE)
        warnings.simplefilter("ignore")
        return xgboost.DMatrix(f"{folder.name}?{options}")


def _delimiter(file: Path) -> str:
    line = _first_line(file)
    try:
        delimiter = csv.Sniffer().sniff(line).delimiter
    except csv.Error as error:
        raise UserError(
            f"Could not determine delimiter on line {line[:_SNIPPET]}:\n{error}"
        ) from error
    label = line.split(delimiter)[0].strip()
    if not _is_number(label) and label not in booleans.NUMBERS:
        raise UserError(
            f"First line '{line.strip()[:_SNIPPET]}...' of file '{file.name}' begins with {label!r}"
            ", and should begin with a label, which is a number: the algorithm takes CSV without a "
            "header, the label first"
        )
    return delimiter


def _refuse_other_than_libsvm(file: Path) -> None:
    line = _first_line(file).strip()
    label, *cells = line.split(" ")
    parts = label.split(":")
    if len(parts) > 2 or not all(map(_is_number, parts)) or not all(":" in cell for cell in cells):
        raise UserError(
            f"First line '{line[:_SNIPPET]}...' of file '{file.name}' is not 'LIBSVM' format. "
            "Please ensure the file is in 'LIBSVM' format."
        )


def _first_line(file: Path) -> str:
    with file.open(encoding="utf-8", errors="ignore") as lines:
        return lines.readline()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _of_parquet(files: list[Path]) -> xgboost.DMatrix:
    import pandas as pd

    try:
        rows = pd.concat([pd.read_parquet(file) for file in files]).to_numpy()
        return xgboost.DMatrix(rows[:, 1:], label=rows[:, 0])
    except (ValueError, OSError, IndexError) as error:
        raise UserError(f"Failed to load parquet data with exception:\n{error}") from error


def _of_recordio(files: list[Path]) -> xgboost.DMatrix:
    try:
        rows, labels = recordio.read(b"".join(file.read_bytes() for file in files))
    except ValueError as error:
        raise UserError(
            f"Failed to load recordio-protobuf data with exception:\n{error}"
        ) from error
    return xgboost.DMatrix(rows, label=labels)
