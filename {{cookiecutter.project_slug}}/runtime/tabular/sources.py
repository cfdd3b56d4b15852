"""Which files a script needs: itself, and every module of its folder that it imports.

Read from the code, not by running it. Imports inside functions count, and so do relative ones; a
package comes with its `__init__.py` and those of its modules that are imported, no others.
"""

import ast
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

# SageMaker's server, and its tuning jobs, install a script's folder by pip. Without a setup.py they
# write one that names no package, and it is up to the day's setuptools what comes along.
SETUP = """from pathlib import Path

from setuptools import find_packages, setup

scripts = [file.stem for file in Path(__file__).parent.glob("*.py") if file.stem != "setup"]
setup(name="{name}", version="1.0.0", py_modules=scripts, packages=find_packages())
"""


# What goes wherever a script goes, though it is not imported there: a model's code can serve it.
COMPANIONS = {"inference.py": ("serve.py", "serve-requirements.txt")}


def write_installable(folder: Path, script: str, target: Path) -> None:
    """`write` with a setup.py, for what installs the target by pip."""
    write(folder, script, target)
    setup = SETUP.format(name=Path(script).stem)
    (target / "setup.py").write_text(setup, encoding="utf-8", newline="\n")


def write(folder: Path, script: str, target: Path) -> None:
    """Copy a script of `folder` and all that it imports to `target`, sub-folders as they are."""
    for file in files_of(folder, script):
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / file, target / file)


def files_of(folder: Path, script: str) -> list[str]:
    """The script and every file below `folder` that it needs, directly or not, sorted."""
    found: set[str] = set()
    pending = [script]
    while pending:
        file = pending.pop()
        if file not in found:
            found.add(file)
            pending += [each for each in COMPANIONS.get(file, ()) if (folder / each).is_file()]
            pending += [each for name in imported(folder, file) for each in _files(folder, name)]
    return sorted(found)


def imported(folder: Path, file: str) -> list[str]:
    """Every name that a file imports anywhere in its code, in full: `tabular.values.text`, sorted.

    Whether the last part is a module or something in it is not told apart.
    """
    if not file.endswith(".py"):
        return []
    return list(_imported((folder / file).read_text(encoding="utf-8"), file))


@cache  # a pipeline has many steps that run one script
def _imported(code: str, file: str) -> tuple[str, ...]:
    package = PurePosixPath(file).parent.parts
    names: set[str] = set()
    for node in ast.walk(ast.parse(code, file)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            start = [*above, *([node.module] if node.module else [])]
            names.update(".".join([*start, alias.name]) for alias in node.names)
    return tuple(sorted(names))


def _files(folder: Path, name: str) -> Iterator[str]:
    """The files of a module in full, with those of the packages that it is in."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        module = "/".join(parts[:end])
        for file in (f"{module}/__init__.py", f"{module}.py"):
            if (folder / file).is_file():
                yield file
                break
