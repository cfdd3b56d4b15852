"""Rows that share their key with another row: found by hashes of all keys, then looked at.

The hashes take 8 bytes for each row, and as many again while they are sorted.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from .batches import Batch
from .column_check import Broken
from .hashing import key_of, text_hashes
from .hosts import Hosts
from .violations import EXAMPLES

LOOKED_AT = 100_000  # hashes that come twice; those of more are believed


class Keys:
    """The keys of all rows, as hashes."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        self._hashes: list[np.ndarray] = []

    def add(self, batch: Batch) -> None:
        """Take in the keys of some rows; a key with a missing part is none."""
        hashes, known = self._hashed(batch)
        self._hashes.append(hashes[known])

    def merge(self, other: "Keys") -> None:
        """Take in those of other rows."""
        self._hashes += other._hashes

    def duplicates(self, again: Iterable[Batch], hosts: Hosts) -> Broken:
        """How many rows have a key that another one has, and some of these keys.

        Args:
            again: the rows of this host, read once more where hashes come twice.
            hosts: which have read the rows.
        """
        every = np.concatenate(self._hashes or [np.empty(0, dtype="uint64")])
        every.sort()
        twice = np.unique(every[1:][every[1:] == every[:-1]])
        if not len(twice):
            return Broken()
        looked_at = twice[:LOOKED_AT]
        believed = int(np.isin(every, twice[LOOKED_AT:]).sum())
        counts: Counter[tuple[str, ...]] = Counter()
        for batch in again:
            hashes, known = self._hashed(batch)
            rows = batch.filter(known & np.isin(hashes, looked_at)).record_batch()
            counts.update(zip(*(rows[name].to_pylist() for name in self._names), strict=True))
        counts = sum(hosts.gather(counts), Counter())
        keys = {key: rows for key, rows in counts.items() if rows > 1}
        shown = dict.fromkeys([", ".join(key) for key in keys][:EXAMPLES])
        return Broken(believed + sum(keys.values()), shown)

    def _hashed(self, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
        """A hash of the key of each row, and which rows have a whole key."""
        columns = [batch.columns[name] for name in self._names]
        known = np.logical_and.reduce([batch.known(name) for name in self._names])
        keys = map(key_of, self._names)
        texts = [(key, c.texts.fill_null("")) for key, c in zip(keys, columns, strict=True)]
        total = np.zeros(batch.rows, dtype="uint64")
        for column, hashes in zip(columns, text_hashes(texts), strict=True):
            total += hashes[column.codes]
        return total, known
