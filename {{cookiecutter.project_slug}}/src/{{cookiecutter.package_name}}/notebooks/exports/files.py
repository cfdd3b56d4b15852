"""Every file that notebooks write, and which cell each of its lines belongs to."""

import difflib
from collections.abc import Mapping
from pathlib import Path

from . import almost, modules, writefile
from .cells import Export, ExportError, read_merged, shown, texts


def exports(given: Mapping[Path, str] | None = None) -> list[Export]:
    """Every export of these notebooks, by default of all that are on disk.

    Raises ExportError if one of them is impossible.
    """
    found = texts() if given is None else given
    merged = {path: read_merged(path, text) for path, text in found.items()}
    missed = [line for path, each in merged.items() for line in almost.refusals(path, each)]
    if missed:
        raise ExportError("\n".join(missed))
    files: dict[Path, Export] = {}
    for export in [*writefile.exports(merged), *modules.exports(found)]:
        other = files.setdefault(export.target, export)
        if other is not export:
            raise ExportError(
                f"{export.place} writes {shown(export.target)}, and so does {other.place}; "
                "keep one of the two"
            )
    for export in files.values():
        writefile.refuse_syntax(export)
    return list(files.values())


def write(export: Export) -> None:
    """Write a file, with Unix line ends on every machine."""
    export.target.parent.mkdir(parents=True, exist_ok=True)
    export.target.write_text(export.text, encoding="utf-8", newline="\n")


def split(export: Export, text: str) -> list[str]:
    """The text of each part in an edited file.

    Raises ExportError where it cannot be told which cell a line belongs to.
    """
    if export.is_module:
        return split_by_lead(export, text)
    if len(export.parts) == 1:
        return [text]
    return split_by_difference(export, text)


def split_by_lead(export: Export, text: str) -> list[str]:
    """Cut a module at the lines that name its cells; blank lines around them do not count."""
    leads = [part.lead.strip("\n") for part in export.parts]
    starts = [text.find(lead) for lead in leads]
    if starts[0] != 0 or -1 in starts or starts != sorted(starts):
        raise ExportError(
            f"{shown(export.target)} has other lines at its start or around `# %%` than an "
            "export writes there; undo that change, because no cell holds those lines"
        )
    ends = [*starts[1:], len(text)]
    cuts = zip(leads, starts, ends, strict=True)
    return [text[start + len(lead) : end].strip("\n") + "\n" for lead, start, end in cuts]


def split_by_difference(export: Export, text: str) -> list[str]:
    """Give each line of a file that several cells append to, to the cell that it was in.

    Lines that were added between two cells go to the first of them.
    """
    old = [
        (line, owner)
        for owner, part in enumerate(export.parts)
        for line in part.text.splitlines(keepends=True)
    ]
    new = text.splitlines(keepends=True)
    found = [""] * len(export.parts)
    matcher = difflib.SequenceMatcher(None, [line for line, _ in old], new, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        owners = [owner for _, owner in old[start:end] or old[max(start - 1, 0) :][:1]]
        if kind != "equal" and owners[0] != owners[-1]:
            raise ExportError(
                f"{shown(export.target)} was changed where {export.parts[owners[0]].place} meets "
                f"{export.parts[owners[-1]].place}; change these cells instead"
            )
        for offset, line in enumerate(new[new_start:new_end]):
            found[owners[offset] if kind == "equal" else owners[0]] += line
    return found
