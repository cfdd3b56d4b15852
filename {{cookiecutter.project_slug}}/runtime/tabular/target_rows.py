"""The rows of a table that have a target, and their numbers in plain texts."""

from collections.abc import Iterable, Iterator

import pyarrow as pa

from . import columns
from .batches import Batch
from .spelling import Reading
from .values import text


def with_target(rows: Iterable[Batch], target: Reading) -> Iterator[Batch]:
    """The rows that have a target, or a text that is not readable as one."""
    for batch in rows:
        known = batch.known(target.name)
        if not target.plain:
            texts = _plain_texts(batch.columns[target.name].texts, target)
            known = batch.columns[target.name].where(columns.marks(texts.is_valid()))
        yield batch.filter(known)


def labelled(rows: Iterable[Batch], target: Reading) -> Iterator[Batch]:
    """The same, with numbers as Python writes them: no request has a target to be read."""
    for batch in rows:
        if not target.plain:
            column = batch.columns[target.name]
            changed = column.changed(_plain_texts(column.texts, target))
            batch = batch.changed({target.name: changed})
        yield batch.filter(batch.known(target.name))


def _plain_texts(texts: pa.StringArray, target: Reading) -> pa.StringArray:
    if target.role != "numeric":
        return columns.texts(texts, target)
    numbers, bad = columns.numbers(texts, target, unreadable="mark")
    places = zip(texts.to_pylist(), numbers.tolist(), bad, strict=True)
    plain = [known if wrong else text(number) or None for known, number, wrong in places]
    return pa.array(plain, pa.string())
