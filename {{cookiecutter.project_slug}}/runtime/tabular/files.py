"""Which files of a folder are data, and how each begins: compressed or not, Parquet or text."""

import gzip
import re
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from .values import DataError

PARQUET, TEXT = {".parquet", ".pq"}, {".csv", ".tsv", ".txt", ".data", ""}
PLAIN = {".txt", ""}  # of tables, and of whatever else people write
ABOUT = re.compile(  # a file that is named so tells of the others
    r"read[ _-]?me|licen[cs]e|copying|notice|authors|contributing|change(s|log)|version|manifest|"
    r"(md5|sha\d*|check)[ _-]?sums?",
    re.IGNORECASE,
)
JSON_LINES = {".jsonl", ".ndjson", ".jsonlines"}
TABLES = frozenset(PARQUET | TEXT)
CLUTTER = {"thumbs.db", "desktop.ini"}  # what systems leave in folders; hidden files are others
NAMED = 3  # files in a sentence about some of them


@dataclass(frozen=True)
class Found:
    """The files with data, in order of their names, and those of a folder that are left out."""

    files: list[Path]
    left_out: list[Path]


def find(source: Path, kinds: Collection[str] = TABLES) -> Found:
    """The data files of `source`, itself a file or a folder; DataError where there is none.

    In a folder, what its name hides (as of `.part-0.csv.crc`, `_SUCCESS`) is no data, and what is
    neither CSV nor Parquet by its name (as `schema.json`, `README.txt`) is left out.
    """
    if not source.exists():
        raise DataError(f"{source} does not exist; give a CSV or Parquet file, or a folder of them")
    if source.is_file():
        return Found([source], [])
    seen = [path for path in sorted(source.rglob("*")) if path.is_file()]
    seen = [path for path in seen if not _hidden(path.relative_to(source))]
    files = [path for path in seen if is_table(path.relative_to(source), kinds)]
    if not files:
        raise DataError(f"{source} holds no CSV or Parquet file; name the file or its folder")
    full = [path for path in files if path.stat().st_size] or files
    return Found(full, [path for path in seen if path not in set(full)])


def notes(source: Path, found: Found) -> list[str]:
    """Sentences about what of a folder is left out."""
    empty = [path for path in found.left_out if is_table(path.relative_to(source))]
    others = [path for path in found.left_out if path not in empty]
    inside = (path.relative_to(source).parts[:-1] for path in found.files if path != source)
    named = dict.fromkeys(part.split("=")[0] for parts in inside for part in parts if "=" in part)
    said = {
        "being empty": listed(empty),
        "being neither CSV nor Parquet by name": listed(others),
        "being in the names of folders; write it into the files": ", ".join(named),
    }
    return [f"left out of {source.name}: {what}, {why}" for why, what in said.items() if what]


def has_tables(source: Path) -> bool:
    """Whether there is any data file."""
    return source.is_file() or any(
        path.is_file() and is_table(path.relative_to(source)) for path in source.rglob("*")
    )


def is_table(path: PurePath, kinds: Collection[str] = TABLES) -> bool:
    """Whether a file of a folder is data, by its path in the folder."""
    return not _hidden(path) and not _tells(path) and kind(path) in kinds


def _tells(path: PurePath) -> bool:
    """Whether a file is named as one about the others, such as `README.txt`."""
    return is_plain(path) and bool(ABOUT.fullmatch(PurePath(path.name).stem))


def is_plain(path: PurePath) -> bool:
    """Whether a name leaves it open if the text is a table."""
    return kind(path) in PLAIN


def _hidden(path: PurePath) -> bool:
    marked = any(part[0] in "._" and "=" not in part for part in path.parts)
    return marked or path.name.lower() in CLUTTER


def kind(path: PurePath) -> str:
    """The last suffix of a name, in small letters and without that of a compressed file."""
    name = path.name.lower().removesuffix(".gz")
    return PurePath(name).suffix


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet, by its first bytes, or by its name where it is damaged."""
    return _first_bytes(path, 4) == b"PAR1" or kind(path) in PARQUET


def is_json_lines(path: Path) -> bool:
    """Whether a file holds JSON Lines, by its name, or by its first letter."""
    if kind(path) in JSON_LINES:
        return True
    try:
        with open_bytes(path) as file:
            return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    except (OSError, EOFError, zlib.error):  # which its reader says
        return False


def is_compressed(path: Path) -> bool:
    """Whether a file is compressed by gzip, whatever its name."""
    return _first_bytes(path, 2) == b"\x1f\x8b"


def check_text(path: Path) -> None:
    """Raise a DataError for a file that is known to be no text."""
    if _first_bytes(path, 4) == b"PK\x03\x04":
        raise DataError(f"{path.name} is a spreadsheet or a zip archive; save its table as CSV")


def _first_bytes(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return file.read(count)


def open_bytes(path: Path) -> Any:
    """A file's content as bytes, without its compression."""
    return gzip.open(path) if is_compressed(path) else path.open("rb")


def listed(paths: list[Path]) -> str:
    """The names of some files, or of the first of many."""
    names = ", ".join(path.name for path in paths[:NAMED])
    more = len(paths) - NAMED
    return names + f" and {more} more" * (more > 0)
