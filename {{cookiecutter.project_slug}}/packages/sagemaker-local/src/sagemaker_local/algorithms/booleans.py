"""True and False in CSV, which are read as 1 and 0.

pandas 2, which is here, writes them of ``get_dummies``; pandas 1, in the images of older pipelines,
wrote 1 and 0. XGBoost would take such a cell for a missing value, and say nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

NOTICE = (
    "local session: True and False in CSV are read as 1 and 0, as pandas 1 of older images wrote "
    "them; where the image has pandas 2, write numbers: pd.get_dummies(..., dtype=int)."
)
NUMBERS = {"True": "1", "False": "0"}
_CELL = re.compile(rb"(?:^|(?<=[,;\t|]))(?:(True)|False)(?=[,;\t|\r\n]|$)")


def replace_in(folder: Path) -> bool:
    """Have numbers in place of booleans in a folder's files, where their first lines have some.

    Args:
        folder: of links to files; a link becomes a file where it changes.

    Returns:
        Was there one?
    """
    changed = False
    for link in folder.iterdir():
        source = link.resolve()
        with source.open("rb") as lines:
            if not _CELL.search(lines.readline()):
                continue
        link.unlink()
        with source.open("rb") as lines, link.open("wb") as target:
            target.writelines(_CELL.sub(_number, line) for line in lines)
        changed = True
    return changed


def _number(cell: re.Match[bytes]) -> bytes:
    return b"1" if cell[1] else b"0"
