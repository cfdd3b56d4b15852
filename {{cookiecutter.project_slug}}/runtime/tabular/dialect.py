"""How a CSV file is written: encoding, separator, names, and which lines are no rows.

It is told from the beginning and the end of a file. What is left out is said in a note.
"""

import codecs
import csv
import io
import re
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from . import endings, files
from .values import DataError

SEPARATORS = ",;|\t"
HEAD, TAIL = 1 << 20, 1 << 16  # bytes of a file that are looked at
ROWS = 50  # rows of its beginning that tell how it is written
UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
Row = tuple[int, list[str]]  # how many lines there are up to its end, and its cells

csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # csv itself refuses cells above 128 KB


@dataclass(frozen=True)
class Dialect:
    """How one CSV file is written.

    Attributes:
        skip: lines before the first row.
        spaced: whether quotes come after a space, as in `1, "a, b"`.
        no_rows: lines below the rows that are none.
        total: whether the last row sums up the others.
        notes: what is left out, in sentences.
    """

    encoding: str
    separator: str
    names: list[str]
    skip: int
    spaced: bool
    no_rows: frozenset[str]
    total: bool
    notes: list[str]


def inspect(path: Path, column_names: Sequence[str] = ()) -> Dialect:
    """How a file is written; DataError where it cannot be read, as an empty one.

    Args:
        path: a CSV file, compressed or not.
        column_names: of a file without a header; a first line that repeats them is none.
    """
    files.check_text(path)
    with files.open_bytes(path) as file:
        head = file.read(HEAD)
        whole = len(head) < HEAD
        end = head if whole else _last_bytes(file, path)
    encoding = _encoding(path, head)
    text = _decoded(path, head, encoding)
    separator = _separator_line(text)
    start = 1 if separator else 0
    rows = _rows(text, separator or _most_cells(text))[start:]
    if not rows:
        raise DataError(f"{path.name} is empty; give a file with a header and rows")
    if not separator:
        separator, start = _beginning(text, rows, column_names)
        rows = _rows(text, separator)[start:]
    first, names = rows[0][1], list(column_names)
    has_header = not names or [cell.strip() for cell in first] == names
    _check_names(path, first, names)
    names = names or [_name(cell, place) for place, cell in enumerate(first)]
    data = rows[has_header:]
    _check_separator(path, names, [cells for _, cells in data])
    before = _rows(text, separator)[:start]
    skip = rows[0][0] if has_header else before[-1][0] if before else 0
    below = text if whole else _decoded(path, end, encoding, cut=True)
    found = endings.find(path.name, below, separator, len(names), skip if whole else 0)
    title = _title([cells for _, cells in before])
    notes = [f"the beginning of {path.name} is left out, since it names no columns: {title!r}"]
    return Dialect(
        encoding,
        separator,
        names,
        skip,
        _is_spaced(text, separator, data, len(names)),
        found.no_rows,
        found.total,
        notes * bool(title) + found.notes,
    )


def not_utf8(path: Path) -> DataError:
    """What to do with text in another encoding."""
    return DataError(
        f"{path.name} is not text in UTF-8; save it as CSV in UTF-8, or turn it, if it is of an "
        "old Windows, by iconv -f WINDOWS-1252 -t UTF-8"
    )


def _last_bytes(file: io.BufferedIOBase, path: Path) -> bytes:
    if not files.is_compressed(path):
        file.seek(-TAIL, io.SEEK_END)
        return file.read()
    last = b""
    while part := file.read(HEAD):
        last = (last + part)[-TAIL:]
    return last


def _encoding(path: Path, head: bytes) -> str:
    """UTF-8, or UTF-16 where a file starts by saying so."""
    if head.startswith(UTF16):
        return "utf-16-le" if head.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    if b"\0" in head[:4096]:
        raise not_utf8(path)
    return "utf-8"


def _decoded(path: Path, content: bytes, encoding: str, cut: bool = False) -> str:
    """Bytes as text, without a letter that is cut at the end, nor one at the beginning."""
    if cut and encoding == "utf-8":
        content = content[next(i for i, byte in enumerate(content) if byte & 0xC0 != 0x80) :]
    if cut:
        content = content[len(content) % 2 :] if encoding != "utf-8" else content
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(content)
    except UnicodeDecodeError:
        raise not_utf8(path) from None
    return text.removeprefix("\ufeff")


