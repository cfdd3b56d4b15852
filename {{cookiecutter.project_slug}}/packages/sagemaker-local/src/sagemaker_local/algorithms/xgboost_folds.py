"""Cross validation by ``_kfold``: a model for each fold, and what each says of rows it never saw.

Source: ``algorithm_mode/train.py`` and ``prediction_utils.py`` of sagemaker-xgboost-container. The
image draws its folds anew each time; here they are those of the hyperparameter ``seed``, or of 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from scipy import stats
from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold

from .hyperparameters import UserError
from .xgboost_rounds import Results, Rounds

PREDICTIONS = "predictions.csv"


@dataclass(frozen=True)
class Folds:
    """How rows are folded.

    Attributes:
        count: of the folds.
        repeats: how often all rows are folded.
        seed: of the draw.
        is_classifying: are labels classes, which each fold has its share of?
    """

    count: int
    repeats: int
    seed: int
    is_classifying: bool

    @classmethod
    def of(cls, hyperparameters: Mapping[str, Any]) -> Folds | None:
        """Those that a job's validated hyperparameters ask for; None: it asks for none.

        Raises:
            UserError: nothing says whether labels are classes.
        """
        count = hyperparameters.get("_kfold")
        if count is None:
            return None
        objective, classes = hyperparameters.get("objective"), hyperparameters.get("num_class")
        if objective is None and not classes:
            raise UserError("_kfold needs an objective beside it, or num_class")
        is_classifying = bool(classes) or str(objective).startswith("binary:")
        repeats = hyperparameters.get("_num_cv_round", 1)
        return cls(count, repeats, abs(hyperparameters.get("seed", 0)), is_classifying)

    def _drawn(self, labels: Any) -> Iterator[tuple[Any, Any]]:
        kind = RepeatedStratifiedKFold if self.is_classifying else RepeatedKFold
        draw = kind(n_splits=self.count, n_repeats=self.repeats, random_state=self.seed)
        try:
            yield from draw.split(np.zeros(len(labels)), labels if self.is_classifying else None)
        except ValueError as error:
            raise UserError(f"XGB train call failed with exception:\n {error}") from error

    def boosted(
        self,
        rounds: Rounds,
        rows: xgboost.DMatrix,
        watched: Mapping[str, xgboost.DMatrix],
        outputs: Path,
    ) -> list[xgboost.Booster]:
        """A model for each fold; predictions of the rows left out go to a file.

        Args:
            rounds: how each is boosted.
            rows: that are folded.
            watched: whose metrics are told.
            outputs: the folder of ``predictions.csv``.
        """
        print(
            f"Run {self.repeats}-round of {self.count}-fold cross validation with "
            f"{rows.num_row()} rows"
        )
        labels = rows.get_label()
        models: list[xgboost.Booster] = []
        told: list[Results] = []
        predicted: list[Any] = [[] for _ in labels]
        for inside, outside in self._drawn(labels):
            told.append({})
            print(f"Train cross validation fold {len(models) % self.count + 1}")
            models.append(rounds.boosted(rows.slice(inside), watched, told[-1]))
            for row, value in zip(outside, models[-1].predict(rows.slice(outside)), strict=True):
                predicted[row].append(value)
            if len(models) % self.count == 0:
                print(f"The metrics of round {len(models) // self.count} cross validation")
                _print_means(rounds.count, told[-self.count :])
        if self.repeats > 1:
            print(f"The overall metrics of {self.repeats}-round cross validation")
            _print_means(rounds.count, told)
        columns = [labels, *self._columns(np.array(predicted))]
        np.savetxt(outputs / PREDICTIONS, np.vstack(columns).T, delimiter=",", fmt="%f")
        return models

    def _columns(self, predicted: Any) -> list[Any]:
        """Of each row the mean, or of classes the mean probability and the class of most."""
        if not self.is_classifying:
            return [predicted.mean(axis=1)]
        if predicted.ndim > 2:
            classes, sure = predicted.argmax(axis=-1), predicted.max(axis=-1)
        else:
            classes, sure = (predicted > 0.5).astype(int), predicted
        return [sure.mean(axis=1), stats.mode(classes, axis=1).mode]


def _print_means(rounds: int, told: list[Results]) -> None:
    line = f"[{rounds}]"
    for metric in next(iter(told[0].values())):
        for name in told[0]:
            mean = np.mean([each[name][metric][-1] for each in told])
            line += f"\t{name}-{metric}:{mean:.5f}"
    print(line)
