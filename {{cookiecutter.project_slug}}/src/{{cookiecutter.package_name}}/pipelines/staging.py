"""A script with the modules of ``runtime/`` that it imports, in a folder named by its content.

A job gets its own code and no other: a changed comment in ``train.py`` is a new folder for
training, and the same folder as before for preprocessing. The same goes for a module of
``runtime/tabular/``. Libraries of ``runtime/requirements.txt`` are there for every script, so a
changed one is a new folder for all of them.
"""

import os
import shutil
from pathlib import Path
from typing import Any

from sagemaker_local.storage import archive
from sagemaker_local.storage.content import digest

from .. import paths, settings
from ..errors import ProjectError
from . import channels

NOT_IN_JOBS = ("sagemaker_local", settings.PACKAGE)
STAGED = paths.PROJECT / "build" / "code"


def stage(script: str, installable: bool = False) -> str:
    """Stage a script of ``runtime/``.

    Args:
        script: its file's name.
        installable: with a ``setup.py``, for what installs the folder by pip.

    Returns:
        The folder, relative to the working directory, so that a definition which names it is the
        same on every machine.

    Raises:
        ProjectError: there is no such script, or one of its files imports what only this machine
            has.
    """
    if not (paths.RUNTIME / script).is_file():
        raise ProjectError(f"runtime/{script} does not exist; write it by `make export`")
    check_imports(script)
    from tabular import libraries, sources

    building = STAGED / f".{os.getpid()}-{script}"
    copy = sources.write_installable if installable else sources.write
    copy(paths.RUNTIME, script, building)
    if requirements():
        libraries.write(paths.RUNTIME, building)
        if not installable:
            sources.write(paths.RUNTIME, "tabular/libraries.py", building)
            (building / libraries.START_SCRIPT).write_text(libraries.START, encoding="utf-8")
    folder = STAGED / digest(building)
    if folder.is_dir():
        shutil.rmtree(building)
    else:
        building.replace(folder)
    return Path(os.path.relpath(folder)).as_posix()


def requirements() -> str | None:
    """The file in a staged folder that pip installs, where libraries are asked for; else None."""
    paths.make_runtime_importable()
    from tabular import libraries

    return libraries.REQUIREMENTS if libraries.requirements(paths.RUNTIME) else None


def entrypoint(script: str) -> list[str]:
    """The command of a processing job that has a staged script in its input ``code``.

    Training jobs and model servers install requirements by themselves, a processing job does not:
    where there are any, a script that does it comes first.
    """
    code = channels.input_path("code")
    asked = requirements()
    from tabular import libraries

    before = [f"{code}/{libraries.START_SCRIPT}"] if asked else []
    return ["python3", *before, f"{code}/{script}"]


def upload(session: Any, script: str) -> str:
    """Stage a script and upload it; gives the S3 URI of its folder."""
    return str(session.upload_content(stage(script), key_prefix="code"))


def upload_archive(session: Any, script: str) -> str:
    """Stage a script and upload it as the ``sourcedir.tar.gz`` that tuning jobs want.

    Those install what is in it. From a folder, the SDK would make one itself, under a key with the
    time of day: another definition on every build, and a step cache that never hits.
    """
    folder = Path(stage(script, installable=True))
    packed = STAGED.with_name("archives") / folder.name / "sourcedir.tar.gz"
    archive.pack(folder, packed)
    return str(session.upload_content(packed, key_prefix="source"))


def check_imports(script: str) -> None:
    """Raise a ProjectError when a script or one of its modules imports what jobs do not have."""
    paths.make_runtime_importable()
    from tabular import sources  # training finds what it leaves for serving by it, too

    for file in sources.files_of(paths.RUNTIME, script):
        for name in sources.imported(paths.RUNTIME, file):
            if (top := name.partition(".")[0]) in NOT_IN_JOBS:
                raise ProjectError(
                    f"runtime/{file} imports {top}, which is not there when SageMaker runs it; "
                    "move what it needs into runtime/"
                )
