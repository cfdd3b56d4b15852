"""Runs inside the new project: makes it a git repository and says what to do next.

Nothing here can fail the generation: whatever git answers, the project is there.
"""

import os
import shutil
import subprocess
from pathlib import Path

GIT_INIT = {{ cookiecutter.git_init }}
# In modules that notebooks export.
WRITTEN = "# Written by `make export`"
# Set while a git hook runs; they would send the commands below to that hook's repository.
BORROWED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")


def remove_empty_workflows() -> None:
    """Remove `.github` when the answer about CI left it without a workflow."""
    for folder in (Path(".github/workflows"), Path(".github")):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def remember_exports() -> None:
    """Keep copies of what the notebooks export, as `make export` does.

    They tell the project's own commands later whether a cell or its file was changed.
    """
    copies = Path("build/exported")
    hidden = shutil.ignore_patterns(".*", "__pycache__")
    shutil.copytree("runtime", copies / "runtime", ignore=hidden, dirs_exist_ok=True)
    for module in Path("src/{{ cookiecutter.package_name }}").rglob("*.py"):
        if WRITTEN in module.read_text(encoding="utf-8"):
            (copies / module.parent).mkdir(parents=True, exist_ok=True)
            shutil.copy(module, copies / module)


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in the project and return what it answered, whether it worked or not."""
    return subprocess.run(
        ["git", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={name: value for name, value in os.environ.items() if name not in BORROWED},
        check=False,
    )


def start_repository() -> str:
    """Make the first commit; returns one line that says what was done."""
    if not GIT_INIT:
        return "git: not asked for."
    if shutil.which("git") is None:
        return "git: not installed, so the project is not a repository yet."
    if git("rev-parse", "--is-inside-work-tree").stdout.strip() == "true":
        return "git: the folder lies inside another repository, so no new one was made."
    if git("init", "--quiet").returncode != 0:
        return "git: `git init` failed, so the project is not a repository yet."
    git("add", "--all")
    commit = git("-c", "commit.gpgsign=false", "commit", "--quiet", "-m", "Generate the project")
    if commit.returncode != 0:
        return "git: made a repository without a commit (has git your user.name and user.email?)."
    return "git: made a repository with a first commit."


remove_empty_workflows()
remember_exports()
print(start_repository())
print(f'Next:\n  cd "{Path.cwd()}"\n  make setup pipeline')
