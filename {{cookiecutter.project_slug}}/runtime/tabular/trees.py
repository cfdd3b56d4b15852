"""Models of XGBoost in a folder: model.ubj, their scores and SHAP contributions."""

from pathlib import Path

import numpy as np

from .families import Contributions, Score

FILE = "model.ubj"


def load(folder: Path) -> Score:
    """The model's scores."""
    from xgboost import Booster  # here, because a linear model need not wait a second for it

    return Booster(model_file=folder / FILE).inplace_predict


def explain(folder: Path) -> Contributions:
    """The model's contributions, XGBoost's own: they sum up to the score before its link."""
    from xgboost import Booster, DMatrix

    booster = Booster(model_file=folder / FILE)

    def contributions(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        shares = booster.predict(DMatrix(matrix), pred_contribs=True, strict_shape=True)
        return shares[..., :-1], shares[..., -1]

    return contributions
