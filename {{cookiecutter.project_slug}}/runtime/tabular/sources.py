"""Which files a script needs: itself, and every module of its folder that it imports.

Read from the code, not by running it. Imports inside functions count, and so do relative ones; a
package comes with its `__init__.py` and those of its modules that are imported, no others.
"""

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def files_of(folder: Path, script: str) -> list[str]:
    """The script and every file below `folder` that it imports, directly or not, sorted."""
    found: set[str] = set()
    pending = [script]
    while pending:
        file = pending.pop()
        if file not in found:
            found.add(file)
            pending += [each for name in imported(folder, file) for each in _files(folder, name)]
    return sorted(found)


def imported(folder: Path, file: str) -> list[str]:
    """Every name that a file imports anywhere in its code, in full: `tabular.values.text`, sorted.

    Whether the last part is a module or something in it is not told apart.
    """
    package = PurePosixPath(file).parent.parts
    names: set[str] = set()
    for node in ast.walk(ast.parse((folder / file).read_text(encoding="utf-8"), file)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            start = [*above, *([node.module] if node.module else [])]
            names.update(".".join([*start, alias.name]) for alias in node.names)
    return sorted(names)


def _files(folder: Path, name: str) -> Iterator[str]:
    """The files of a module in full, with those of the packages that it is in."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        module = "/".join(parts[:end])
        for file in (f"{module}/__init__.py", f"{module}.py"):
            if (folder / file).is_file():
                yield file
                break
