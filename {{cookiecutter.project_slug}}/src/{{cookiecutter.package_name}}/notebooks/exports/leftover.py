"""Files that cells wrote once, and no cell writes any more: a job would still run them."""

from collections.abc import Collection, Iterator
from pathlib import Path

from ... import paths
from . import modules
from .cells import shown


def leftover(targets: Collection[Path]) -> Iterator[str]:
    """A sentence for each script of `runtime/` and each exported module that is no target.

    Args:
        targets: the files that cells write.
    """
    for file in [*scripts(), *exported_modules()]:
        if file not in targets:
            yield f"{shown(file)} is written by no cell: put its cell back, or delete the file"


def scripts() -> list[Path]:
    """The scripts of `runtime/`, each of which has a cell; its library has none."""
    return sorted((paths.PROJECT.resolve() / "runtime").glob("*.py"))


def exported_modules() -> list[Path]:
    """Modules of this package that say that an export wrote them."""
    found = sorted(modules.package_folder().rglob("*.py"))
    return [file for file in found if opens_as_exported(file.read_text(encoding="utf-8"))]


def opens_as_exported(text: str) -> bool:
    """Whether a module's first lines are those of an export."""
    return any(line == modules.WRITTEN for line in text.splitlines()[:12])
