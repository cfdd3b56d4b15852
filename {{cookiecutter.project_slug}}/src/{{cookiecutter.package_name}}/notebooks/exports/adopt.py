"""Put a file that was edited, in an editor or a debugger, back into the cells that write it."""

from pathlib import Path

from . import last_export, modules, sources
from .cells import Export, ExportError, shown, texts
from .differences import both_changed
from .files import exports, split, write
from .last_export import Changed


def adopt() -> list[str]:
    """Put every file that was edited since the last export back; returns a line for each.

    All or nothing: raises ExportError, and changes nothing, where one of them cannot go back or
    was changed on both sides.
    """
    before = texts()
    sides: dict[Changed, list[Export]] = {side: [] for side in Changed}
    for export in exports(before):
        if export.current != export.text:
            sides[last_export.changed(export)].append(export)
    both = sides[Changed.BOTH] + sides[Changed.UNKNOWN]
    if both:
        raise ExportError("\n".join(both_changed(export) for export in both))
    after, lines = with_edits(before, sides[Changed.FILE])
    save(before, after)
    waiting = {export.target: export for export in sides[Changed.CELL]}
    for export in exports(after):
        if export.target not in waiting:
            settle(export)
    lines += [
        f"kept       {shown(target)}: only {export.place} changed, make export writes it"
        for target, export in waiting.items()
    ]
    return lines or ["no file was edited since the last export"]


def with_edits(before: dict[Path, str], edited: list[Export]) -> tuple[dict[Path, str], list[str]]:
    """The notebooks' texts with the edited files in their cells, and a line for each such cell.

    Raises ExportError where an export of these notebooks would not give the edited files.
    """
    after, lines, wanted = dict(before), [], {}
    for export in edited:
        wanted[export.target] = split(export, with_newline(export.current))
        for part, text in zip(export.parts, wanted[export.target], strict=True):
            if text != part.text:
                source = part.head + cell_text(export, text)
                after[part.notebook] = sources.with_source(after[part.notebook], part.cell, source)
                lines.append(f"adopted    {shown(export.target)} into {part.place}")
    for export in exports(after):
        texts_now = [part.text for part in export.parts]
        if texts_now != wanted.get(export.target, texts_now):
            raise ExportError(
                f"{shown(export.target)} cannot go back into {export.place}: IPython would read "
                "the cell in another way; edit the cell itself"
            )
    return after, lines


def with_newline(text: str) -> str:
    """A file's text as a cell can hold it: its last line has an end."""
    return text if text.endswith("\n") or not text else f"{text}\n"


def cell_text(export: Export, text: str) -> str:
    """What a cell holds below its magic or its directives, where the file has this text."""
    if export.is_module:
        return modules.source_of(text, export.target)
    # A cell needs no line end after its last line; two of them it keeps.
    return text if text.endswith("\n\n") else text.removesuffix("\n")


def save(before: dict[Path, str], after: dict[Path, str]) -> None:
    """Write the notebooks that changed, line ends as they were."""
    for path, text in after.items():
        if text != before[path]:
            path.write_bytes(text.encode("utf-8"))


def settle(export: Export) -> None:
    """Remember that a file equals its cells; blank lines at its ends become what they would be."""
    if export.current != export.text:
        write(export)
    last_export.remember(export.target, export.text)
