"""The model families: each fits numbers to a target and saves itself as plain data, no pickle."""

import json
from argparse import Namespace
from pathlib import Path

import numpy as np

Table = tuple[np.ndarray, np.ndarray]  # numbers of shape (rows, numbers), targets of shape (rows,)
PATIENCE = 25  # rounds without a better validation score before training stops


def fit_xgboost(
    train: Table, validation: Table, classes: int, options: Namespace, folder: Path
) -> None:
    """Write model.ubj: boosted trees, as many as help on validation; no classes: regression."""
    import xgboost  # here, because the other family need not wait a second for it

    objective = {0: "reg:squarederror", 2: "binary:logistic"}.get(classes, "multi:softprob")
    parameters = {
        "objective": objective,
        "max_depth": options.max_depth,
        "eta": options.eta,
        "subsample": options.subsample,
        "min_child_weight": options.min_child_weight,
        "seed": options.seed,
        **({"num_class": classes} if classes > 2 else {}),
    }
    booster = xgboost.train(
        parameters,
        xgboost.DMatrix(*train),
        num_boost_round=options.rounds,
        evals=[(xgboost.DMatrix(*validation), "validation")],
        early_stopping_rounds=PATIENCE,
        verbose_eval=False,
    )
    print(f"trees: {booster.best_iteration + 1} of at most {options.rounds}")
    booster[: booster.best_iteration + 1].save_model(folder / "model.ubj")


def fit_linear(
    train: Table, _validation: Table, classes: int, options: Namespace, folder: Path
) -> None:
    """Write linear.json: ridge or logistic regression, with weights for unscaled numbers."""
    from sklearn.linear_model import LogisticRegression, Ridge

    matrix, target = train
    mean, scale = matrix.mean(axis=0), matrix.std(axis=0)
    scale[scale == 0] = 1.0
    alpha = options.alpha
    model = LogisticRegression(C=1 / alpha, max_iter=1000) if classes else Ridge(alpha)
    model.fit((matrix - mean) / scale, target)
    weights = np.atleast_2d(model.coef_) / scale
    linear = {
        "link": {0: "identity", 2: "logistic"}.get(classes, "softmax"),
        "weights": weights.tolist(),
        "intercept": (np.atleast_1d(model.intercept_) - weights @ mean).tolist(),
        "mean": mean.tolist(),  # what a record's numbers are compared with to explain it
    }
    (folder / "linear.json").write_text(json.dumps(linear), encoding="utf-8")


FAMILIES = {"xgboost": fit_xgboost, "linear": fit_linear}
