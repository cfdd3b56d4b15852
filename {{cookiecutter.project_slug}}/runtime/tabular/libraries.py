"""Libraries beyond the image's: what a job installs before its script, and what a model keeps.

They are lines of `requirements.txt` beside the scripts; `constraints.txt` has what the image holds,
so that nothing in it is exchanged, and `wheels/` the files of jobs without internet. Without lines
all of this does nothing.
"""

import importlib
import runpy
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from . import job
from .values import DataError

REQUIREMENTS, CONSTRAINTS, WHEELS = "requirements.txt", "constraints.txt", "wheels"
START_SCRIPT = "install_and_run.py"
# A processing job runs `python3 script.py` and installs nothing by itself, as training jobs and
# model servers do; so it runs this, with the script as its first argument.
START = '''"""Install the libraries beside this file, then run the script that is named first."""

from tabular import libraries

libraries.start()
'''
CONTAINER = Path("/opt/ml")


def requirements(folder: Path) -> list[str]:
    """What the requirements of a folder ask for, without comments and pip's options."""
    file = folder / REQUIREMENTS
    if not file.is_file():
        return []
    lines = (
        line.partition(" #")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()
    )
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def write(folder: Path, target: Path, lines: Sequence[str] | None = None) -> None:
    """Put a folder's requirements into another one, with the options that pip needs there.

    Args:
        folder: has requirements.txt, and beside it constraints.txt and wheels, if any.
        target: where they go; nothing does without a requirement.
        lines: instead of those of the folder.
    """
    wanted = sorted(requirements(folder) if lines is None else lines)
    if not wanted:
        return
    options = []
    if (folder / CONSTRAINTS).is_file():
        shutil.copyfile(folder / CONSTRAINTS, target / CONSTRAINTS)
        options.append(f"-c {CONSTRAINTS}")
    if wheels := sorted((folder / WHEELS).glob("*.whl")):
        (target / WHEELS).mkdir()
        for wheel in wheels:
            shutil.copyfile(wheel, target / WHEELS / wheel.name)
        options += ["--no-index", f"--find-links {WHEELS}"]
    text = "".join(f"{line}\n" for line in [*options, *wanted])
    (target / REQUIREMENTS).write_text(text, encoding="utf-8", newline="\n")


def pinned(folder: Path) -> list[str]:
    """The requirements of a folder in the very versions that are installed here."""
    from packaging.requirements import Requirement

    found = []
    for line in requirements(folder):
        wanted = Requirement(line)
        extras = f"[{','.join(sorted(wanted.extras))}]" if wanted.extras else ""
        try:
            found.append(f"{wanted.name}{extras}=={metadata.version(wanted.name)}")
        except metadata.PackageNotFoundError:  # for another platform, or not used by the script
            found.append(line)
    return found


def missing(lines: Sequence[str]) -> list[str]:
    """A phrase for each requirement that this environment does not meet."""
    from packaging.requirements import Requirement

    found = []
    for line in lines:
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        try:
            version = metadata.version(wanted.name)
        except metadata.PackageNotFoundError:
            found.append(f"{line}, which is not installed")
            continue
        if not wanted.specifier.contains(version, prereleases=True):
            found.append(f"{line}, and {version} is installed")
    return found


def start() -> None:
    """Run the script that is the first argument, once what it needs is there."""
    folder, script = Path(sys.argv[0]).resolve().parent, Path(sys.argv[1])
    with job.one_sentence(script.stem):
        install(folder)
    sys.argv = sys.argv[1:]
    runpy.run_path(str(script), run_name="__main__")


def install(folder: Path) -> None:
    """Let pip install a folder's requirements in a container; elsewhere they have to be there.

    Raises:
        DataError: pip could not, or this is no container and something is missing.
    """
    if not (phrases := missing(requirements(folder))):
        return
    if CONTAINER not in folder.parents:
        raise DataError(f"{REQUIREMENTS} asks for {'; '.join(phrases)} here: make setup")
    command = [sys.executable, "-m", "pip", "install", "-r", REQUIREMENTS]
    finished = subprocess.run(command, cwd=folder, stderr=subprocess.PIPE, text=True, check=False)
    sys.stderr.write(finished.stderr)
    if finished.returncode:
        errors = [line for line in finished.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = errors[-1].removeprefix("ERROR: ") if errors else "see the log"
        raise DataError(f"pip could not install what {REQUIREMENTS} asks for: {reason}")
    importlib.invalidate_caches()
