"""Rounds of boosting, as SageMaker's XGBoost image asks the library for them.

Source: ``algorithm_mode/train.py``, ``train_utils.py`` and ``callback.py`` of
sagemaker-xgboost-container.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import xgboost

from . import xgboost_metrics
from .hyperparameters import UserError
from .xgboost_data import without_trace
from .xgboost_hyperparameters import MAXIMIZED

# Told to the image, and not to the library.
_NOT_OF_THE_LIBRARY = (
    "csv_weights",
    "silent",
    "save_model_on_termination",
    "use_dask_gpu_training",
    "_kfold",
    "_num_cv_round",
)

Results = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Rounds:
    """How a model is boosted.

    Attributes:
        settings: for the library.
        count: of the rounds at most.
        own: metrics that the image computes.
        patience: rounds without a better value, after which it stops; None: it does not stop.
        watched: the metric that has to be better.
    """

    settings: dict[str, Any]
    count: int
    own: list[str]
    patience: int | None
    watched: str

    @classmethod
    def of(cls, hyperparameters: Mapping[str, Any]) -> Rounds:
        """Those that a job's validated hyperparameters ask for."""
        settings = {k: v for k, v in hyperparameters.items() if k not in _NOT_OF_THE_LIBRARY}
        count, patience = settings.pop("num_round"), settings.pop("early_stopping_rounds", None)
        if "updater" in settings:
            settings["updater"] = ",".join(settings["updater"])
        objective = settings.pop("_tuning_objective_metric", "").partition(":")[2]
        asked = settings.pop("eval_metric", None)
        wanted = sorted({*(asked or []), objective}) if objective else asked or []
        own = [name for name in wanted if name in xgboost_metrics.NAMES]
        if others := [name for name in wanted if name not in own]:
            settings["eval_metric"] = others
        return cls(settings, count, own, patience, objective or (asked or [""])[-1])

    def boosted(
        self, train: xgboost.DMatrix, watched: Mapping[str, xgboost.DMatrix], results: Results
    ) -> xgboost.Booster:
        """A model of ``train``; its metrics for data by name go to the log and to ``results``.

        Raises:
            UserError: the library does not take the settings, or the data.
        """
        try:
            return xgboost.train(
                self.settings,
                train,
                num_boost_round=self.count,
                evals=[(rows, name) for name, rows in watched.items()],
                custom_metric=xgboost_metrics.evaluation(self.own) if self.own else None,
                evals_result=results,
                callbacks=self._callbacks("validation" in watched),
                verbose_eval=False,
            )
        except (xgboost.core.XGBoostError, ValueError) as error:
            said = without_trace(error)
            raise UserError(f"XGB train call failed with exception:\n {said}") from error

    def _callbacks(self, is_validated: bool) -> list[Any]:
        callbacks: list[Any] = [xgboost.callback.EvaluationMonitor()]
        if self.patience and self.watched and is_validated:
            callbacks.append(
                xgboost.callback.EarlyStopping(
                    rounds=self.patience,
                    data_name="validation",
                    metric_name=self.watched,
                    maximize=self.watched in MAXIMIZED,
                    save_best=True,
                )
            )
        return callbacks
