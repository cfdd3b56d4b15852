"""Chosen columns of the sample data moved, and no other: what monitoring is to find, and to name.

All else is the same to the cell as without the shift, but for the target, which follows the cars.
"""

from collections.abc import Collection

import numpy as np
import pandas as pd

from .errors import ProjectError

DAYS = 700  # by which a date moves
SHARE = 0.3  # of the rows that move to a column's rarest category
NEW_SHARE = 0.1  # of the rows that get a category that was never there


def moved(
    cars: pd.DataFrame, columns: Collection[str], shift: float, random: np.random.Generator
) -> pd.DataFrame:
    """Cars of which the columns have moved.

    Args:
        cars: nothing missing yet.
        columns: numbers move by `shift` standard deviations, dates by as many times 700 days, and
            of categories up to 30% of the rows to the rarest one.
        shift: 0 to 1.
        random: where the rows come from that move.
    """
    return cars.assign(**{name: _moved(cars[name], shift, random) for name in columns})


def _moved(values: pd.Series, shift: float, random: np.random.Generator) -> pd.Series:
    if values.dtype.kind == "M":
        return values + pd.Timedelta(days=int(DAYS * shift))
    if values.dtype.kind in "if":
        # As round as its numbers are: previous owners are whole, distances whole hundreds.
        step = max(float(np.gcd.reduce(values.round().astype(int))), 1.0)
        further = values + round(shift * values.std() / step) * step
        return further.astype(values.dtype)
    rarest = values.value_counts().index[-1]
    return values.mask(random.random(len(values)) < SHARE * shift, rarest)


def with_category(cars: pd.DataFrame, category: str, random: np.random.Generator) -> pd.DataFrame:
    """Cars of which every tenth has a category that was never there.

    Args:
        cars: the listings.
        category: such as ``fuel=hydrogen``.
        random: where the rows come from that get it.

    Raises:
        ProjectError: there is no such column of categories, or it has that one.
    """
    column, _, value = category.partition("=")
    if not value or column not in cars or cars[column].dtype.kind != "O":
        texts = ", ".join(name for name in cars if cars[name].dtype.kind == "O")
        raise ProjectError(f"new category {category!r} is not column=category, of {texts}")
    if (cars[column] == value).any():
        raise ProjectError(f"{column} has the category {value!r} already; give one that is new")
    new = random.random(len(cars)) < NEW_SHARE
    return cars.assign(**{column: cars[column].mask(new, value)})
