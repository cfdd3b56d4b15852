"""Files of captured requests: what can be read of them, and what cannot."""

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from tabular.values import DataError

from . import usual_lines
from .captured_line import NO_LINE, Capture, Wanted, read_plainly, reason

# The inference id of known records, which a deployment asks an endpoint for: nobody's request.
SMOKE_CHECK = "smoke-check"
LONGEST = 1 << 26  # bytes of a line: more than both bodies of a request can be
GZIP = b"\x1f\x8b"
CUT = (EOFError, gzip.BadGzipFile, zlib.error)  # of a packed file
LINES = 100  # that are looked at together


class Unreadable:
    """Lines that could not be read: how many, and the first reasons."""

    def __init__(self) -> None:
        self.count = 0
        self.reasons: list[str] = []
        self._said: set[str] = set()

    def add(self, place: str, reason: str) -> None:
        """Note a line; the first of each reason is told."""
        self.count += 1
        if len(self.reasons) < 5 and reason not in self._said:
            self._said.add(reason)
            self.reasons.append(f"{place}: {reason[:200]}")

    def sentence(self) -> str:
        """What a report says of them; empty where there are none."""
        if not self.count:
            return ""
        lines = "1 captured line" if self.count == 1 else f"{self.count:,} captured lines"
        return f"{lines} could not be read, such as {'; '.join(self.reasons)}"


def read(
    path: Path, columns: list[str], classes: Sequence[str], unreadable: Unreadable
) -> Iterator[list[Capture]]:
    """The captured requests of a file, some at a time.

    Args:
        path: JSON Lines, packed by gzip or not.
        columns: of the model, in the order of its CSV.
        classes: that the model tells apart; none: it predicts numbers.
        unreadable: takes the lines that are none: half-written, of another model, or pictures.
    """
    wanted = Wanted(columns, classes)
    with path.open("rb") as packed, _unpacked(packed) as file:
        try:
            for first, lines in _some(_lines(file, path)):
                found = usual_lines.read(lines, wanted)
                for place in [place for place, each in enumerate(found) if each is None]:
                    at = f"{path.name}:{first + place}"
                    found[place] = _plainly(lines[place], wanted, at, unreadable)
                yield [each for each in found if each is not None]
        except CUT as error:
            unreadable.add(path.name, f"gzip: {error}")


def _plainly(line: bytes, wanted: Wanted, place: str, unreadable: Unreadable) -> Capture | None:
    """The request of any line; None of one that is empty, or that is told to be unreadable."""
    if not line.strip():
        return None
    try:
        if len(line) == LONGEST:
            raise DataError(f"it is longer than {LONGEST:,} bytes")
        return read_plainly(line, wanted)
    except NO_LINE as error:
        unreadable.add(place, reason(error))
        return None


def is_half_written(path: Path) -> bool:
    """Whether a file ends within a line, as while it is being written."""
    with path.open("rb") as file:
        if file.read(2) == GZIP or not file.seek(0, 2):
            return False
        file.seek(-1, 2)
        return file.read(1) != b"\n"


def _unpacked(file: BinaryIO) -> BinaryIO:
    is_packed = file.read(2) == GZIP
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if is_packed else file  # type: ignore[return-value]


def _some(found: Iterable[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Some lines at a time, and the number of the first; those before a cut in a file, too."""
    first = 1
    lines: list[bytes] = []
    broken: Exception | None = None
    try:
        for line in found:
            lines.append(line)
            if len(lines) >= LINES:
                yield first, lines
                first, lines = first + len(lines), []
    except CUT as error:
        broken = error
    if lines:
        yield first, lines
    if broken:
        raise broken


def _lines(file: BinaryIO, path: Path) -> Iterable[bytes]:
    """Lines; of one that is too long, its beginning."""
    if not isinstance(file, gzip.GzipFile) and path.stat().st_size < LONGEST:
        return file
    return _bounded_lines(file)


def _bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    for line in iter(partial(file.readline, LONGEST), b""):
        yield line
        while len(line) == LONGEST and not line.endswith(b"\n"):
            line = file.readline(LONGEST)
