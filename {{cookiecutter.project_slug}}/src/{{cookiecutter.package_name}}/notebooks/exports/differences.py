"""How a file differs from the cells that write it, in words and as a diff."""

import difflib
from collections.abc import Iterator

from . import last_export
from .cells import Export, ExportError, shown
from .files import split

ADVICE = "make export writes the cell, make adopt keeps the file"


def differences(export: Export) -> Iterator[str]:
    """Each cell from which a file differs, with the difference."""
    name = shown(export.target)
    if not export.target.is_file():
        yield f"{name}, which {export.place} writes, is not there: make export writes it"
        return
    try:
        found = split(export, export.current)
    except ExportError:  # it cannot be told from which cell
        yield difference(name, export.place, export.text, export.current)
        return
    for part, text in zip(export.parts, found, strict=True):
        if text != part.text:
            yield difference(name, part.place, part.text, text)


def difference(name: str, place: str, expected: str, found: str) -> str:
    """One difference under one sentence."""
    return f"{name} differs from {place}: {ADVICE}\n{diff(place, expected, name, found)}"


def both_changed(export: Export) -> str:
    """What changed on both sides since the last export, or how they differ where none is known."""
    name = shown(export.target)
    base = next(last_export.known(export.target), None)
    todo = f"put into {export.place} what you want to keep, delete {name}, then make export"
    if base is None:
        reason = f"{name} differs from {export.place}, and it is not known which of them changed"
        shown_diffs = [diff(export.place, export.text, name, export.current)]
    else:
        reason = f"{name} and {export.place} both changed since the last export"
        shown_diffs = [
            diff("last export", base, export.place, export.text),
            diff("last export", base, name, export.current),
        ]
    return "\n".join([f"{reason}; nothing was written: {todo}", *shown_diffs])


def diff(old_name: str, old: str, new_name: str, new: str) -> str:
    """A unified diff of two texts."""
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), fromfile=old_name, tofile=new_name, lineterm=""
    )
    return "\n".join(lines) or "(they differ in the end of the last line only)"
