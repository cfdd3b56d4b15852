"""The data of SageMaker's Linear Learner algorithm: RecordIO-protobuf, or CSV, the label first.

Source: "Linear Learner Algorithm" and "Common Data Formats" in the SageMaker Developer Guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import booleans, recordio
from .files import data_files, one_folder
from .hyperparameters import UserError
from .linear_channels import kind_of


@dataclass(frozen=True)
class Rows:
    """Labeled rows.

    Attributes:
        features: a row each.
        labels: theirs.
    """

    features: Any
    labels: Any


def rows_of(name: str, folder: Path, content_type: str | None) -> Rows:
    """A channel's rows.

    Args:
        name: the channel's.
        folder: the channel's.
        content_type: of its files.

    Raises:
        UserError: it has none, or it cannot be read as that.
    """
    kind, files = kind_of(name, content_type), data_files(folder)
    if not files:
        raise UserError(f"No data in the channel {name!r}.")
    try:
        if kind == "csv":
            table = _table(files)
            return Rows(table[:, 1:], table[:, 0])
        features, labels = recordio.read(b"".join(file.read_bytes() for file in files))
    except ValueError as error:
        raise UserError(
            f"Unable to read data channel '{name}'. Requested content-type is '{kind}'. Please "
            f"verify the data matches the requested content-type: {error}; CSV has the label "
            "first, and no header"
        ) from error
    if labels is None or len(labels) != features.shape[0]:
        raise UserError(f"Records of the channel {name!r} have no label.")
    dense = features.toarray() if hasattr(features, "toarray") else features
    return Rows(np.asarray(dense, dtype=float), np.asarray(labels, dtype=float))


def _table(files: list[Path]) -> Any:
    with one_folder(files) as folder:
        if booleans.replace_in(folder):
            print(booleans.NOTICE)
        parts = [np.loadtxt(file, delimiter=",", ndmin=2) for file in sorted(folder.iterdir())]
    return np.vstack(parts)


def refuse_strange_labels(name: str, labels: Any, classes: int) -> None:
    """Raise a UserError where labels are not the numbers of classes.

    Args:
        name: the channel's.
        labels: its.
        classes: how many there are; 0: any number will do.
    """
    if classes and not np.isin(labels, np.arange(classes)).all():
        found = next(value for value in labels if value not in range(classes))
        raise UserError(
            f"The channel {name!r} has the label {found:g}; labels of {classes} classes are the "
            f"whole numbers from 0 to {classes - 1}."
        )
