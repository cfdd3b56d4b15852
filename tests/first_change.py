"""What notebook 02 tells its reader to do, done: edits, a new cell, a library."""

import re
from pathlib import Path

import nbformat

NOTEBOOK = "notebooks/02_runtime_scripts.ipynb"
EDIT = re.compile(
    r"```python\n# (?P<file>\w+\.py), instead of the line `(?P<line>[^`\n]+)`\n(?P<new>.+?)```",
    re.DOTALL,
)
NEW_CELL = re.compile(
    r"```\n(?P<head>%%writefile \S+)\n```\n\n"
    r"```python\n# \S+, the rest of that cell\n(?P<body>.+?)```",
    re.DOTALL,
)
LIBRARY = re.compile(r"in `runtime/requirements\.txt`:\n\n```\n(?P<line>.+)\n```")
FIRST, SECOND = ("first-change", "first-family"), ("first-library", "first-library-line")


def shown(project: Path, cells: tuple[str, ...]) -> str:
    """What some text cells of notebook 02 say."""
    notebook = nbformat.read(project / NOTEBOOK, as_version=4)
    return "\n".join(cell.source for cell in notebook.cells if cell.id in cells)


def paste(project: Path, cells: tuple[str, ...] = FIRST) -> int:
    """Do each edit of these cells in the cell that writes its file; returns how many there are."""
    notebook = nbformat.read(project / NOTEBOOK, as_version=4)
    edits = list(EDIT.finditer(shown(project, cells)))
    for edit in edits:
        head = f"%%writefile ../runtime/{edit['file']}\n"
        [cell] = [cell for cell in notebook.cells if cell.source.startswith(head)]
        lines = cell.source.splitlines()
        assert lines.count(edit["line"]) == 1, f"one line is {edit['line']!r}"
        place = lines.index(edit["line"])
        lines[place : place + 1] = edit["new"].rstrip("\n").splitlines()
        cell.source = "\n".join(lines)
    nbformat.write(notebook, project / NOTEBOOK)
    return len(edits)


def add_library(project: Path) -> None:
    """Do all that the notebook says of a library: a new script, two edits, one line."""
    text = shown(project, SECOND)
    script, library = NEW_CELL.search(text), LIBRARY.search(text)
    assert script is not None and library is not None
    notebook = nbformat.read(project / NOTEBOOK, as_version=4)
    source = f"{script['head']}\n{script['body']}".rstrip("\n")
    place = [cell.id for cell in notebook.cells].index("write-models")
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(source, id="write-leaves"))
    nbformat.write(notebook, project / NOTEBOOK)
    assert paste(project, SECOND) == 2
    with (project / "runtime" / "requirements.txt").open("a", encoding="utf-8") as file:
        file.write(f"{library['line']}\n")
