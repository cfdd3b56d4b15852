"""The commands of a generated project, run as its people and its CI run them."""

import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from conftest import Bake, Run

EXPORTS = [sys.executable, "-m", "used_car_prices.exports"]
# Names that would move imports or break lines if the order or the width depended on them.
PACKAGES = ["aa", "zz", "z" * 30]


def a_script(project: Path) -> Path:
    """A runtime script that a notebook writes."""
    return project / "runtime" / "train.py"


def first_notebook(project: Path) -> Path:
    """The notebook with the lowest number."""
    return min((project / "notebooks").glob("*.ipynb"))


def test_export_changes_nothing(bake_own: Bake, run: Run) -> None:
    project = bake_own()
    before = {path.name: path.read_bytes() for path in (project / "runtime").glob("*.py")}
    for _ in range(2):
        exported = run([*EXPORTS, "export"], project)
        assert exported.returncode == 0, exported.stderr
        assert "written" not in exported.stdout
    assert before == {path.name: path.read_bytes() for path in (project / "runtime").glob("*.py")}


def test_export_restores_every_script(bake_own: Bake, run: Run) -> None:
    project = bake_own()
    before = {path.name: path.read_bytes() for path in (project / "runtime").glob("*.py")}
    shutil.rmtree(project / "runtime")
    run([*EXPORTS, "export"], project)
    assert before == {path.name: path.read_bytes() for path in (project / "runtime").glob("*.py")}


def test_check_names_notebook_cell_and_difference(bake_own: Bake, run: Run) -> None:
    project = bake_own()
    assert run([*EXPORTS, "check"], project).returncode == 0
    script = a_script(project)
    script.write_text(script.read_text(encoding="utf-8") + "print('edited')\n", encoding="utf-8")
    checked = run([*EXPORTS, "check"], project)
    assert checked.returncode == 1
    assert re.search(
        r"runtime/train\.py differs from notebooks/02_\w+\.ipynb cell \d+", checked.stderr
    )
    assert "+print('edited')" in checked.stderr


def test_check_and_clean_of_outputs(bake_own: Bake, run: Run) -> None:
    project = bake_own()
    path = first_notebook(project)
    original = path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    code = next(cell for cell in notebook.cells if cell.cell_type == "code")
    code.execution_count = 1
    code.outputs = [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(notebook, path)
    checked = run([*EXPORTS, "check"], project)
    assert checked.returncode == 1
    assert f"notebooks/{path.name} holds outputs or execution counts in cell" in checked.stderr
    assert run([*EXPORTS, "clean"], project).returncode == 0
    assert path.read_bytes() == original


@pytest.mark.parametrize("package", PACKAGES)
def test_lint_passes_whatever_the_package_is_called(bake: Bake, run: Run, package: str) -> None:
    project = bake(package_name=package, project_name='Bob\'s "best" 二手车价格')
    for command in (["ruff", "check", "--no-cache", "."], ["ruff", "format", "--check", "."]):
        linted = run(command, project)
        assert linted.returncode == 0, linted.stdout + linted.stderr


def test_types_pass(bake: Bake, run: Run, tmp_path: Path) -> None:
    typed = run(["mypy", "--cache-dir", str(tmp_path)], bake())
    assert typed.returncode == 0, typed.stdout


def targets(makefile: str) -> list[str]:
    """The documented targets of a Makefile."""
    return re.findall(r"^([a-z]+):.*## ", makefile, flags=re.MULTILINE)


def test_the_readme_shows_every_command(bake: Bake, run: Run) -> None:
    project = bake()
    readme = (project / "README.md").read_text(encoding="utf-8")
    makefile = (project / "Makefile").read_text(encoding="utf-8")
    helped = run(["make", "-C", str(project)], project.parent).stdout
    for target in targets(makefile):
        assert f"make {target} " in helped
        assert f"`make {target}" in readme
    commands = re.findall(r"^\t\$\(BIN\)/(python .*?)(?: \$\(PARAMS\))?$", makefile, re.MULTILINE)
    assert len(commands) >= 6
    for command in commands:
        shown = command.replace("$(VERSION)", "1").replace("$(FAMILY)", "xgboost")
        assert f"`{shown}`" in readme


def test_the_readme_mentions_only_what_is_there(bake: Bake) -> None:
    project = bake()
    readme = (project / "README.md").read_text(encoding="utf-8")
    mentioned = re.findall(r"(?:notebooks|runtime|src|params|tests|\.github)/[\w./-]*\w", readme)
    assert mentioned
    for name in mentioned:
        assert (project / name).exists(), name


def workflow_commands(project: Path) -> list[str]:
    """The commands of the CI workflow, in order."""
    workflow = yaml.safe_load((project / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    [job] = workflow["jobs"].values()
    return [step["run"] for step in job["steps"] if "run" in step]


@pytest.mark.slow
def test_the_workflow_passes(bake_own: Bake, run: Run) -> None:
    project = bake_own(ci="github", git_init=True)
    # Compiling is for people who run things twice.
    env = {"UV_COMPILE_BYTECODE": "0", "PYTHON": sys.executable, "PYTHONPATH": ""}
    for command in workflow_commands(project):
        done = run(["bash", "-e", "-c", command], project, env=env)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert (project / "reports/03_training_pipeline.ipynb").is_file()
    changed = run(["git", "status", "--porcelain"], project, env=env).stdout.split()
    assert changed in ([], ["??", "uv.lock"])
