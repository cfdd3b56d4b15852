"""The program of a training job of SageMaker's XGBoost algorithm.

Source: ``algorithm_mode/train.py`` of sagemaker-xgboost-container. Its images before 1.3 leave the
model as a pickle, later ones as XGBoost saves it.
"""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path
from typing import Any

import xgboost

from .hyperparameters import UserError
from .job import configured, folder, run
from .xgboost_channels import kind_of
from .xgboost_data import Source
from .xgboost_folds import Folds
from .xgboost_hosts import Hosts, together
from .xgboost_hyperparameters import validate
from .xgboost_rounds import Rounds

MODEL = "xgboost-model"
_PICKLED_UNTIL = (1, 3)


def main(arguments: list[str]) -> int:
    """Train as the job's configuration files say; gives the exit code.

    Args:
        arguments: the version of the image, as in ``1.7``.
    """
    major, minor = map(int, arguments[0].split("."))
    return run(lambda: _train((major, minor)))


def _train(version: tuple[int, int]) -> None:
    settings = validate(configured("hyperparameters"), version)
    rounds, folds = Rounds.of(settings), Folds.of(settings)
    weights = settings.get("csv_weights", 0) == 1
    source = Source(kind_of(configured("inputdataconfig")["train"]["ContentType"]), weights)
    data: dict[str, Any] = {name: source.matrix([place]) for name, place in _channels().items()}
    hosts = Hosts.of_job()
    empty = [name for name, rows in data.items() if rows is None]
    if not hosts.are_several:
        _refuse_empty(empty)
    # Read before hosts are connected: XGBoost would give each of them a part of it.
    rows: Any = source.matrix([*_channels().values()]) if folds else data["train"]
    with together(hosts, not empty) as trained:
        if not trained.names:
            _refuse_empty(empty)
        if hosts.current not in trained.names:
            print(f"Host {hosts.current} has no data of {', '.join(empty)}: it does not train.")
            return
        _say_sizes(data)
        if folds:
            models = folds.boosted(rounds, rows, data, folder("SM_OUTPUT_DATA_DIR"))
        else:
            models = [rounds.boosted(rows, data, {})]
    if trained.is_first:
        target = folder("SM_MODEL_DIR") / MODEL
        for number, booster in enumerate(models):
            _save(booster, target.with_name(f"{MODEL}-{number}") if folds else target, version)


def _say_sizes(data: dict[str, Any]) -> None:
    print(f"Train matrix has {data['train'].num_row()} rows and {data['train'].num_col()} columns")
    if "validation" in data:
        print(f"Validation matrix has {data['validation'].num_row()} rows")


def _refuse_empty(names: list[str]) -> None:
    for name in names:
        told = {"train": "training"}.get(name, name)
        raise UserError(f"No data in {told} channel path {_channels()[name]}")


def _channels() -> dict[str, Path]:
    """Folders of the channels, ``train`` first."""
    given = configured("inputdataconfig")
    names = [name for name in ("train", "validation") if name in given]
    return {name: folder(f"SM_CHANNEL_{name.upper()}") for name in names}


def _save(booster: xgboost.Booster, file: Path, version: tuple[int, int]) -> None:
    if version < _PICKLED_UNTIL:
        file.write_bytes(pickle.dumps(booster, protocol=4))
        return
    with warnings.catch_warnings():  # it warns that the name says no format
        warnings.simplefilter("ignore")
        booster.save_model(file)
