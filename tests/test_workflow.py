"""The CI workflow of a generated project, command by command, as its runner runs it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from conftest import Bake, Run
from projects import first_notebook, save_outputs


def workflow_steps(project: Path) -> list[dict[str, Any]]:
    """The steps of the CI workflow, in order."""
    workflow = yaml.safe_load((project / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    [job] = workflow["jobs"].values()
    return list(job["steps"])


@pytest.mark.slow
def test_the_workflow_uses_released_actions_and_keeps_the_reports(bake: Bake) -> None:
    steps = workflow_steps(bake(ci="github"))
    used = [step["uses"] for step in steps if "uses" in step]
    assert used == ["actions/checkout@v6", "actions/setup-python@v6", "actions/upload-artifact@v6"]
    assert steps[0]["with"] == {"persist-credentials": False}
    assert steps[-1]["if"] == "always()"
    assert steps[-1]["with"]["path"] == "reports/"


def do(run: Run, project: Path, command: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the workflow as its runner does, with the project's own environment."""
    # What is imported is compiled, and kept as on the runner; most of what is installed is not.
    compiling = {"UV_COMPILE_BYTECODE": "0", "PYTHONDONTWRITEBYTECODE": ""}
    plain = {"PYTHON": sys.executable, "PYTHONPATH": "", **compiling}
    return run(["bash", "-e", "-c", command], project, env={**plain, **env})


@pytest.mark.slow
def test_the_workflow_passes(bake_own: Bake, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for who in ("AUTHOR", "COMMITTER"):  # without an identity there is no first commit
        monkeypatch.setenv(f"GIT_{who}_NAME", "Ada")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "ada@example.com")
    project = bake_own(ci="github", git_init=True)
    notebooks = {path: path.read_bytes() for path in (project / "notebooks").glob("*.ipynb")}
    commands = [step["run"] for step in workflow_steps(project) if "run" in step]
    assert commands[0] == "make setup"
    # Nine tenths of the setup is asking the network for versions; the suite's own setup has them.
    if do(run, project, "make setup", UV_OFFLINE="1").returncode == 0:
        commands = commands[1:]
    for command in commands:
        done = do(run, project, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"

    for notebook, before in notebooks.items():
        assert notebook.read_bytes() == before
        executed = project / "reports" / notebook.name
        cells = nbformat.read(executed, as_version=4).cells
        assert all(cell.execution_count for cell in cells if cell.cell_type == "code")
        assert "<html" in executed.with_suffix(".html").read_text(encoding="utf-8")
    changed = do(run, project, "git status --porcelain").stdout.split()
    assert changed in ([], ["??", "uv.lock"])
    a_commit_is_cleaned(run, project)


def a_commit_is_cleaned(run: Run, project: Path) -> None:
    """The hook that `make setup` installed keeps outputs out of commits."""
    notebook = first_notebook(project)
    before = notebook.read_bytes()
    save_outputs(notebook)
    commit = "git add notebooks && git -c user.name=a -c user.email=a@b.c commit -m outputs"
    refused = do(run, project, commit)
    assert refused.returncode == 1
    assert "notebooks without outputs" in refused.stderr + refused.stdout
    assert notebook.read_bytes() == before
