"""Cells that look as if they wrote a file, and write none: an export must not pass over them.

IPython is the judge for `%%writefile`: a cell is named where a person means the magic and IPython
would not run it, or only inside of something that an export does not run. nbdev is the judge for
`#| export`, which counts above a cell's first line of code.
"""

import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from .cells import shown
from .writefile import MAGICS, call_of

# What a person means by it: spaces anywhere, one percent sign too few, a byte order mark before it.
MAGIC_LINE = re.compile(r"[\s\ufeff\u200b]*%+\s*(?:write)?file\b", re.IGNORECASE)
MAGIC_WITH_FILE = re.compile(rf"{MAGIC_LINE.pattern}\s+(?:-a\s+)?\S*[./]\S*\s*$", re.IGNORECASE)
DIRECTIVE = re.compile(r"\s*#\s*\|\s*([\w-]+)")
ABOVE_CODE = re.compile(r"\s*(?:#\s*\||%%\w|$)")  # what nbdev lets stand above a directive
OLD_DIRECTIVE = re.compile(r"#\s*(?:exports?|exporti|default_exp)\s*$")
EXPORTING = ("export", "exports", "exporti", "default_exp")


def refusals(path: Path, notebook: nbformat.NotebookNode) -> Iterator[str]:
    """A sentence for each cell of a notebook that almost writes a file."""
    for number, cell in enumerate(notebook.cells, start=1):
        source = cell.source.replace("\r\n", "\n")
        if cell.cell_type == "code":
            reason = "" if call_of(source) else magic_refusal(source) or directive_refusal(source)
        else:
            reason = text_refusal(source, cell.cell_type)
        if reason:
            yield f"{shown(path)} cell {number} {reason}"


def text_refusal(source: str, kind: str) -> str:
    """Why a cell that is not code writes nothing, or "" where it is not meant to."""
    first = next((line for line in source.split("\n") if line.strip()), "")
    if MAGIC_WITH_FILE.match(first) or is_exporting(first):
        name = "Markdown" if kind == "markdown" else kind
        return f"is a {name} cell, so that {first.strip()!r} writes nothing: make it a code cell"
    return ""


def magic_refusal(source: str) -> str:
    """Why a code cell writes nothing by `%%writefile`, or "" where it is not meant to."""
    lines = source.split("\n")
    calls = magic_calls(source)
    if calls is None:  # IPython sees no Python in it
        meant = any(MAGIC_LINE.match(line) for line in lines)
    else:
        meant = any(is_meant(name, line) or below(body) for name, line, body in calls)
    if not meant:
        return ""
    first = next(line for line in lines if line.strip())
    found = next((line.strip() for line in lines if MAGIC_LINE.match(line)), "")
    if found and not MAGIC_LINE.match(first):
        return (
            f"has {found!r} below its first line, where it writes no exported file: "
            "make it the first line"
        )
    return (
        f"starts with {first.strip()!r}, which writes no exported file: "
        "start it with %%writefile and the file, as in %%writefile ../runtime/train.py"
    )


def magic_calls(source: str) -> list[tuple[str, str, str]] | None:
    """Name, line and body of each magic in a cell; None for what is no Python to IPython either."""
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return None
    return [
        found
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (found := magic_call(node)) is not None
    ]


def magic_call(node: ast.Call) -> tuple[str, str, str] | None:
    """Name, line and body of the magic that a call runs; None for any other call."""
    runs = isinstance(node.func, ast.Attribute) and node.func.attr in (
        "run_line_magic",
        "run_cell_magic",
    )
    texts: list[Any] = [each.value for each in node.args if isinstance(each, ast.Constant)]
    if not runs or not texts or not all(isinstance(text, str) for text in texts):
        return None
    name, line, body = (*texts, "", "")[:3]
    return name, line, body


def is_meant(name: str, line: str) -> bool:
    """Whether a magic is `%%writefile`, however it is spelt."""
    words = f"{name.lstrip('%')} {line}".lower().split()
    return bool(words) and (
        words[0] in MAGICS or bool(difflib.get_close_matches(words[0], ["writefile"], cutoff=0.8))
    )


def below(body: str) -> bool:
    """Whether what another magic runs starts with `%%writefile`."""
    return bool(MAGIC_LINE.match(body))


def directive_refusal(source: str) -> str:
    """Why a code cell is not exported by its directive, or "" where it is not meant to be."""
    lines = source.split("\n")
    top = next((n for n, line in enumerate(lines) if not ABOVE_CODE.match(line)), len(lines))
    for line in lines[:top]:
        close = difflib.get_close_matches(name_of(line), EXPORTING, n=1, cutoff=0.8)
        if close and not is_exporting(line):
            return f"has {line.strip()!r}, which exports nothing: write #| {close[0]}"
    for line in lines[top:]:
        if is_exporting(line):
            return f"has {line.strip()!r} below its first line: move it to the top of the cell"
    if lines and OLD_DIRECTIVE.match(lines[0]):
        return f"has {lines[0]!r}, which exports nothing: write {lines[0].replace('#', '#|', 1)}"
    return ""


def name_of(line: str) -> str:
    """The name of a directive, or "" for another line."""
    found = DIRECTIVE.match(line)
    return found[1] if found else ""


def is_exporting(line: str) -> bool:
    """Whether a line is a directive that exports a cell, or says where to."""
    return name_of(line) in EXPORTING
