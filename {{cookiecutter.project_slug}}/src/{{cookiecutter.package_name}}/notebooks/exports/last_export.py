"""What the last export wrote: it tells whether a cell or its file was changed since.

A copy of each file is kept in `build/exported`, whenever file and cells are known to be equal.
Where there is none, as in a fresh clone, the last commit stands in, in which they are equal too.
"""

import shutil
import subprocess
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from ... import paths
from .cells import Export, ExportError, shown
from .writefile import magic_of, target_of


class Changed(Enum):
    """Which side of an export that differs was changed since the last export."""

    CELL = "the cell"
    FILE = "the file"
    BOTH = "both"
    UNKNOWN = "no export and no commit to compare with"


def copy_of(target: Path) -> Path:
    """Where the copy of an exported file is."""
    return paths.PROJECT / "build" / "exported" / shown(target)


def remember(target: Path, text: str) -> None:
    """Keep what file and cells both say now."""
    copy = copy_of(target)
    if not copy.is_file() or copy.read_text(encoding="utf-8") != text:
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8", newline="\n")


def known(target: Path) -> Iterator[str]:
    """What file and cells said when they were equal: after the last export, in the last commit."""
    copy = copy_of(target)
    if copy.is_file():
        yield copy.read_text(encoding="utf-8")
    git = shutil.which("git")
    if git is None:
        return
    committed = subprocess.run(
        [git, "show", f"HEAD:./{shown(target)}"],
        cwd=paths.PROJECT,
        capture_output=True,
        check=False,
    )
    if committed.returncode == 0:
        yield committed.stdout.decode("utf-8", errors="replace").replace("\r\n", "\n")


def changed(export: Export) -> Changed:
    """Which side of an export that differs from its file was changed since the last export."""
    if not export.target.is_file():
        return Changed.CELL
    texts = list(known(export.target))
    for text in texts:
        if text == export.text:
            return Changed.FILE
        if text == export.current:
            return Changed.CELL
    return Changed.BOTH if texts else Changed.UNKNOWN


def remember_cell(source: str) -> None:
    """Remember the file that a `%%writefile` cell, just run here, has written."""
    try:
        magic = magic_of(source, "this cell")
        target = magic and target_of(Path.cwd(), "this cell", magic.filename)
    except ExportError:  # `make check` says so
        return
    if target:
        remember(target, target.read_text(encoding="utf-8"))
