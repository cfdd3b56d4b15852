"""Models of XGBoost: in a folder as model.ubj, their scores, SHAP contributions and progress."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from . import booster_margins, forest, leaf_sets, links
from .booster_margins import Margins
from .families import Contributions, Score
from .pace import Pace

FILE = "model.ubj"
LINKS = {
    "reg:squarederror": links.identity,
    "binary:logistic": links.logistic,
    "multi:softprob": links.softmax,
}
FEW = 500  # rows; with more, nobody asks whether a walk would be quicker


class Trees:
    """Scores of a model's file; those of a few rows are walked to, which is quicker, to the same
    bits, and where training left what is needed for that, XGBoost is loaded by the first many rows.

    Another objective than the project's has a link of XGBoost's own, and then all is left to it.
    """

    def __init__(self, model: Path) -> None:
        self._model = model
        self._kept = forest.kept(model)
        if self._kept is None:
            _ = self._booster  # which says what is wrong with it

    def __call__(self, matrix: np.ndarray) -> np.ndarray:
        if self._link is None:
            return self._booster.inplace_predict(matrix)
        return self._link(self._quickest(matrix)(matrix))

    def _quickest(self, matrix: np.ndarray) -> Margins:
        """What gives the sums of so many rows in the least time."""
        rows = len(matrix)
        if rows > FEW or self._forest is None:
            return self._margins
        if rows <= self._forest.few // (2 if self._sets else 1):
            return self._forest.margins
        return self._sets.margins if self._sets and rows > 1 else self._margins

    @cached_property
    def _booster(self) -> Any:
        from xgboost import Booster  # here, because few rows need not wait a second for it

        return Booster(model_file=self._model)

    @cached_property
    def _margins(self) -> Margins:
        return booster_margins.of(self._booster)

    @cached_property
    def _link(self) -> links.Link | None:
        if self._kept:
            return LINKS.get(self._kept["objective"])
        objective = json.loads(self._booster.save_config())["learner"]["objective"]["name"]
        return LINKS.get(objective)

    @cached_property
    def _forest(self) -> forest.Forest | None:  # many rows need none
        return (forest.read(self._model) if self._kept else None) or forest.of(self._booster)

    @cached_property
    def _sets(self) -> leaf_sets.LeafSets | None:
        return leaf_sets.of(self._forest) if self._forest else None


def write(booster: Any, folder: Path) -> None:
    """Write a model; its numbers are known by their places, as those of a record are."""
    booster.feature_names = booster.feature_types = None
    booster.save_model(folder / FILE)
    forest.write(booster, folder / FILE)


def load(folder: Path) -> Score:
    """The model's scores."""
    return Trees(folder / FILE)


def progress(most: int) -> Any:
    """What tells in the log how many trees there are, and how good they are on validation."""
    import xgboost

    told = Pace("train")

    class Lines(xgboost.callback.TrainingCallback):
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            scores = [
                f", {split}-{name} {values[-1]:.6g}"
                for split, metrics in evals_log.items()
                for name, values in metrics.items()
            ]
            told(epoch + 1, most, f"{epoch + 1} of at most {most} trees{''.join(scores)}")
            return False

    return Lines()


def explain(folder: Path) -> Contributions:
    """The model's contributions, XGBoost's own: they sum up to the score before its link."""
    from xgboost import Booster, DMatrix

    booster = Booster(model_file=folder / FILE)

    def contributions(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shares = booster.predict(DMatrix(matrix), pred_contribs=True, strict_shape=True)
        return shares[..., :-1], shares[..., -1]

    return contributions
