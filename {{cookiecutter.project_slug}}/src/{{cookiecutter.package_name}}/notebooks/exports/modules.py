"""Modules of this package: what nbdev's `#| export` cells write, in the order of the notebooks.

nbdev decides which cell goes where, by its own directives. The file is laid out here, so that it
is the same on every machine and passes the linter as it is, if its cells do.
"""

import ast
import json
import os
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from fastcore.nbio import NbCell, dict2nb
from nbdev.export import ExportModuleProc
from nbdev.maker import update_import
from nbdev.process import NBProcessor
from nbdev.sync import absolute_import

from ... import paths
from .cells import Export, ExportError, Part, shown

PACKAGE = __name__.partition(".")[0]
WRITTEN = "# Written by `make export` from the cells named below; `make adopt` puts an edit back."
DOCSTRING = "Helpers for notebooks."  # where the notebook does not say what it is for
WIDTH = 100


def exports(texts: Mapping[Path, str]) -> list[Export]:
    """The modules that `#| export` cells write. Raises ExportError if one cannot be exported."""
    files: dict[Path, list[Part]] = {}
    for path, text in texts.items():
        for target, part in parts(path, text) if "export" in text else ():
            refuse_handwritten(target, part)
            files.setdefault(target, []).append(part)
    return [
        Export(target, tuple(laid_out(found, texts[found[0].notebook])))
        for target, found in files.items()
    ]


def parts(path: Path, text: str) -> Iterator[tuple[Path, Part]]:
    """Each exported cell of a notebook, and the module that it belongs to."""
    document = json.loads(text)
    ids = [cell.get("id") for cell in document["cells"]]
    for cell in document["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\r\n", "\n")
    sources = [cell["source"] for cell in document["cells"]]
    exported = ExportModuleProc()
    NBProcessor(nb=dict2nb(document), procs=exported).process()
    for name, cells in exported.modules.items():
        for cell in cells:
            if cell.cell_type != "code" or "exportd" in cell.directives_:
                continue
            place = f"{shown(path)} cell {cell.idx_ + 1}"
            default = getattr(exported, "default_exp", "")
            target = module_file(place, default if name == "#" else name)
            if ids[cell.idx_] is None:
                raise ExportError(f"{place} has no id; make clean gives it one")
            relative = Path(os.path.relpath(path, target.parent)).as_posix()
            lead = f"# %% {relative} #{cell.id}\n"
            head = sources[cell.idx_].removesuffix(cell.source)
            yield target, Part(path, cell.idx_ + 1, head, lead, code_of(cell, place, target))


def module_file(place: str, name: str) -> Path:
    """The file of the module that a cell is exported to."""
    if not name:
        raise ExportError(f"{place} has #| export, but no cell says where to: #| default_exp name")
    if not all(word.isidentifier() for word in name.split(".")):
        raise ExportError(f"{place} is exported to {name!r}, which is no name of a module")
    return package_folder().joinpath(*name.split(".")).with_suffix(".py")


def package_folder() -> Path:
    """Where this package's modules are."""
    return paths.PROJECT.resolve() / "src" / PACKAGE


def code_of(cell: NbCell, place: str, target: Path) -> str:
    """A cell's code as it stands in the module: imports from this package become relative."""
    try:
        ast.parse(cell.source)
    except SyntaxError as error:
        raise ExportError(
            f"{place} has #| export, but is not plain Python: {error.msg} in line {error.lineno}"
        ) from None
    cell.import2relative(module_folder(target))
    return f"{cell.source.strip(chr(10))}\n"


def source_of(text: str, target: Path) -> str:
    """The code of a cell whose text in the module is this: relative imports become absolute.

    Raises ExportError if it is not Python.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise ExportError(
            f"{shown(target)} is not plain Python: {error.msg} in {str(error.text).strip()!r}"
        ) from None
    lines = update_import(text, tree.body, module_folder(target), absolute_import)
    return "".join(lines or text).strip("\n")


def module_folder(target: Path) -> str:
    """The folder of a module, as nbdev counts relative imports from it."""
    return os.path.relpath(target.parent, package_folder().parent)


def laid_out(found: list[Part], notebook: str) -> Iterator[Part]:
    """The parts of a module with the blank lines between them that the formatter wants.

    The first one is below what the module opens with; `notebook` is the text of its notebook.
    """
    opening = f'"""{purpose(notebook)}"""\n\n{WRITTEN}\n'
    before: list[ast.stmt] = []
    for part in found:
        body = ast.parse(part.text).body
        wide = is_definition(body[:1]) or (before and not is_import(before))
        yield replace(part, lead=opening + ("\n\n" if wide else "\n") + part.lead)
        opening, before = "", body[-1:]


def is_import(statements: list[ast.stmt]) -> bool:
    """Whether this is an import, after which the formatter wants one blank line."""
    return any(isinstance(each, ast.Import | ast.ImportFrom) for each in statements)


def is_definition(statements: list[ast.stmt]) -> bool:
    """Whether this is a function or a class, before which the formatter wants two blank lines."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return any(isinstance(each, kinds) for each in statements)


def purpose(notebook: str) -> str:
    """The line under a notebook's title, which says what it is for."""
    for cell in json.loads(notebook)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and source.startswith("# "):
            quoted = [line[2:] for line in source.splitlines() if line.startswith("> ")]
            lines = textwrap.wrap(" ".join(quoted), WIDTH - len('""""""'))
            return "\n".join(lines) or DOCSTRING
    return DOCSTRING


def refuse_handwritten(target: Path, part: Part) -> None:
    """Raise ExportError where an export would overwrite a module that no export wrote."""
    if target.is_file() and WRITTEN not in target.read_text(encoding="utf-8"):
        raise ExportError(
            f"{part.place} is exported to {shown(target)}, which no export wrote; "
            "choose another name for #| default_exp"
        )
