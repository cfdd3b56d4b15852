"""The program of a training job of SageMaker's Linear Learner algorithm.

The lines of its log are those that the service's regular expressions look for; see
``jobs.linear_learner_image``.
"""

from __future__ import annotations

import sys
from typing import Any

import sklearn

from .hyperparameters import UserError
from .job import configured, folder, run
from .linear_data import Rows, refuse_strange_labels, rows_of
from .linear_fit import fitted
from .linear_hyperparameters import AUTO, BINARY, MULTICLASS, validate
from .linear_metrics import objective, qualities, with_threshold

_PARTS = ("train", "validation", "test")
_HOST = "algo-1"


def main(arguments: list[str]) -> int:
    """Train as the job's configuration files say; gives the exit code."""
    return run(_train)


def _train() -> None:
    settings = validate(configured("hyperparameters"))
    print(
        f"A linear model of scikit-learn {sklearn.__version__} stands for SageMaker's Linear "
        "Learner: the same loss and regularization, and another way to the least of it."
    )
    rows = _channels(settings)
    train, validation = rows["train"], rows.get("validation")
    if len(train.labels) < settings["mini_batch_size"]:
        print(
            f"The channel train has {len(train.labels)} rows, which are no batch of "
            f"{settings['mini_batch_size']}; SageMaker may find no data to train with. Give a "
            "smaller mini_batch_size.",
            file=sys.stderr,
        )
    model = with_threshold(fitted(train, settings), validation or train, settings)
    model.save(folder("SM_MODEL_DIR"))
    for part, each in rows.items():
        if part != "test":
            name, value = objective(model, each, settings)
            print(f"#quality_metric: host={_HOST}, epoch=0, {part} {name} <loss>={value}")
    for part, each in rows.items():
        for name, kind, value in qualities(model, each, settings):
            print(f"#{part}_score ({_HOST}) : ('{name}', {value})")
            print(f"#quality_metric: host={_HOST}, {part} {name} <{kind}>={value}")
    print(f"#progress_metric: host={_HOST}, completed 100 % of epochs")


def _channels(settings: dict[str, Any]) -> dict[str, Rows]:
    """Rows of the channels, of as many features each.

    Raises:
        UserError: they have not, or there are none.
    """
    given = configured("inputdataconfig")
    kind = settings["predictor_type"]
    classes = settings["num_classes"] if kind == MULTICLASS else 2 if kind == BINARY else 0
    found: dict[str, Rows] = {}
    for part in _PARTS:
        if part in given:
            place = folder(f"SM_CHANNEL_{part.upper()}")
            found[part] = rows_of(part, place, given[part]["ContentType"])
            refuse_strange_labels(part, found[part].labels, classes)
    asked = settings["feature_dim"]
    wanted = found["train"].features.shape[1] if asked == AUTO else asked
    for part, rows in found.items():
        if rows.features.shape[1] != wanted:
            raise UserError(
                f"The channel {part!r} has {rows.features.shape[1]} features, and feature_dim, or "
                f"the channel 'train', has {wanted}."
            )
    return found
