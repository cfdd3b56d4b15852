"""Whether trees can learn a target that is a number: they add up and compare 32-bit floats.

What they gain by a split is a difference of sums of squares. It has to stay above the 1e-6 that
XGBoost takes for nothing, and below the largest 32-bit float, of all rows together.
"""

from math import floor, log10

import numpy as np

from .profile import ColumnFacts
from .spelling import Reading
from .values import DataError

LEAST, MOST = 1e-4, 1e36  # squares of a target's distances from its mean, of all rows together
ROUNDED = 0.1  # of a target's spread that may go lost in 32-bit floats


def check(facts: ColumnFacts, read: Reading) -> None:
    """Raise a DataError when trees would learn nothing of a target, whatever the columns say."""
    values, rows = _numbers(facts, read)
    if not len(values):
        return
    mean = np.average(values, weights=rows)
    ends = [end for end in (facts.low, facts.high) if np.isfinite(end)]
    squares = max([float(rows @ (values - mean) ** 2), *((end - mean) ** 2 for end in ends)])
    spread = (squares / rows.sum()) ** 0.5
    if not spread:
        return
    problem = f"target {facts.name!r} has values that lie about {spread:.2g} apart"
    if not LEAST <= squares <= MOST:
        power = floor(log10(spread))
        told = f"multiply it by 1e{-power}" if power < 0 else f"divide it by 1e{power}"
        raise DataError(
            f"{problem}, too {'little' if power < 0 else 'far'} for the squares of them that trees "
            f"add up as 32-bit floats; {told}"
        )
    lost = values.astype(np.float32).astype(float) - values
    if (rows @ lost**2 / rows.sum()) ** 0.5 > ROUNDED * spread:
        raise DataError(
            f"{problem}, which 32-bit floats of the size {mean:.2g} do not tell apart, and trees "
            f"are made of these; subtract {mean:.6g} from it"
        )


def _numbers(facts: ColumnFacts, read: Reading) -> tuple[np.ndarray, np.ndarray]:
    """Values of a target with their rows; of many, those of a sample."""
    read_as = [(read.number(text), rows) for text, rows in facts.examples.items()]
    values, rows = np.array(read_as, dtype=float).reshape(-1, 2).T
    known = ~np.isnan(values)
    return values[known], rows[known]
