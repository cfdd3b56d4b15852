"""UBJSON as XGBoost writes its models, read without XGBoost; arrays of numbers are numpy's.

Universal Binary JSON, draft 12 (ubjson.org): a mark of one byte, then the value, big-endian.
"""

from typing import Any

import numpy as np

INTEGERS = {b"i": 1, b"I": 2, b"l": 4, b"L": 8}  # bytes
NUMBERS = {b"U": ">u1", b"d": ">f4", b"D": ">f8"} | {m: f">i{n}" for m, n in INTEGERS.items()}
CONSTANTS = {b"Z": None, b"T": True, b"F": False}


def loads(text: bytes) -> Any:
    """What a document holds.

    Raises:
        ValueError: it is none of XGBoost's.
    """
    try:
        return _Reader(text).value()
    except (IndexError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not UBJSON: {error!r}") from None


class _Reader:
    def __init__(self, text: bytes) -> None:
        self._text, self._at = text, 0

    def value(self) -> Any:
        mark = self._take(1)
        if mark == b"{":
            return self._mapping()
        if mark == b"[":
            return self._list()
        if mark == b"S":
            return self._text_of(self.value())
        if mark in INTEGERS:
            return int.from_bytes(self._take(INTEGERS[mark]), "big", signed=True)
        return CONSTANTS[mark] if mark in CONSTANTS else self._numbers(mark, 1)[0].item()

    def _mapping(self) -> dict[str, Any]:
        count, found = self._count(), dict[str, Any]()
        while (len(found) < count) if count is not None else not self._skip(b"}"):
            name = self._text_of(self.value())
            found[name] = self.value()
        return found

    def _list(self) -> Any:
        if self._skip(b"$"):
            mark = self._take(1)
            return self._numbers(mark, self._count() or 0)
        count, found = self._count(), list[Any]()
        while (len(found) < count) if count is not None else not self._skip(b"]"):
            found.append(self.value())
        return found

    def _count(self) -> int | None:
        return int(self.value()) if self._skip(b"#") else None

    def _numbers(self, mark: bytes, count: int) -> np.ndarray:
        kind = np.dtype(NUMBERS[mark])
        return np.frombuffer(self._take(count * kind.itemsize), kind).astype(kind.newbyteorder("="))

    def _text_of(self, length: int) -> str:
        return self._take(length).decode("utf-8")

    def _skip(self, mark: bytes) -> bool:
        """Go past a mark, if it is the next byte."""
        found = self._text[self._at : self._at + 1]
        if not found:
            raise IndexError("it ends too early")
        self._at += found == mark
        return found == mark

    def _take(self, length: int) -> bytes:
        found = self._text[self._at : self._at + length]
        if len(found) < length or length < 0:
            raise IndexError("it ends too early")
        self._at += length
        return found
