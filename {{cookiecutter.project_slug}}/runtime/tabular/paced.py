"""A file that is read no further ahead than its reader needs.

Arrow reads a file in the background, up to 32 blocks ahead of what is asked of it: with large
blocks, half a gigabyte.
"""

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv

from . import files

AHEAD = 3  # blocks that are read before a batch of them is taken
PATIENCE = 5.0  # seconds until one more is read, where no batch comes of so many


class PacedFile:
    """A file's content, without its compression, for one reader that takes batches of it."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("rb")
        compressed = files.is_compressed(path)
        self._content: Any = gzip.GzipFile(fileobj=self._raw) if compressed else self._raw
        self._turn = threading.Condition()
        self._ahead, self._wanted = 0, True
        self.closed = False

    @property
    def position(self) -> int:
        """Bytes of the file that have been read."""
        return self._raw.tell()

    def read(self, size: int = -1) -> bytes:
        """The next block; it waits while enough of them are read."""
        with self._turn:
            while self._ahead >= AHEAD and not self.closed:
                if not self._turn.wait(PATIENCE) and self._wanted:
                    break
            self._ahead += 1
            return b"" if self.closed else self._content.read(size)

    def batches(self, reader: csv.CSVStreamingReader) -> Iterator[pa.RecordBatch]:
        """The batches of the reader of this file."""
        while True:
            self._wanted = True
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            with self._turn:
                self._ahead, self._wanted = max(0, self._ahead - 1), False
                self._turn.notify()
            yield batch

    def readable(self) -> bool:
        """Yes."""
        return True

    def close(self) -> None:
        """Close the file, and let nobody wait for it."""
        with self._turn:
            self.closed = True
            self._turn.notify_all()
            self._raw.close()
