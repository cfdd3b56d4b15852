"""What a family of models is: how it is fitted, loaded for predicting, and explained."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import memory
from .values import DataError

COPIES = 3  # of a whole table that fitting a model may make


@dataclass(frozen=True)
class Batch:
    """Some rows: an array for each number, of as small a type as holds it, and the targets."""

    numbers: Sequence[np.ndarray]
    target: np.ndarray


@dataclass(frozen=True)
class Table:
    """Rows that a family fits: numbers of shape (rows, numbers), and targets of shape (rows,).

    Args:
        names: of the numbers.
        target: of each row: a number, or the position of its class.
        batches: gives all rows, some at a time, as often as it is called.
    """

    names: Sequence[str]
    target: np.ndarray
    batches: Callable[[], Iterator[Batch]]

    @classmethod
    def of(cls, matrix: np.ndarray, target: np.ndarray) -> "Table":
        """A table of an array."""
        names = [str(place) for place in range(matrix.shape[1])]
        return cls(names, target, lambda: iter([Batch(list(matrix.T), target)]))

    @property
    def cells(self) -> int:
        """How many numbers there are in all rows."""
        return len(self.target) * len(self.names)

    def whole(self) -> tuple[np.ndarray, np.ndarray]:
        """All rows at once, as two arrays; DataError where memory could not hold them."""
        needed = 8 * self.cells * COPIES
        if needed > (free := memory.available()):
            raise DataError(
                f"{len(self.target):,} rows of {len(self.names)} numbers take this model family "
                f"about {needed / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free; choose "
                "a larger instance, a row limit, or the family xgboost, which takes rows by and by"
            )
        matrix, start = np.empty((len(self.target), len(self.names))), 0
        for batch in self.batches():
            end = start + len(batch.target)
            for place, each in enumerate(batch.numbers):
                matrix[start:end, place] = each
            start = end
        return matrix, self.target


Fit = Callable[[Table, Table, int, Namespace, Path], None]
Score = Callable[[np.ndarray], np.ndarray]  # (rows, numbers) -> (rows,) or (rows, classes)
# (rows, numbers) -> how each number moves each output, (rows, outputs, numbers), and where the
# outputs start from, (rows, outputs).
Contributions = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Family:
    """A family of models; what it writes into a folder is plain data, never a pickle.

    Args:
        fit: writes a model of the training table into the folder. It also gets the validation
            table, the number of classes (0: regression) and the hyperparameters. A table comes
            some rows at a time by `batches()`, or as two arrays by `whole()`.
        load: the scores of the model in a folder: a number, the probability of the second of two
            classes, or that of each class.
        explain: how the model in a folder gets to its scores; of two classes, to their log-odds.
        several_hosts: it can be trained by several hosts at once, each with rows of its own.
        impute: it needs a value where a number or a date is missing, so it gets the median.
    """

    fit: Fit
    load: Callable[[Path], Score]
    explain: Callable[[Path], Contributions]
    impute: bool = False
    several_hosts: bool = False
