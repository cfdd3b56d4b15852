"""Runtime scripts: what `%%writefile` cells write, read without running them."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.magics.osm import OSMagics

from ... import paths
from .cells import Export, ExportError, Part, shown

MAGICS = ("writefile", "file")  # two names of one magic
UNREAD = {
    "notebooks": "where no job looks for code: write ../runtime/",
    "packages": "the engine's folder, which an update replaces: write ../runtime/",
}  # folders that no cell writes code to


@dataclass(frozen=True)
class Magic:
    """A `%%writefile` cell as IPython reads it."""

    filename: str
    append: bool
    text: str


def exports(notebooks: dict[Path, nbformat.NotebookNode]) -> list[Export]:
    """The files that `%%writefile` cells write. Raises ExportError if one cannot be exported."""
    files: dict[Path, list[Part]] = {}
    for path, notebook in notebooks.items():
        for magic, part in magics(path, notebook):
            target = target_of(folder(path, notebook), part.place, magic.filename)
            before = files.setdefault(target, [])
            refuse_order(magic, part, target, before)
            before.append(part)
    return [Export(target, tuple(parts)) for target, parts in files.items()]


def magics(path: Path, notebook: nbformat.NotebookNode) -> Iterator[tuple[Magic, Part]]:
    """The `%%writefile` cells of one notebook."""
    for number, cell in enumerate(notebook.cells, start=1):
        place = f"{shown(path)} cell {number}"
        magic = magic_of(cell.source, place) if cell.cell_type == "code" else None
        if magic is not None:
            source = cell.source.replace("\r\n", "\n").removesuffix("\n") + "\n"
            yield magic, Part(path, number, source.removesuffix(magic.text), "", magic.text)


def magic_of(source: str, place: str) -> Magic | None:
    """What IPython would hand to `%%writefile`, or None for other cells.

    Raises ExportError where IPython would refuse the line, or would fill in a variable.
    """
    called = call_of(source.replace("\r\n", "\n"))
    if called is None:
        return None
    line, text = called
    try:
        arguments = OSMagics.writefile.parser.parse_argstring(line)
    except (UsageError, ValueError):  # ValueError: an open quote
        raise ExportError(f"{place} must name one file: %%writefile ../runtime/train.py") from None
    quoted = re.fullmatch(r"(['\"])(.*)\1", arguments.filename)
    filename = quoted[2] if quoted else arguments.filename
    if re.search(r"[${]", filename):
        raise ExportError(f"{place} writes {filename}, a name with a variable; write it out")
    if not text:
        raise ExportError(f"{place} has no line below {filename}, and IPython would not run it")
    return Magic(filename, arguments.append, text)


def call_of(source: str) -> tuple[str, str] | None:
    """The line and the body that IPython hands to `%%writefile`, or None for other cells."""
    if not any(f"%%{name}" in source for name in MAGICS):
        return None
    try:
        call = ast.parse(TransformerManager().transform_cell(source), mode="eval").body
        arguments = call.args if isinstance(call, ast.Call) else []
        name, line, body = (ast.literal_eval(argument) for argument in arguments)
    except (SyntaxError, ValueError):  # plain code: no single call with three literals
        return None
    return (line, body) if name in MAGICS else None


def folder(path: Path, notebook: nbformat.NotebookNode) -> Path:
    """The working directory of a notebook's cells: its own folder, unless it goes elsewhere."""
    goes = any("go_to_notebooks()" in cell.source for cell in notebook.cells)
    return paths.NOTEBOOKS if goes else path.parent


def target_of(base: Path, place: str, filename: str) -> Path:
    """The file that a cell writes. Raises ExportError unless it is one inside the project."""
    target = (base / Path(filename).expanduser()).resolve()
    if not target.is_relative_to(paths.PROJECT.resolve()):
        raise ExportError(f"{place} writes {filename}, which is outside the project")
    top = target.relative_to(paths.PROJECT.resolve()).parts[0]
    if target.suffix == ".py" and top in UNREAD:
        raise ExportError(f"{place} writes {filename} in {top}/, {UNREAD[top]}{target.name}")
    return target


def refuse_syntax(export: Export) -> None:
    """Raise ExportError where a Python file would not compile, and name the cell and its line."""
    if export.target.suffix != ".py":
        return
    try:
        with warnings.catch_warnings():  # of what a person may still be writing
            warnings.simplefilter("ignore")
            compile(export.text, export.target.name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # ValueError: a null byte
        wrong = getattr(error, "lineno", None) or 1
        message = getattr(error, "msg", str(error))
        for part in export.parts:
            length = part.text.count("\n")
            if wrong <= length or part is export.parts[-1]:
                break
            wrong -= length
        line = part.text.split("\n")[wrong - 1 :][:1]
        raise ExportError(
            f"{part.place} writes {shown(export.target)}, which is no Python: {message} in "
            f"{''.join(line).strip()!r}, line {wrong} below %%writefile"
        ) from None


def refuse_order(magic: Magic, part: Part, target: Path, before: list[Part]) -> None:
    """Raise ExportError unless the first cell starts a file, and all others append to it."""
    if before and not magic.append:
        raise ExportError(
            f"{part.place} writes {shown(target)}, and so does {before[0].place}; keep one of "
            "the two, or append with %%writefile -a"
        )
    if magic.append and not before:
        raise ExportError(
            f"{part.place} appends to {shown(target)}, which no cell before it writes; "
            "leave out -a in the first one"
        )