def _rows(text: str, separator: str, spaced: bool = False) -> list[Row]:
    """The first rows of a text that hold more than spaces."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=spaced)
    known = (row for row in reader if len(row) > 1 or (row and row[0].strip()))
    return [(reader.line_num, cells) for cells in islice(known, ROWS)]


def _separator_line(text: str) -> str:
    """The separator that a first line such as `sep=;` names; "" where none does."""
    said = re.match(r'"?sep=(.)"?[ ;,|\t]*\r?\n', text, re.IGNORECASE)
    return said[1] if said else ""


def _most_cells(text: str, line: int = 0) -> str:
    """The separator by which a row of the beginning has most cells."""

    def cells(separator: str) -> int:
        rows = _rows(text, separator)
        return len(rows[line][1]) if line < len(rows) else 0

    return max(SEPARATORS, key=cells)


def _beginning(text: str, rows: list[Row], column_names: Sequence[str]) -> tuple[str, int]:
    """The separator, and how many rows are above the names (or above the rows, if names are given).

    These are a title or remarks: fewer cells than all rows below, which are alike.
    """
    separator = _most_cells(text)
    width = len(rows[0][1])
    if width > 1 and sum(len(cells) == width for _, cells in rows) > len(rows) / 2:
        return separator, 0 if column_names else _padded_title([cells for _, cells in rows])
    for start in range(1, min(len(rows), 10)):
        each = _most_cells(text, start)
        found = [cells for _, cells in _rows(text, each)]
        above, below = found[:start], found[start:]
        width, times = Counter(map(len, below)).most_common(1)[0] if below else (0, 0)
        alike = width > 1 and len(below) > 1 and len(below[0]) == width and times >= len(below) - 1
        narrow = max((len([cell for cell in cells if cell.strip()]) for cells in above), default=0)
        remark = narrow == 1 or all(cells[0].lstrip().startswith("#") for cells in above)
        named = len(column_names) == width if column_names else _are_names(below[0])
        if alike and remark and named and narrow < width:
            return each, start
    return separator, 0


def _padded_title(rows: list[list[str]]) -> int:
    """How many rows above the names have one cell at most, as spreadsheets write a title."""
    known = [[cell for cell in map(str.strip, cells) if cell] for cells in rows]
    start = next((place for place, cells in enumerate(known) if len(cells) > 1), 0)
    named = len(rows[start]) > 2 and known[start] == [cell.strip() for cell in rows[start]]
    return start if start and named and start + 1 < len(rows) and _are_names(rows[start]) else 0


def _are_names(cells: list[str]) -> bool:
    known = [cell.strip() for cell in cells]
    return len(set(known)) == len(known) and not any(map(is_number, known))


def _name(cell: str, place: int) -> str:
    return re.sub(r"\s*[\r\n]+\s*", " ", cell.strip()) or f"unnamed: {place}"


def _title(rows: list[list[str]]) -> str:
    """The words of the rows above the names, without a line that names the separator."""
    words = (cell.strip() for cells in rows for cell in cells)
    said = " ".join(word for word in words if word)
    return "" if said.lower().startswith("sep=") else said[:100]


def _check_names(path: Path, first: list[str], column_names: list[str]) -> None:
    """Raise a DataError when names and first line do not fit, or when that line is data."""
    if column_names and len(column_names) != len(first):
        raise DataError(
            f"{path.name} has {len(first)} columns but `column_names` gives {len(column_names)}"
        )
    if not column_names and (numbers := [cell for cell in first if is_number(cell)]):
        raise DataError(
            f"the first line of {path.name} looks like data ({numbers[0]!r}), not like names; "
            "name the columns by `column_names`, such as -p column_names a,b,c"
        )


def is_number(cell: str) -> bool:
    """Whether Python reads a text as a finite number."""
    try:
        return bool(np.isfinite(float(cell)))
    except ValueError:
        return False


def _check_separator(path: Path, names: list[str], data: list[list[str]]) -> None:
    """Raise a DataError when the rows have another separator than the first line."""
    if data and len(names) > 1 and all(len(cells) == 1 for cells in data):
        raise DataError(
            f"{path.name} has {len(names)} columns by its first line, but its rows have one cell, "
            f"such as {data[0][0]!r}; use the same separator in all lines"
        )


def _is_spaced(text: str, separator: str, data: list[Row], width: int) -> bool:
    """Whether rows have the right number of cells only if a space may come before a quote."""
    if all(len(cells) <= width for _, cells in data):
        return False
    rows = _rows(text, separator, spaced=True)[-len(data) :]
    return all(len(cells) <= width for _, cells in rows)
