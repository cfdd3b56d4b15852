"""Metrics by the values of a column, and bounds that a value's metric must keep: fairness rules.

A slice is the rows with one value; a number with many values is cut into quarters and a date into
years. A slice of fewer than MIN_ROWS rows tells little, and is part of "(other)".
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from . import job, metrics
from .proposal import propose
from .records import Split
from .scoring import Scored
from .spelling import Reading, reading
from .values import DataError, text

MIN_ROWS = 20
MAX_VALUES = 30  # of a column; the rarest of more are "(other)", too
OTHER, MISSING = "(other)", "(missing)"

Slices = dict[str, dict[str, dict[str, float]]]  # column, value, metric


@dataclass(frozen=True)
class Bound:
    """What the primary metric must reach (an error: may reach at most) where column is value."""

    column: str
    value: str
    bound: float


def bounds(argument: str) -> list[Bound]:
    """The bounds in "column=value:bound,..."; DataError for anything else."""
    found = []
    for part in job.words(argument):
        name, _, bound = part.rpartition(":")
        column, equals, value = name.partition("=")
        try:
            found.append(Bound(column.strip(), value.strip(), float(bound)))
        except ValueError:
            equals = ""
        if not (equals and column.strip()):
            raise DataError(f"`slice_bound` holds {part!r}, which is not like region=north:0.8")
    return found


def columns(sliced: str, bounded: str, test: Split) -> list[str]:
    """The columns to measure by: those of --slices and of --slice-bound, which test rows have."""
    names = list(dict.fromkeys([*job.words(sliced), *(each.column for each in bounds(bounded))]))
    known = next(iter(test), {})
    for name in names:
        if name not in known:
            raise DataError(
                f"slice column {name!r} is not in test.csv{job.suggest(name, known)}; a column "
                "that no model sees is kept where `slices` names it"
            )
    return names


def measure(scored: Scored, known: Mapping[str, str]) -> Slices:
    """Rows and metrics of every slice of the columns that were kept, the largest slice first.

    `known` are roles of columns; that of any other, which no model sees, is inferred.
    """
    slices: Slices = {}
    for column, texts in scored.columns.items():
        groups = _groups(_names(texts, _reading(scored, column, texts, known.get(column, ""))))
        slices[column] = {name: _measure_rows(scored, rows) for name, rows in groups.items()}
    return slices


def _reading(scored: Scored, column: str, texts: Sequence[str], role: str) -> Reading:
    """How a column is read: as by the model, as its role says, or as it looks."""
    for entry in scored.signature.get("columns", ()):
        if entry["name"] == column:
            return reading(entry)
    if role:
        return Reading(column, role)
    found = propose(Counter(each for each in texts if text(each)), name=column)
    doubtful = found.question or found.unreadable
    return Reading(column, "categorical") if doubtful else found.reading(column)


def _names(raw: Sequence[str], read: Reading) -> list[str]:
    """The slice of each row, by its raw value and how its column is read."""
    if read.role == "date":
        return [read.day(value)[:4] or MISSING for value in raw]
    values = [read.text(value) for value in raw]
    if read.role != "numeric" or len(set(values)) <= MAX_VALUES:
        return [value or MISSING for value in values]
    numbers = np.array([read.number(value) for value in values])
    edges = np.nanpercentile(numbers, [0, 25, 50, 75, 100])
    quarters = [f"{low:.6g} to {high:.6g}" for low, high in pairwise(edges)]
    places = np.searchsorted(edges[1:-1], numbers, side="right")
    return [
        MISSING if missing else quarters[place]
        for place, missing in zip(places, np.isnan(numbers), strict=True)
    ]


def _groups(names: Sequence[str]) -> dict[str, np.ndarray]:
    """Where the rows of each slice are, what is rare in "(other)"."""
    common = [name for name, rows in Counter(names).most_common(MAX_VALUES) if rows >= MIN_ROWS]
    of_row = np.array([name if name in common else OTHER for name in names])
    return {
        name: np.flatnonzero(of_row == name) for name in [*common, OTHER] if (of_row == name).any()
    }


def _measure_rows(scored: Scored, rows: np.ndarray) -> dict[str, float]:
    """The metrics of some rows, without those that are not defined: one class has no roc_auc."""
    signature = scored.signature
    truth, predictions = np.asarray(scored.truth)[rows], scored.answers.take(rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        measured = metrics.measure(
            signature["problem_type"], signature["classes"], truth, predictions
        )
    finite = {name: value for name, value in measured.items() if np.isfinite(value)}
    return {"rows": len(rows), **finite}


def missed(slices: Slices, asked: Sequence[Bound], primary: str) -> str:
    """A sentence for each slice that misses its bound, or cannot be held to it; "" when none."""
    sentences = []
    for each in asked:
        where = f"{primary} where {each.column} is {each.value}"
        measured = slices[each.column].get(each.value, {})
        if primary not in measured:
            sentences.append(
                f"{where} is not known, from fewer than {MIN_ROWS} test rows or from one class"
            )
            continue
        value = measured[primary]
        worse = value > each.bound if primary in metrics.MINIMIZED else value < each.bound
        if worse:
            sentences.append(f"{where} is {value:.6g} and misses its bound {each.bound:g}")
    return "; ".join(sentences)
