"""What is known of a run before anything runs: git, versions, the notebook's parameters."""

import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import paths
from ..libraries import requirements

LIBRARIES = (
    *("sagemaker", "pandas", "numpy", "scikit-learn", "xgboost-cpu", "xgboost", "papermill"),
    *("ipykernel", "pyarrow"),
)
PARAMETERS: dict[str, object] = {}  # the notebook's; its check of them fills this in


def git_state(folder: Path = paths.PROJECT) -> dict[str, Any] | None:
    """The commit that is checked out, and whether the project is exactly that commit.

    Returns:
        ``{"commit": ..., "clean": ...}``; None where there is no git or no commit.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--", ".")
    if commit is None or changes is None:
        return None
    return {"commit": commit, "clean": not changes}


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def versions() -> dict[str, str]:
    """Python's version and those of the libraries that decide about results."""
    found = {"python": platform.python_version()}
    for name in (*LIBRARIES, *(each.name for each in requirements.read())):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def surroundings() -> dict[str, Any]:
    """What is known before anything has run."""
    return {
        "started": now(),
        "git": git_state(),
        "versions": versions(),
        "notebook_parameters": dict(PARAMETERS),
    }


def now() -> str:
    """This moment as records keep it: UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
