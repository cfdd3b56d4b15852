"""A runtime script with the local modules that it imports, in a folder named by its content.

A job gets its own code and no other: a changed comment in ``train.py`` is a new folder for
training, and the same folder as before for preprocessing.
"""

import ast
import os
import shutil
from pathlib import Path
from typing import Any

from sagemaker_local.storage import archive
from sagemaker_local.storage.content import digest

from .. import paths
from ..errors import ProjectError

STAGED = paths.PROJECT / "build" / "code"


def stage(script: str) -> str:
    """Stage a script of ``runtime/``.

    Returns:
        The folder, relative to the working directory, so that a definition which names it is the
        same on every machine.

    Raises:
        ProjectError: there is no such script.
    """
    if not (paths.RUNTIME / script).is_file():
        raise ProjectError(f"runtime/{script} does not exist; write it by `make export`")
    building = STAGED / f".{os.getpid()}-{script}"
    building.mkdir(parents=True, exist_ok=True)
    for file in modules_of(script):
        shutil.copyfile(paths.RUNTIME / file, building / file)
    folder = STAGED / digest(building)
    if folder.is_dir():
        shutil.rmtree(building)
    else:
        building.replace(folder)
    return Path(os.path.relpath(folder)).as_posix()


def upload(session: Any, script: str) -> str:
    """Stage a script and upload it; gives the S3 URI of its folder."""
    return str(session.upload_data(stage(script), key_prefix="code"))


def upload_archive(session: Any, script: str) -> str:
    """Stage a script and upload it as the ``sourcedir.tar.gz`` that tuning jobs want.

    From a folder, the SDK would make one itself, under a key with the time of day: another
    definition on every build, and a step cache that never hits.
    """
    folder = Path(stage(script))
    packed = STAGED.with_name("archives") / folder.name / "sourcedir.tar.gz"
    archive.pack(folder, packed)
    return str(session.upload_data(packed, key_prefix="source"))


def modules_of(script: str) -> list[str]:
    """The script and every file of ``runtime/`` that it imports, directly or not, sorted."""
    found: set[str] = set()
    pending = [script]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += [f"{module}.py" for module in imported(paths.RUNTIME / name)]
    return sorted(found)


def imported(file: Path) -> list[str]:
    """The modules beside ``file`` that it imports anywhere in its code."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.partition(".")[0])
    return sorted(name for name in names if file.with_name(f"{name}.py").is_file())
