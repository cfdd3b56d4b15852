"""The files of a channel, of any algorithm."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .hyperparameters import UserError

# Folders below a channel's that are looked into, as in SageMaker's XGBoost image.
_DEEPEST = 3


def data_files(folder: Path) -> list[Path]:
    """The files below a channel's folder that have something in them; of a file, itself.

    Raises:
        UserError: one is hidden.
    """
    if folder.is_file():
        return [folder]
    found = []
    for file in sorted(folder.rglob("*")):
        if file.name.startswith(".") and file.is_file():
            raise UserError("Hidden file found in the data path! Remove that before training.")
        if file.is_file() and file.stat().st_size and not file.name.startswith("_"):
            found.append(file)
    return [file for file in found if len(file.relative_to(folder).parts) <= _DEEPEST]


@contextlib.contextmanager
def one_folder(files: list[Path]) -> Iterator[Path]:
    """A folder that has these files and nothing else.

    It stands in a folder of its own: XGBoost looks at each neighbour of what it reads, and fails
    where one goes meanwhile, as other programs' temporary folders do.
    """
    with tempfile.TemporaryDirectory() as own:
        folder = Path(own, "files")
        folder.mkdir()
        for number, file in enumerate(files):
            (folder / f"{number:06}").symlink_to(file.resolve())
        yield folder
