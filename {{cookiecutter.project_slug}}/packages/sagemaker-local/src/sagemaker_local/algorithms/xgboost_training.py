"""The program of a training job of SageMaker's XGBoost algorithm.

Source: ``algorithm_mode/train.py`` of sagemaker-xgboost-container. Its images before 1.3 leave the
model as a pickle, later ones as XGBoost saves it.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import xgboost

from . import xgboost_metrics
from .hyperparameters import UserError
from .xgboost_data import kind_of, matrix
from .xgboost_hyperparameters import MAXIMIZED, validate

MODEL = "xgboost-model"
_PICKLED_UNTIL = (1, 3)


def main(arguments: list[str]) -> int:
    """Train as the job's configuration files say; gives the exit code.

    Args:
        arguments: the version of the image, as in ``1.7``.
    """
    version = tuple(map(int, arguments[0].split(".")))
    try:
        _train((version[0], version[1]))
    except (UserError, xgboost.core.XGBoostError) as error:
        said = str(error)
        if not isinstance(error, UserError):
            said = f"XGB train call failed with exception:\n {said}"
        print(said, file=sys.stderr)
        _folder("SM_OUTPUT_DIR").joinpath("failure").write_text(said, encoding="utf-8")
        return 1
    return 0


def _train(version: tuple[int, int]) -> None:
    settings = validate(_configured("hyperparameters"), version)
    data = _data(_configured("inputdataconfig"), settings.pop("csv_weights", 0) == 1)
    train = data["train"]
    print(f"Train matrix has {train.num_row()} rows and {train.num_col()} columns")
    if "validation" in data:
        print(f"Validation matrix has {data['validation'].num_row()} rows")
    booster = _trained(settings, data)
    file = _folder("SM_MODEL_DIR") / MODEL
    if version < _PICKLED_UNTIL:
        file.write_bytes(pickle.dumps(booster))
        return
    with warnings.catch_warnings():  # it warns that the name says no format
        warnings.simplefilter("ignore")
        booster.save_model(file)


def _trained(settings: dict[str, Any], data: Mapping[str, xgboost.DMatrix]) -> xgboost.Booster:
    for name in ("silent", "save_model_on_termination", "use_dask_gpu_training"):
        settings.pop(name, None)
    rounds, patience = settings.pop("num_round"), settings.pop("early_stopping_rounds", None)
    if "updater" in settings:
        settings["updater"] = ",".join(settings["updater"])
    objective = settings.pop("_tuning_objective_metric", "").partition(":")[2]
    asked = settings.pop("eval_metric", None)
    wanted = sorted({*(asked or []), objective}) if objective else asked or []
    own = [name for name in wanted if name in xgboost_metrics.NAMES]
    if others := [name for name in wanted if name not in own]:
        settings["eval_metric"] = others
    callbacks: list[Any] = [xgboost.callback.EvaluationMonitor()]
    watched = objective or (asked or [""])[-1]
    if patience and watched and "validation" in data:
        callbacks.append(
            xgboost.callback.EarlyStopping(
                rounds=patience,
                data_name="validation",
                metric_name=watched,
                maximize=watched in MAXIMIZED,
                save_best=True,
            )
        )
    return xgboost.train(
        settings,
        data["train"],
        num_boost_round=rounds,
        evals=[(rows, name) for name, rows in data.items()],
        custom_metric=xgboost_metrics.evaluation(own) if own else None,
        callbacks=callbacks,
        verbose_eval=False,
    )


def _data(channels: Mapping[str, Any], weights: bool) -> dict[str, xgboost.DMatrix]:
    """The channels' data, ``train`` first.

    Raises:
        UserError: there is none, or it is not what its content type says.
    """
    kind, found = kind_of(channels["train"]["ContentType"]), {}
    for name, told in (("train", "training"), ("validation", "validation")):
        if name not in channels:
            continue
        folder = _folder(f"SM_CHANNEL_{name.upper()}")
        loaded = matrix(folder, kind, weights)
        if loaded is None:
            raise UserError(f"No data in {told} channel path {folder}")
        found[name] = loaded
    return found


def _configured(name: str) -> dict[str, Any]:
    file = _folder("SM_INPUT_CONFIG_DIR") / f"{name}.json"
    return dict(json.loads(file.read_text(encoding="utf-8")))


def _folder(variable: str) -> Path:
    return Path(os.environ[variable])
