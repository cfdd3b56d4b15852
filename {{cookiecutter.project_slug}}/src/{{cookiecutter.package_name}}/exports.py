"""Runtime scripts out of notebooks, and notebooks without outputs.

`export` writes every `%%writefile` cell to its file without running the notebook; `check` exits
with 1 when a file differs from its cell or a notebook holds outputs; `clean` strips outputs and
execution counts.
"""

import argparse
import ast
import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbdev.clean import clean_nb
from nbdev.config import get_config

from . import paths


class ExportError(ValueError):
    """A `%%writefile` cell that cannot be exported; the message is one sentence."""


@dataclass(frozen=True)
class Export:
    """A `%%writefile` cell: where it stands, the file it writes, and that file's text."""

    notebook: Path
    cell: int  # counted from 1, text cells included
    target: Path
    text: str

    @property
    def place(self) -> str:
        """The cell, as messages name it."""
        return f"{shown(self.notebook)} cell {self.cell}"


def shown(path: Path) -> str:
    """A path as messages show it: relative to the project."""
    return path.relative_to(paths.PROJECT.resolve()).as_posix()


def notebooks() -> list[Path]:
    """The project's notebooks, in running order."""
    return sorted(paths.NOTEBOOKS.resolve().glob("*.ipynb"))


def read(notebook: Path) -> nbformat.NotebookNode:
    """A notebook in the current format."""
    return nbformat.reads(notebook.read_text(encoding="utf-8"), as_version=4)


def exports() -> list[Export]:
    """Every `%%writefile` cell of every notebook. Raises ExportError if one cannot be exported."""
    found: dict[Path, Export] = {}
    for notebook in notebooks():
        for export in exports_of(notebook):
            other = found.setdefault(export.target, export)
            if other is not export:
                raise ExportError(
                    f"{export.place} writes {shown(export.target)}, and so does {other.place}; "
                    "keep one of the two"
                )
    return list(found.values())


def exports_of(notebook: Path) -> Iterator[Export]:
    """The `%%writefile` cells of one notebook."""
    for number, cell in enumerate(read(notebook).cells, start=1):
        magic = writefile_magic(cell.source) if cell.cell_type == "code" else None
        if magic is not None:
            filename, text = magic
            place = f"{shown(notebook)} cell {number}"
            yield Export(notebook, number, target_of(notebook, place, filename), text)


def writefile_magic(source: str) -> tuple[str, str] | None:
    """The line and the body that IPython hands to `%%writefile`, or None for other cells."""
    if "%%writefile" not in source:
        return None
    try:
        call = ast.parse(TransformerManager().transform_cell(source), mode="eval").body
        arguments = call.args if isinstance(call, ast.Call) else []
        name, line, body = (ast.literal_eval(argument) for argument in arguments)
    except (SyntaxError, ValueError):  # plain code: no single call with three literals
        return None
    return (line, body) if name == "writefile" else None


def target_of(notebook: Path, place: str, line: str) -> Path:
    """The file that a cell writes. Raises ExportError unless it is one inside the project."""
    filename = line.strip().strip("'\"")
    if not filename or filename.startswith("-"):
        raise ExportError(f"{place} must name one file: %%writefile ../runtime/train.py")
    target = (notebook.parent / Path(filename).expanduser()).resolve()
    if not target.is_relative_to(paths.PROJECT.resolve()):
        raise ExportError(f"{place} writes {filename}, which is outside the project")
    return target


def export_all() -> None:
    """Write every `%%writefile` cell to its file, and say which files changed."""
    for export in exports():
        if current(export.target) == export.text:
            print(f"unchanged  {shown(export.target)}")
            continue
        export.target.parent.mkdir(parents=True, exist_ok=True)
        export.target.write_text(export.text, encoding="utf-8")
        print(f"written    {shown(export.target)} from {export.place}")


def current(target: Path) -> str:
    """A file's text, or "" where there is none yet."""
    return target.read_text(encoding="utf-8") if target.is_file() else ""


def problems() -> Iterator[str]:
    """What `check` finds: each one a sentence, with a diff where a file differs from its cell."""
    for export in exports():
        if current(export.target) != export.text:
            yield difference(export)
    for notebook in notebooks():
        numbers = cells_with_outputs(read(notebook))
        if numbers:
            cells = ", ".join(str(number) for number in numbers)
            yield f"{shown(notebook)} holds outputs or execution counts in cell {cells}: make clean"


def difference(export: Export) -> str:
    """How a file differs from its cell, as a unified diff under one sentence."""
    lines = difflib.unified_diff(
        export.text.splitlines(),
        current(export.target).splitlines(),
        fromfile=export.place,
        tofile=shown(export.target),
        lineterm="",
    )
    found = f"{shown(export.target)} differs from {export.place}"
    return "\n".join([f"{found}: edit the cell, then make export", *lines])


def cells_with_outputs(notebook: nbformat.NotebookNode) -> list[int]:
    """The numbers, counted from 1, of the cells that were run and saved."""
    return [
        number
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None)
    ]


def cleaned(path: Path) -> str:
    """A notebook's text without outputs, execution counts and editors' metadata.

    What stays is set in pyproject.toml under `tool.nbdev`, papermill's tags among it.
    """
    config = get_config(path=paths.PROJECT)
    notebook = read(path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    clean_nb(
        notebook,
        allowed_metadata_keys=config.get("allowed_metadata_keys"),
        allowed_cell_metadata_keys=config.get("allowed_cell_metadata_keys"),
    )
    return nbformat.writes(notebook) + "\n"


def clean_all() -> None:
    """Clean every notebook in place, and say which ones changed."""
    for path in notebooks():
        text = cleaned(path)
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            print(f"cleaned    {shown(path)}")


def check_all() -> None:
    """Print every problem and exit with 1 if there is one."""
    found = list(problems())
    if found:
        sys.exit("\n".join(found))
    print("every runtime script equals its cell, and no notebook holds outputs")


def main(argv: list[str] | None = None) -> None:
    """The command line: `export`, `check` or `clean`."""
    commands = {"export": export_all, "check": check_all, "clean": clean_all}
    parser = argparse.ArgumentParser(description="Runtime scripts out of notebooks.")
    parser.add_argument("command", choices=commands)
    try:
        commands[parser.parse_args(argv).command]()
    except ExportError as error:
        sys.exit(f"exports: {error}")


if __name__ == "__main__":
    main()
