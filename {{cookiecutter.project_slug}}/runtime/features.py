"""Which numbers a raw record becomes: one definition for training and for every prediction.

The columns of the data are encoded by their roles, as tabular/encoding.py says. What a model should
see beside them is derived here, from the raw record alone, so that a request needs no new field.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tabular import encoding
from tabular.encoding import Derived, Record

REFERENCE_DATE = "2000-01-01"  # fixed, so that the age of an old row never changes
MAX_CATEGORIES, MIN_CATEGORY_ROWS = 100, 5  # rarer categories have too few rows to learn from


# What is derived: a name, a role, and a function of a raw record that gives a raw value, or nan
# where the record does not say enough. Notebook 02 shows one under "Your first change".
DERIVED: dict[str, Derived] = {}


def fit(
    records: Iterable[Record], columns: Sequence[Mapping[str, str]], impute: bool
) -> dict[str, Any]:
    """Learn the encoding of `columns` (name and role) from training records, as plain data.

    With `impute`, missing numbers and dates become medians (a linear model needs a value);
    without, they stay NaN (XGBoost has a branch for them).
    """
    described = encoding.described(columns, DERIVED)
    complete = encoding.with_derived(records, columns, DERIVED)
    limits = MAX_CATEGORIES, MIN_CATEGORY_ROWS
    fitted = encoding.fit(complete, described, impute, REFERENCE_DATE, *limits)
    return {"reference_date": REFERENCE_DATE, "columns": fitted}


class Encoder(encoding.Encoder):
    """Turns raw records into rows of numbers, as `fit` learned; `names` says what each is."""

    derived = DERIVED
