"""A linear model as this engine writes it: plain numbers in ``linear-learner.json``.

It is not the archive of SageMaker's Linear Learner, which holds a model of MXNet's.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .linear_hyperparameters import MULTICLASS, REGRESSOR

FILE = "linear-learner.json"
_NOTE = (
    "Written by sagemaker_local with a linear model of scikit-learn; it is not a model of "
    "SageMaker's Linear Learner, whose container cannot read it."
)


@dataclass(frozen=True)
class LinearModel:
    """What predicts.

    Attributes:
        predictor_type: as the hyperparameter.
        loss: as the hyperparameter.
        weights: a row for each output, of which there is one, or one for each class.
        bias: a number for each output.
        threshold: of the score, from which a record of two classes is of class 1.
    """

    predictor_type: str
    loss: str
    weights: list[list[float]]
    bias: list[float]
    threshold: float

    def outputs(self, features: Any) -> Any:
        """A row of outputs for each row of features."""
        return features @ np.array(self.weights).T + np.array(self.bias)

    def scores(self, features: Any) -> Any:
        """A number for each row, or of several classes a row of probabilities."""
        outputs = self.outputs(features)
        if self.predictor_type == MULTICLASS:
            powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            return powers / powers.sum(axis=1, keepdims=True)
        return _sigmoid(outputs[:, 0]) if self.loss == "logistic" else outputs[:, 0]

    def labels(self, scores: Any) -> Any:
        """The class of each row; None of numbers."""
        if self.predictor_type == REGRESSOR:
            return None
        if self.predictor_type == MULTICLASS:
            return scores.argmax(axis=1)
        return (scores >= self.threshold).astype(int)

    def save(self, folder: Path) -> None:
        """Write it into a model's folder."""
        document = {"note": _NOTE, **asdict(self)}
        folder.joinpath(FILE).write_text(json.dumps(document, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LinearModel:
        """Read it from a model's folder.

        Raises:
            ValueError: it is not there.
        """
        file = folder / FILE
        if not file.is_file():
            raise ValueError(
                f"the model's archive has no {FILE}: a model that SageMaker's Linear Learner has "
                "trained is not read here; train it here"
            )
        document = json.loads(file.read_text(encoding="utf-8"))
        document.pop("note")
        return cls(**document)


def _sigmoid(values: Any) -> Any:
    return 0.5 * (1 + np.tanh(0.5 * values))
