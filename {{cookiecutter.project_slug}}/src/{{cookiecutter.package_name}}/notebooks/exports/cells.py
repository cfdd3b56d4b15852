"""Notebooks, and the files that their cells write: what the other modules here share."""

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import nbformat

from ... import paths
from ...errors import ProjectError

# What nbdev's merge driver puts around the versions of a cell that two branches changed.
CONFLICT = re.compile(r"`(<{7}|>{7}) ")


class ExportError(ProjectError):
    """A cell that cannot be exported, or a file that cannot go back into its cell."""


@dataclass(frozen=True)
class Part:
    """The part of a file that one cell writes."""

    notebook: Path
    cell: int  # counted from 1, text cells included
    head: str  # how the cell's source starts; not in the file: its magic or its directives
    lead: str  # what an export puts before this part in the file; not in the cell
    text: str

    @property
    def place(self) -> str:
        """The cell, as messages name it."""
        return f"{shown(self.notebook)} cell {self.cell}"


@dataclass(frozen=True)
class Export:
    """A file, and the cells that write it, in order."""

    target: Path
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """What is in the file after an export."""
        return "".join(part.lead + part.text for part in self.parts)

    @property
    def place(self) -> str:
        """Where the file comes from, as messages name it."""
        numbers: dict[Path, list[str]] = {}
        for part in self.parts:
            numbers.setdefault(part.notebook, []).append(str(part.cell))
        return " and ".join(
            f"{shown(notebook)} cell{'s' * (len(cells) > 1)} {', '.join(cells)}"
            for notebook, cells in numbers.items()
        )

    @property
    def is_module(self) -> bool:
        """Whether nbdev's directives make this file, and not `%%writefile`."""
        return bool(self.parts[0].lead)

    @property
    def current(self) -> str:
        """What is in the file now, with Unix line ends; "" where there is none yet."""
        return text_of(self.target).replace("\r\n", "\n") if self.target.is_file() else ""


def shown(path: Path) -> str:
    """A path as messages show it: relative to the project."""
    return path.relative_to(paths.PROJECT.resolve()).as_posix()


def notebooks() -> list[Path]:
    """The project's notebooks, in running order; those in sub-folders too."""
    found = paths.NOTEBOOKS.resolve().rglob("*.ipynb")
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def texts() -> dict[Path, str]:
    """The notebooks as they are on disk, line ends and all."""
    return {path: text_of(path) for path in notebooks()}


def text_of(path: Path) -> str:
    """A file's text, line ends and all. Raises ExportError if it is none."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise ExportError(f"{shown(path)} is no text in UTF-8; save it in that encoding") from None


def read(path: Path, text: str) -> nbformat.NotebookNode:
    """A notebook in the current format. Raises ExportError if the text is none."""
    try:
        with warnings.catch_warnings():  # of marks of a merge, which have no cell id
            warnings.simplefilter("ignore")
            return nbformat.reads(text, as_version=4)
    except Exception as error:  # whatever nbformat and its parsers raise
        raise ExportError(
            f"{shown(path)} is no readable notebook ({str(error).splitlines()[0]}); "
            "did a merge leave its marks in it?"
        ) from None


def read_merged(path: Path, text: str) -> nbformat.NotebookNode:
    """A notebook without open merge conflicts. Raises ExportError where there is one."""
    notebook = read(path, text)
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown" and CONFLICT.match(cell.source):
            raise ExportError(
                f"{shown(path)} cell {number} marks a merge conflict; keep one version of what "
                "follows it, and delete the marks"
            )
    return notebook
