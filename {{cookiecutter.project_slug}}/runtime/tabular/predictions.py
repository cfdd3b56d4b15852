"""What a model answers to some records: by column for what handles many, and one by one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np

Answer = Mapping[str, Any]  # {"prediction": value or label}, and "probabilities" with a label


class Predictions(Sequence[Answer]):
    """Answers to records, each a mapping: {"prediction": value}, or a label with probabilities.

    Attributes:
        values: of shape (rows,): numbers, or labels.
        probabilities: of shape (rows, classes); None of numbers.
        classes: whose probabilities these are; none of numbers.
    """

    def __init__(
        self,
        values: np.ndarray,
        probabilities: np.ndarray | None = None,
        classes: Sequence[str] = (),
    ) -> None:
        self.values, self.probabilities, self.classes = values, probabilities, list(classes)

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, place: int) -> Answer: ...
    @overload
    def __getitem__(self, place: slice) -> "Predictions": ...
    def __getitem__(self, place: int | slice) -> "Answer | Predictions":
        if isinstance(place, slice):
            return self.take(np.arange(len(self))[place])
        return next(iter(self.take(np.array([range(len(self))[place]]))))

    def __iter__(self) -> Iterator[Answer]:
        if self.probabilities is None:
            yield from ({"prediction": value} for value in self.values.tolist())
            return
        for label, row in zip(self.values.tolist(), self.probabilities.tolist(), strict=True):
            shares = dict(zip(self.classes, row, strict=True))
            yield {"prediction": label, "probabilities": shares}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __repr__(self) -> str:
        return repr(list(self))

    def take(self, rows: np.ndarray) -> "Predictions":
        """The answers to some rows."""
        shares = None if self.probabilities is None else self.probabilities[rows]
        return Predictions(self.values[rows], shares, self.classes)

    def probability(self, label: str) -> np.ndarray:
        """That of a label in each row; 0 where the model does not know it."""
        if self.probabilities is None or label not in self.classes:
            return np.zeros(len(self))
        return self.probabilities[:, self.classes.index(label)]

    def probability_of(self, truth: np.ndarray) -> np.ndarray:
        """That of the true label of each row; 0 where the model does not know it."""
        found = np.zeros(len(self))
        for label in np.unique(truth).tolist():
            rows = truth == label
            found[rows] = self.probability(label)[rows]
        return found


def by_column(answers: Sequence[Answer]) -> Predictions:
    """Answers by column, whoever gave them: a champion's code has classes of its own."""
    if isinstance(answers, Predictions):
        return answers
    theirs: Any = answers
    if hasattr(theirs, "values") and hasattr(theirs, "probabilities"):
        return Predictions(theirs.values, theirs.probabilities, theirs.classes)
    values = np.array([each["prediction"] for each in answers])
    known = [each["probabilities"] for each in answers if "probabilities" in each]
    if not known:
        return Predictions(values)
    classes = list(dict.fromkeys(label for shares in known for label in shares))
    table = [[shares.get(label, 0.0) for label in classes] for shares in known]
    return Predictions(values, np.array(table, dtype=float), classes)


def joined(parts: Sequence[Predictions]) -> Predictions:
    """The answers of several batches of one model."""
    if len(parts) == 1:
        return parts[0]
    classes = list(dict.fromkeys(label for part in parts for label in part.classes))
    values = np.concatenate([part.values for part in parts])
    if not classes:
        return Predictions(values)
    tables = [np.column_stack([part.probability(each) for each in classes]) for part in parts]
    return Predictions(values, np.concatenate(tables), classes)
