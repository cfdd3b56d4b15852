"""The hash of texts by which rows are split: SipHash-2-4, of many texts at once.

It gives the numbers of `pandas.util.hash_array`, by which rows have always been split, but makes no
Python object of each text, which takes twice as long, and hashes all columns of a batch together.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

PART = 1 << 14  # texts at once, so that what is worked on stays in the processor's cache
LONG = 512  # bytes from which on a text is hashed by pandas, one by one
INITIAL = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def key_of(name: str) -> str:
    """The key of a column's hashes, of 16 characters."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def text_hashes(columns: Sequence[tuple[str, pa.StringArray]]) -> list[np.ndarray]:
    """64-bit hashes of each column's texts (none missing), under the key that comes with them."""
    texts = pa.concat_arrays([each for _, each in columns])
    counts = [len(each) for _, each in columns]
    found = np.empty(len(texts), dtype="uint64")
    starts, words = _bytes(texts)
    sizes = np.diff(starts)
    keys = np.frombuffer("".join(key for key, _ in columns).encode("ascii"), "<u8").reshape(-1, 2)
    key = np.repeat(np.arange(len(columns)), counts)
    whole = np.where(sizes < LONG, sizes >> 3, -1)
    for length in np.unique(whole):
        places = np.flatnonzero(whole == length)
        for first in range(0, len(places), PART):
            part = places[first : first + PART]
            if length < 0:
                found[part] = [_by_pandas(texts[i].as_py(), columns[key[i]][0]) for i in part]
            else:
                found[part] = _siphash(words, starts[part], sizes[part], length, keys[key[part]])
    return np.split(found, np.cumsum(counts)[:-1])


def _bytes(texts: pa.StringArray) -> tuple[np.ndarray, np.ndarray]:
    """Where each text starts and the last one ends, and the 8 bytes from each byte on, as words."""
    _, offsets, data = texts.buffers()
    starts = np.frombuffer(offsets, "<i4", len(texts) + 1, 4 * texts.offset).astype("int64")
    first, last = int(starts[0]), int(starts[-1])
    padded = (data.slice(first, last - first).to_pybytes() if data else b"") + bytes(16)
    return starts - first, np.ndarray((len(padded) - 7,), "<u8", padded, strides=(1,))


def _siphash(
    words: np.ndarray, starts: np.ndarray, sizes: np.ndarray, whole: int, keys: np.ndarray
) -> np.ndarray:
    """The hashes of texts that have the same number of whole words, as pandas spreads them."""
    state = [keys[:, place % 2] ^ np.uint64(start) for place, start in enumerate(INITIAL)]
    spare = np.empty(len(starts), dtype="uint64")
    for place in range(whole + 1):
        word = words[starts + 8 * place]
        if place == whole:
            rest = (sizes & 7).astype("uint64") << np.uint64(3)
            word &= (np.uint64(1) << rest) - np.uint64(1)
            word |= sizes.astype("uint64") << np.uint64(56)
        state[3] ^= word
        _rounds(2, state, spare)
        state[0] ^= word
    state[2] ^= np.uint64(0xFF)
    _rounds(4, state, spare)
    return spread(state[0] ^ state[1] ^ state[2] ^ state[3])


def _rounds(count: int, state: list[np.ndarray], spare: np.ndarray) -> None:
    v0, v1, v2, v3 = state
    for _ in range(count):
        v0 += v1
        _turn(v1, 13, spare)
        v1 ^= v0
        _turn(v0, 32, spare)
        v2 += v3
        _turn(v3, 16, spare)
        v3 ^= v2
        v0 += v3
        _turn(v3, 21, spare)
        v3 ^= v0
        v2 += v1
        _turn(v1, 17, spare)
        v1 ^= v2
        _turn(v2, 32, spare)


def _turn(value: np.ndarray, bits: int, spare: np.ndarray) -> None:
    np.right_shift(value, np.uint64(64 - bits), out=spare)
    value <<= np.uint64(bits)
    value |= spare


def spread(value: np.ndarray) -> np.ndarray:
    """What splitmix64, and pandas to a hash at last, does so that all bits are even; in place."""
    value ^= value >> np.uint64(30)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(27)
    value *= np.uint64(0x94D049BB133111EB)
    value ^= value >> np.uint64(31)
    return value


def _by_pandas(text: str, key: str) -> int:
    import pandas as pd

    return pd.util.hash_array(np.array([text], dtype=object), hash_key=key, categorize=False)[0]
