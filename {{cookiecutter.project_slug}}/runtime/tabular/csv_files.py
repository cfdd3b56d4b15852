"""Reading a CSV file as batches of texts: by Arrow, or row by row where Arrow cannot."""

import csv
import io
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow

from . import dialect, files
from .dialect import Dialect
from .paced import PacedFile
from .values import DataError

BLOCK, WIDE = 1 << 24, 1 << 14  # bytes that are read at once: at least, and for each column
ROWS = 50_000  # rows that are read at once, one by one
DICTIONARY = pa.dictionary(pa.int32(), pa.string())
Columns = list[pa.DictionaryArray]


@dataclass
class CsvFile:
    """A CSV file and how it is written. `patient`: Arrow could not read it, so Python does."""

    path: Path
    dialect: Dialect
    patient: bool = False
    quotes: bool | None = None  # whether it has any; None: not looked yet
    position: int = 0  # bytes that have been read
    block: int = BLOCK  # bytes that are read at once

    @classmethod
    def open(cls, path: Path, column_names: Sequence[str] = (), block: int = BLOCK) -> "CsvFile":
        """A file, once its beginning and end have been looked at."""
        try:
            found = dialect.inspect(path, column_names)
        except (OSError, EOFError, zlib.error) as error:
            raise _unreadable(path, error) from None
        return cls(path, found, patient=found.spaced, block=block)

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return self.dialect.names

    @property
    def notes(self) -> list[str]:
        """What of it is left out, in sentences."""
        return self.dialect.notes

    def batches(self) -> Iterator[Columns]:
        """Its rows as distinct texts and codes, some at a time; DataError where it is no table."""
        found = self._batches()
        return _without_last_row(found) if self.dialect.total else found

    def _batches(self) -> Iterator[Columns]:
        done = 0
        if not self.patient:
            try:
                if self.quotes is None:
                    self.quotes = _has_quotes(self.path)
                columns: Columns = []
                for position, columns in _by_arrow(
                    self.path, self.dialect, self.quotes, self.block
                ):
                    self.position = position
                    yield columns
                    done += len(columns[0])
                if not columns or not _may_be_open(columns):
                    return
            except pa.ArrowInvalid as error:
                if "invalid UTF8" in str(error):
                    raise dialect.not_utf8(self.path) from None
                self.patient = True  # Python finds out what is wrong, or reads what Arrow refuses
            except UnicodeDecodeError:
                raise dialect.not_utf8(self.path) from None
            except OSError as error:
                raise _unreadable(self.path, error) from None
        yield from _after(_by_python(self.path, self.dialect), done)


def _has_quotes(path: Path) -> bool:
    """Whether a line may end within quotes; Arrow reads twice as fast where it need not look."""
    with files.open_bytes(path) as file:
        return any(b'"' in part for part in iter(lambda: file.read(BLOCK), b""))


def _may_be_open(columns: Columns) -> bool:
    """Whether the last cell ends with a line, as where its quotes are never closed."""
    return any(column[-1].as_py().endswith(("\n", "\r")) for column in columns[-1:])


def _by_arrow(path: Path, how: Dialect, quotes: bool, block: int) -> Iterator[tuple[int, Columns]]:
    """Batches, and the bytes of the file that have been read for them."""
    read = arrow.ReadOptions(
        column_names=how.names,
        skip_rows=how.skip,
        block_size=max(block, WIDE * len(how.names)),
        encoding=how.encoding,
    )
    parse = arrow.ParseOptions(
        delimiter=how.separator,
        newlines_in_values=quotes,
        invalid_row_handler=lambda row: _blank_or_remark(row.text, how),
    )
    convert = arrow.ConvertOptions(
        column_types=dict.fromkeys(how.names, DICTIONARY), strings_can_be_null=False
    )
    try:
        with closing(PacedFile(path)) as file:
            reader = arrow.open_csv(pa.PythonFile(file, "r"), read, parse, convert)
            for batch in file.batches(reader):
                if batch.num_rows:
                    yield file.position, batch.columns
    except pa.ArrowInvalid as error:
        if "Empty CSV file" not in str(error):
            raise


def _blank_or_remark(row: str, how: Dialect) -> str:
    text = row.strip("\r\n")
    return "skip" if not text.strip() or text in how.no_rows else "error"


def _by_python(path: Path, how: Dialect) -> Iterator[Columns]:
    """The rows by Python's own reader; a short row is one whose last cells are empty."""
    try:
        with files.open_bytes(path) as file:
            text = io.TextIOWrapper(file, encoding=how.encoding, newline="")
            rows: list[list[str]] = []
            letters = 0
            for row in _rows(text, path, how):
                rows.append(row)
                letters += sum(map(len, row))
                if len(rows) == ROWS or letters > 4 * BLOCK:
                    yield _columns(rows)
                    rows, letters = [], 0
            if rows:
                yield _columns(rows)
    except UnicodeDecodeError:
        raise dialect.not_utf8(path) from None
    except (csv.Error, OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, error) from None


def _rows(text: io.TextIOWrapper, path: Path, how: Dialect) -> Iterator[list[str]]:
    for _ in range(how.skip):
        text.readline()
    width = len(how.names)
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=how.separator, skipinitialspace=how.spaced)
    for cells in reader:
        row, lines.row = "".join(lines.row).strip("\r\n"), []
        if not row.strip() or row in how.no_rows:
            continue
        if len(cells) > width and any(cells[width:]):
            raise DataError(
                f"{path.name} has rows with more cells than the {width} of its first line "
                f"(Expected {width} fields in line {how.skip + reader.line_num}, saw {len(cells)})"
                "; give every row one cell for each column"
            )
        if lines.ended and _is_open(row, how):
            raise DataError(
                f"{path.name} has a quote that is never closed, in the row that begins with "
                f"{row[:40]!r}; close it, or leave it out"
            )
        yield (cells + [""] * (width - len(cells)))[:width]


class _Lines:
    """The lines of a file, with those of the row that is being read kept as they are."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self.row, self.ended = text, list[str](), False

    def __iter__(self) -> Iterator[str]:
        line = self._text.readline()
        while line:
            following = self._text.readline()
            self.ended = not following
            self.row.append(line)
            yield line
            line = following


def _is_open(row: str, how: Dialect) -> bool:
    """Whether the last row of a file ends within quotes."""
    try:
        list(csv.reader([row], delimiter=how.separator, skipinitialspace=how.spaced, strict=True))
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _columns(rows: list[list[str]]) -> Columns:
    texts = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
    return [column.dictionary_encode() for column in texts]


def _after(found: Iterator[Columns], done: int) -> Iterator[Columns]:
    """The batches without the first rows, which another reader has given."""
    for columns in found:
        rows = len(columns[0])
        if rows > done:
            yield [column.slice(done) for column in columns]
        done = max(0, done - rows)


def _without_last_row(found: Iterator[Columns]) -> Iterator[Columns]:
    held: deque[Columns] = deque()
    for columns in found:
        if held:
            yield held.popleft()
        held.append(columns)
    if held and len(held[0][0]) > 1:
        yield [column.slice(0, len(column) - 1) for column in held[0]]


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = str(error).strip().splitlines()[0]
    return DataError(f"{path.name} is not a readable CSV file: {reason}")
