"""New files in a folder, taken when they are whole: they stood still for two looks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .. import paths
from .work import Known, Words, Work

# What programs call a file that they are still writing.
UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp")
MARKERS = ("_", ".", "~")  # how names begin that are no data: `_SUCCESS`, `.a.csv`, `~$a.xlsx`


@dataclass
class Folder:
    """A folder that is looked at.

    Attributes:
        path: of the folder; it need not be there.
        pipeline: which a file starts.
        commands: what to do with files.
        together: one run takes all files of the folder; else each file gets one.
    """

    path: Path
    pipeline: Callable[[Path], str]
    commands: Callable[[Sequence[Path]], Sequence[Words]]
    together: bool = False
    _before: dict[Path, str] = field(default_factory=dict)

    def look(self, known: Known) -> Sequence[Work]:
        """Work of the files that did not change since the last look."""
        now = {file: mark(file) for file in sorted(self.path.rglob("*")) if is_data(file)}
        whole = {file for file, seen in now.items() if seen and seen == self._before.get(file)}
        self._before = now
        if self.together:
            groups = [sorted(whole)] if whole and whole == set(now) else []
        else:
            groups = [[file] for file in sorted(whole)]
        return [
            Work(
                self.pipeline(group[0]),
                {name_of(file): now[file] for file in group},
                partial(self.commands, group),
            )
            for group in groups
            if any(known.is_new(name_of(file), now[file]) for file in group)
        ]


def is_data(file: Path) -> bool:
    """Whether a file's name is that of data, and of a file that is whole."""
    name = file.name.lower()
    return not name.startswith(MARKERS) and not name.endswith(("~", *UNFINISHED)) and file.is_file()


def mark(file: Path) -> str:
    """What tells one content of a file from another; "" where it is empty or gone."""
    try:
        found = file.stat()
    except OSError:  # somebody has just moved it away
        return ""
    return f"{found.st_size}-{found.st_mtime_ns}" if found.st_size else ""


def name_of(file: Path) -> str:
    """A file as it is shown and kept: within the project, from there."""
    return (
        file.relative_to(paths.PROJECT) if file.is_relative_to(paths.PROJECT) else file
    ).as_posix()
