"""Notebooks as they are committed: without outputs, execution counts and editors' metadata."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbdev.clean import clean_nb
from nbdev.config import get_config

from ... import paths
from .cells import read, shown, texts


def cleaned(path: Path) -> str:
    """A notebook's text without outputs, execution counts and editors' metadata.

    What stays is set in pyproject.toml under `tool.nbdev`, papermill's tags among it.
    """
    config = get_config(path=paths.PROJECT)
    notebook = read(path, path.read_text(encoding="utf-8"))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    clean_nb(
        notebook,
        allowed_metadata_keys=config.get("allowed_metadata_keys"),
        allowed_cell_metadata_keys=config.get("allowed_cell_metadata_keys"),
    )
    return nbformat.writes(notebook) + "\n"


def clean() -> Iterator[str]:
    """Clean every notebook in place; yields a line for each that changed."""
    for path, text in texts().items():
        clean_text = cleaned(path)
        if clean_text != text.replace("\r\n", "\n"):
            path.write_text(clean_text, encoding="utf-8", newline="\n")
            yield f"cleaned    {shown(path)}"


def unclean() -> Iterator[str]:
    """A sentence for each notebook that holds outputs or execution counts."""
    for path, text in texts().items():
        numbers = cells_with_outputs(read(path, text))
        if numbers:
            cells = ", ".join(str(number) for number in numbers)
            yield f"{shown(path)} holds outputs or execution counts in cell {cells}: make clean"


def cells_with_outputs(notebook: nbformat.NotebookNode) -> list[int]:
    """The numbers, counted from 1, of the cells that were run and saved."""
    return [
        number
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code" and (cell.outputs or cell.execution_count is not None)
    ]
