"""The commands: `export`, `check`, `adopt` and `clean`."""

from collections.abc import Callable, Iterable, Iterator

from . import last_export
from .adopt import adopt
from .cells import Export, ExportError, shown
from .clean import clean, unclean
from .differences import both_changed, differences
from .files import exports, write
from .last_export import Changed
from .leftover import leftover


def export() -> Iterator[str]:
    """Write every file that a notebook writes; yields a line for each.

    Raises ExportError, and writes nothing, where that would undo an edit of a file.
    """
    found = exports()
    refused = [refusal(each) for each in found if not is_equal(each)]
    if any(refused):
        raise ExportError("\n".join(filter(None, refused)))
    for each in found:
        if is_equal(each):
            yield f"unchanged  {shown(each.target)}"
        else:
            write(each)
            yield f"written    {shown(each.target)} from {each.place}"
        last_export.remember(each.target, each.text)


def is_equal(each: Export) -> bool:
    """Whether a file is there and says what its cells say."""
    return each.target.is_file() and each.current == each.text


def refusal(each: Export) -> str:
    """Why an export must not overwrite a file that differs, or "" where it may."""
    side = last_export.changed(each)
    if side is Changed.BOTH:
        return both_changed(each)
    if side is Changed.FILE:
        name = shown(each.target)
        return (
            f"{name} was edited since the last export: make adopt puts the edit into {each.place}; "
            f"to drop it, delete {name} and make export again"
        )
    return ""


def check() -> Iterator[str]:
    """Compare every file with its cells, and look for files without any and for outputs.

    Raises ExportError with every difference.
    """
    problems: list[str] = []
    found = exports()
    for each in found:
        if is_equal(each):
            last_export.remember(each.target, each.text)
        else:
            problems += differences(each)
    problems += leftover({each.target for each in found})
    problems += unclean()
    if problems:
        raise ExportError("\n".join(problems))
    yield "every exported file equals its cells, and no notebook holds outputs"


COMMANDS: dict[str, Callable[[], Iterable[str]]] = {
    "export": export,
    "check": check,
    "adopt": adopt,
    "clean": clean,
}
