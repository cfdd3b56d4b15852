"""Which texts of a column its reading can read, by facts of all rows; errors name the others."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from . import advice, columns
from .batches import Batch
from .profile import ColumnFacts
from .spelling import Reading
from .values import LARGEST, DataError

KINDS = {"numeric": "a number", "date": "a date"}


def check(facts: ColumnFacts, read: Reading, otherwise: str = "") -> None:
    """Raise a DataError that names the first text in a column that does not fit its role."""
    place = first(facts, read)
    if place is None:
        return
    raise _error(facts.name, read, *place, otherwise)


def _error(name: str, read: Reading, text: str, row: int, otherwise: str = "") -> DataError:
    fault = f"not {KINDS[read.role]}"
    if read.role == "numeric" and _is_large(text, read):
        fault = f"larger than the {LARGEST:.2g} that the numbers of a model hold"
    elif read.spelling or read.role == "date":
        fault += f" like {read.spelling or '2024-12-31'}"
    otherwise = otherwise or (
        f"or, if it means a missing value, say so by {advice.means_missing(name, text)} or in the "
        f"data contract, or leave the column out by {advice.names('drop', name)}"
    )
    return DataError(
        f"column {name!r} is {read.role} but row {row + 1} holds {text!r}, which is {fault}; "
        f"correct it, {otherwise}"
    )


def first(facts: ColumnFacts, read: Reading) -> tuple[str, int] | None:
    """The first text of those that are known which a role cannot read, and its row, from 0."""
    if read.role not in KINDS or (_all_plain(facts, read.role) and not read.spelling):
        return None
    kept = facts.texts.first_rows() | facts.odd.first_rows() | facts.words.first_rows()
    bad = [(row, text) for text, row in kept.items() if not _is_read(text, read)]
    return min(bad)[::-1] if bad else None


def _all_plain(facts: ColumnFacts, role: str) -> bool:
    if role == "date":
        return facts.days == facts.known
    return facts.numbers == facts.known and max(-facts.low, facts.high) <= LARGEST


def _is_read(text: str, read: Reading) -> bool:
    try:
        if read.role == "date":
            return read.day(text) is not None
        return not abs(read.number(text)) > LARGEST
    except DataError:
        return False


def _is_large(text: str, read: Reading) -> bool:
    try:
        return abs(read.number(text)) > LARGEST
    except DataError as error:
        return "finite" in str(error) and any(each.isdigit() for each in text)


def known(facts: ColumnFacts, read: Reading) -> tuple[int, int]:
    """How many different values a column has, and in how many rows."""
    words = missing_words(facts, read)
    return facts.distinct - len(words), facts.known - sum(words.values())


def missing_words(facts: ColumnFacts, read: Reading) -> dict[str, int]:
    """The texts of a column that mean missing by its reading, with their rows."""
    if not read.missing:
        return {}
    counts = facts.counts() | facts.odd.counts() | facts.words.counts()
    return {text: rows for text, rows in counts.items() if means_missing(text, read)}


def means_missing(text: str, read: Reading) -> bool:
    """Whether a text is no value to a reading, as `-999.0` is none where -999 means missing."""
    try:
        return read.known(text) is None
    except DataError:
        return False


def check_rows(
    rows: Iterable[Batch], readings: Mapping[str, Reading], facts: Mapping[str, ColumnFacts]
) -> Iterator[Batch]:
    """The batches; DataError where a value cannot be read that was not looked at before.

    Where a column has more distinct texts than are kept, only some of them were.
    """
    unsure = {
        name: read
        for name, read in readings.items()
        if read.role in KINDS and not (facts[name].odd.complete and facts[name].words.complete)
    }
    for batch in rows:
        for name, read in unsure.items():
            _, bad = columns.marked(batch.columns[name].texts, read)
            if bad.any():
                row = int(batch.numbers[bad[batch.columns[name].codes]][0])
                text = batch.columns[name].texts[int(np.flatnonzero(bad)[0])].as_py()
                raise _error(name, read, text, row)
        yield batch
