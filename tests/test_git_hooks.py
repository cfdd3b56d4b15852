"""Git in a generated project: nbdev merges notebooks; other repositories are left alone."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from conftest import Bake, Run, environment

pytestmark = pytest.mark.slow

SCRIPTS = "notebooks/02_runtime_scripts.ipynb"
TRAIN = "runtime/train.py"
DRIVER = "merge.jupyternotebook.driver"
Git = Callable[..., subprocess.CompletedProcess[str]]


def git_in(project: Path) -> Git:
    """`git("commit", "-m", "x")` in a project, as somebody."""

    def git(*words: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        command = ["git", *identity, "-c", "commit.gpgsign=false", *words]
        done = subprocess.run(
            command,
            cwd=project,
            env=environment(project, {}),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0 or not ok, done.stdout + done.stderr
        return done

    return git


def commit(git: Git, message: str) -> None:
    """Commit everything; pre-commit's hook needs the project's own environment."""
    git("add", "--all")
    git("commit", "--quiet", "--no-verify", "--message", message)


@pytest.fixture
def repository(bake_own: Bake, run: Run) -> Path:
    """A generated project as a repository, with the merge driver of the suite's environment."""
    project = bake_own(git_init=False)
    git = git_in(project)
    git("init", "--quiet", "--initial-branch=main")
    commit(git, "first")
    installed = run([sys.executable, "-m", "used_car_prices", "githooks"], project)
    assert installed.returncode == 0, installed.stderr
    return project


def exports(run: Run, project: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run one of the project's export commands."""
    return run([sys.executable, "-m", "used_car_prices", "exports", command], project)


def edit_cell(project: Path, old: str, new: str) -> None:
    """Change a text in the cells of notebook 02."""
    path = project / SCRIPTS
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def change(run: Run, project: Path, branch: str, old: str, new: str) -> None:
    """A branch on which somebody changed a cell, exported it and committed both."""
    git = git_in(project)
    git("checkout", "--quiet", "-b", branch, "main")
    edit_cell(project, old, new)
    exported = exports(run, project, "export")
    assert exported.returncode == 0, exported.stderr
    commit(git, branch)


FIRST_LINE = '%%writefile ../runtime/train.py\\n",\n    "'


def test_two_branches_that_changed_one_cell(repository: Path, run: Run) -> None:
    git = git_in(repository)
    change(run, repository, "ours", FIRST_LINE, FIRST_LINE + '# Ours.\\n",\n    "')
    ours = (repository / SCRIPTS).read_bytes()
    change(run, repository, "theirs", FIRST_LINE, FIRST_LINE + '# Theirs.\\n",\n    "')
    git("checkout", "--quiet", "ours")

    merged = git("merge", "theirs", ok=False)

    assert merged.returncode == 1
    notebook = nbformat.read(repository / SCRIPTS, as_version=4)
    marks = [n for n, cell in enumerate(notebook.cells) if cell.source.startswith("`" + "<" * 7)]
    [mark] = marks
    versions = notebook.cells[mark : mark + 5]
    assert [cell.source.split()[0].strip("`") for cell in versions[::2]] == [
        *("<" * 7, "=" * 7, ">" * 7)
    ]
    assert "# Ours." in versions[1].source
    assert "# Theirs." in versions[3].source
    tagged = [cell for cell in notebook.cells if cell.metadata.get("tags") == ["parameters"]]
    assert len(tagged) == 1
    assert (
        f"{SCRIPTS} cell {mark + 1} marks a merge conflict"
        in exports(run, repository, "check").stderr
    )

    del notebook.cells[mark + 2 : mark + 5], notebook.cells[mark]
    nbformat.write(notebook, repository / SCRIPTS)
    (repository / TRAIN).unlink()  # it holds git's own marks
    assert exports(run, repository, "export").returncode == 0
    checked = exports(run, repository, "check")
    assert checked.returncode == 0, checked.stderr
    assert (repository / SCRIPTS).read_bytes() == ours
    commit(git, "merged")


def test_two_branches_that_changed_different_cells(repository: Path, run: Run) -> None:
    git = git_in(repository)
    change(run, repository, "ours", FIRST_LINE, FIRST_LINE + '# Ours.\\n",\n    "')
    other = FIRST_LINE.replace("train", "evaluate")
    change(run, repository, "theirs", other, other + '# Theirs.\\n",\n    "')
    git("merge", "ours", "--message", "merged")
    checked = exports(run, repository, "check")
    assert checked.returncode == 0, checked.stderr
    assert "# Ours." in (repository / TRAIN).read_text(encoding="utf-8")
    assert exports(run, repository, "clean").stdout == ""


def test_execution_counts_are_no_conflict(repository: Path, run: Run) -> None:
    git = git_in(repository)
    for branch, count in (("ours", 1), ("theirs", 2)):
        git("checkout", "--quiet", "-b", branch, "main")
        edit_cell(repository, '"execution_count": null', f'"execution_count": {count}')
        commit(git, branch)
    git("merge", "ours", "--message", "merged")
    assert "holds outputs or execution counts" in exports(run, repository, "check").stderr
    exports(run, repository, "clean")
    assert git("diff", "main", "--", SCRIPTS).stdout == ""


def test_without_the_environment_git_merges_as_it_always_does(repository: Path, run: Run) -> None:
    git = git_in(repository)
    driver = git("config", DRIVER).stdout.strip()
    git("config", DRIVER, driver.replace("nbdev-merge", "is-gone"))
    change(run, repository, "ours", FIRST_LINE, FIRST_LINE + '# Ours.\\n",\n    "')
    change(run, repository, "theirs", FIRST_LINE, FIRST_LINE + '# Theirs.\\n",\n    "')
    assert git("merge", "ours", ok=False).returncode == 1
    text = (repository / SCRIPTS).read_text(encoding="utf-8")
    assert "<" * 7 in text
    assert "# Ours." in text
    assert "# Theirs." in text
    assert f"{SCRIPTS} is no readable notebook" in exports(run, repository, "check").stderr


def test_hooks_of_a_surrounding_repository_are_left_alone(
    bake_own: Bake, run: Run, tmp_path: Path
) -> None:
    project = bake_own()
    git = git_in(tmp_path)
    git("init", "--quiet")
    before = git("config", "--list", "--local").stdout
    installed = run([sys.executable, "-m", "used_car_prices", "githooks"], project)
    assert installed.returncode == 0, installed.stderr
    assert installed.stdout == (
        "git hooks: not installed, this folder is not the top of a repository\n"
    )
    assert git("config", "--list", "--local").stdout == before
    assert not (tmp_path / ".git/hooks/pre-commit").exists()


def test_without_git_the_setup_goes_on(bake_own: Bake, run: Run, tmp_path: Path) -> None:
    assert shutil.which("git")
    project = bake_own()
    env = {"PATH": str(tmp_path), "PYTHONPATH": str(project / "src")}
    installed = run([sys.executable, "-m", "used_car_prices", "githooks"], project, env=env)
    assert installed.returncode == 0, installed.stderr
    assert "not installed" in installed.stdout
