"""The model families: how each is fitted. What they save is plain data, no pickle."""

from argparse import Namespace
from pathlib import Path

import numpy as np

from tabular import linear, tree_rows, trees
from tabular.families import Family, Table

# What training can be told: the default, and what it is. By the names of SageMaker's XGBoost
# algorithm, because a search on SageMaker takes no others for its image.
HYPERPARAMETERS: dict[str, tuple[int | float, str]] = {
    "max_depth": (4, "levels of a tree"),
    "eta": (0.1, "learning rate"),
    "num_round": (400, "trees at most; validation stops earlier"),
    "subsample": (0.8, "share of rows for each tree"),
    "min_child_weight": (5.0, "in each leaf"),
    "alpha": (1.0, "of the linear model: regularisation by squares of its weights"),
    "seed": (7, "of whatever is drawn"),
}
MAY_BE_ZERO = ("min_child_weight", "seed")
PATIENCE = 25  # rounds without a better validation score before training stops


def tree_parameters(classes: int, options: Namespace) -> dict[str, object]:
    """What XGBoost is told, whatever it makes of its trees; no classes: regression."""
    objective = {0: "reg:squarederror", 2: "binary:logistic"}.get(classes, "multi:softprob")
    return {
        "objective": objective,
        "max_depth": options.max_depth,
        "eta": options.eta,
        "subsample": options.subsample,
        "min_child_weight": options.min_child_weight,
        "seed": options.seed,
        **({"num_class": classes} if classes > 2 else {}),
    }


def fit_xgboost(
    train: Table, validation: Table, classes: int, options: Namespace, folder: Path
) -> None:
    """Boosted trees, as many as help on validation."""
    import xgboost  # here, because the other family need not wait a second for it

    rows, held_out = tree_rows.matrices(train, validation)
    booster = xgboost.train(
        tree_parameters(classes, options),
        rows,
        num_boost_round=options.num_round,
        evals=[(held_out, "validation")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
        callbacks=[trees.progress(options.num_round)],
    )
    print(f"trees: {booster.best_iteration + 1} of at most {options.num_round}")
    trees.write(booster[: booster.best_iteration + 1], folder)


def fit_linear(
    train: Table, _validation: Table, classes: int, options: Namespace, folder: Path
) -> None:
    """Ridge or logistic regression, with weights for unscaled numbers; all rows are in memory."""
    from sklearn.linear_model import LogisticRegression, Ridge

    matrix, target = train.whole()
    mean, scale = matrix.mean(axis=0), matrix.std(axis=0)
    scale[scale == 0] = 1.0
    alpha = options.alpha
    model = LogisticRegression(C=1 / alpha, max_iter=1000) if classes else Ridge(alpha)
    model.fit((matrix - mean) / scale, target)
    weights = np.atleast_2d(model.coef_) / scale
    intercept = np.atleast_1d(model.intercept_) - weights @ mean
    linear.write(folder, weights, intercept, mean, classes)


FAMILIES = {
    "xgboost": Family(fit_xgboost, trees.load, trees.explain, several_hosts=True),
    "linear": Family(fit_linear, linear.load, linear.explain, impute=True),
}
