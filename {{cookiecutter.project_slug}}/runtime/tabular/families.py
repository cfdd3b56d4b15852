"""What a family of models is: how it is fitted, loaded for predicting, and explained."""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Table = tuple[np.ndarray, np.ndarray]  # numbers of shape (rows, numbers), targets of shape (rows,)
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
            table, the number of classes (0: regression) and the hyperparameters.
        load: the scores of the model in a folder: a number, the probability of the second of two
            classes, or that of each class.
        explain: how the model in a folder gets to its scores; of two classes, to their log-odds.
        impute: it needs a value where a number or a date is missing, so it gets the median.
    """

    fit: Fit
    load: Callable[[Path], Score]
    explain: Callable[[Path], Contributions]
    impute: bool = False
