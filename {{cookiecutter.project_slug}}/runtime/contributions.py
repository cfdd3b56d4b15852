"""How each raw column moves a model's output for each record: its SHAP contributions.

They are XGBoost's own for trees; for a linear model they are weight times distance from the
training mean, which is the same where columns are independent.
"""

import json

import numpy as np

import job
from artifact import Artifact


def widths(artifact: Artifact) -> list[int]:
    """How many numbers each column of an artifact's signature is encoded as."""
    encoder = artifact.model.encoder
    preprocessing = job.read_json(artifact.folder, "preprocessing.json")
    return [
        len(type(encoder)({**preprocessing, "columns": [column]}).names)
        for column in preprocessing["columns"]
    ]


def contributions(artifact: Artifact, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How each column moves each output, and where the outputs start from.

    Outputs are a number, the log-odds of the second class, or a score for each class. Returns
    arrays of shape (rows, outputs, columns) and (rows, outputs); their sum is the output.
    """
    if artifact.signature["model_family"] == "xgboost":
        import xgboost  # here, because the other family need not wait a second for it

        booster = xgboost.Booster(model_file=artifact.folder / "model.ubj")
        shares = booster.predict(xgboost.DMatrix(matrix), pred_contribs=True, strict_shape=True)
        each, base = shares[..., :-1], shares[..., -1]
    else:
        linear = json.loads((artifact.folder / "linear.json").read_text(encoding="utf-8"))
        weights, mean = np.array(linear["weights"]), np.array(linear["mean"])
        each = (matrix - mean)[:, None, :] * weights
        base = np.tile(weights @ mean + linear["intercept"], (len(matrix), 1))
    starts = np.cumsum([0, *widths(artifact)[:-1]])
    return np.add.reduceat(each, starts, axis=-1), base
