"""Arrays that are kept in a temporary file while they are many, to be read again and again."""

import tempfile
from collections.abc import Iterator, Sequence

import numpy as np

IN_MEMORY = 64 << 20  # bytes that are kept in memory; more go to a file


class Spool:
    """Groups of arrays: the next reader begins with the first group."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        self._layouts: list[list[tuple[np.dtype, tuple[int, ...]]]] = []

    def add(self, arrays: Sequence[np.ndarray]) -> None:
        """Keep a group of arrays."""
        self._layouts.append([(array.dtype, array.shape) for array in arrays])
        for array in arrays:
            self._file.write(np.ascontiguousarray(array).data)

    def __iter__(self) -> Iterator[list[np.ndarray]]:
        at = 0
        for layout in self._layouts:
            self._file.seek(at)  # another reader may have been elsewhere
            arrays = [self._read(*each) for each in layout]
            at = self._file.tell()
            yield arrays

    def _read(self, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
        size = dtype.itemsize * int(np.prod(shape))
        return np.frombuffer(self._file.read(size), dtype).reshape(shape)
