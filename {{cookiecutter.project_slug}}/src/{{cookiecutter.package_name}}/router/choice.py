"""Which answer a record gets, of those that the models give. Yours to change.

The local route and the Lambda run this very file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """What one model says about one record.

    Attributes:
        model: its name, such as `xgboost`.
        prediction: a number, or a class by its label.
        probabilities: of each class, by its label; empty where a number is predicted.
    """

    model: str
    prediction: float | str
    probabilities: Mapping[str, float] = field(default_factory=dict)

    @property
    def confidence(self) -> float:
        """The probability of the class that is predicted; 0 of a number."""
        return self.probabilities.get(str(self.prediction), 0.0)


def choose(answers: Sequence[Answer]) -> Answer:
    """The answer to a record: the class of the surer model, or the larger number.

    Args:
        answers: of each model, in the order of the endpoints; two or more, and all numbers or all
            classes. Where only one model answered, its answer is taken, and nobody asks here.

    Returns:
        One of them, or one made of them, such as `Answer("mean", ...)`. The first of equals here.
    """
    if answers[0].probabilities:
        return max(answers, key=lambda answer: answer.confidence)
    return max(answers, key=lambda answer: float(answer.prediction))
