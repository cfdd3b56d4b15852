"""The files of a split: one, or a part of each host that preprocessed."""

from pathlib import Path

from . import job
from .records import Split


def open_split(folder: Path, name: str) -> Split:
    """The split of this name in a folder; DataError when no step has left it there."""
    parts = sorted(folder.glob(f"{name}-*.csv"))
    return Split(*(parts or [job.input_file(folder, f"{name}.csv")]))
