"""The git hooks of this project: `python -m <package> githooks` installs them.

pre-commit runs `.pre-commit-config.yaml` before each commit. nbdev merges notebooks by cells: where
two branches changed one cell, both versions of it stay in the notebook, between two marks, and the
file still opens; git alone would write its marks into the JSON. Nothing is installed where this
folder is not the top of a git repository.
"""

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator

from .. import paths

DRIVER = "merge.jupyternotebook"  # .gitattributes names it, for every notebook


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in the project."""
    return subprocess.run(
        ["git", *arguments], cwd=paths.PROJECT, capture_output=True, text=True, check=False
    )


def is_top() -> bool:
    """Whether this folder is the top of a git repository."""
    if shutil.which("git") is None:
        return False
    below = git("rev-parse", "--show-prefix")
    return below.returncode == 0 and not below.stdout.strip()


def install_merge_driver() -> None:
    """Let nbdev merge notebooks, and git alone wherever this environment is gone."""
    program = shutil.which("nbdev-merge", path=sysconfig.get_path("scripts"))
    if program is None:
        raise FileNotFoundError("nbdev-merge is not installed; make setup installs it")
    quoted = f"'{program}'".replace("\\", "/")
    merge = f"if [ -x {quoted} ]; then {quoted} %O %A %B %P; else git merge-file %A %O %B; fi"
    git("config", f"{DRIVER}.name", "notebooks, cell by cell")
    git("config", f"{DRIVER}.driver", merge)


def install() -> Iterator[str]:
    """Install the hooks, and say what was not done; no reason not to fails the setup."""
    if not is_top():
        yield "git hooks: not installed, this folder is not the top of a repository"
        return
    install_merge_driver()
    installed = subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"], cwd=paths.PROJECT, check=False
    )
    if installed.returncode != 0:
        yield "git hooks: pre-commit is not installed, see above"
