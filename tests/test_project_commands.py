"""The commands of a generated project, run as its people and its CI run them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from conftest import Bake, Run, sources
from projects import first_notebook, save_outputs

EXPORTS = [sys.executable, "-m", "used_car_prices", "exports"]
# Names that would move imports or break lines if the order or the width depended on them.
PACKAGES = ["aa", "zz", "z" * 30]


def a_script(project: Path) -> Path:
    """A runtime script that a notebook writes."""
    return project / "runtime" / "train.py"


@pytest.mark.slow
def test_export_changes_nothing(bake_own: Bake, run: Run) -> None:
    project = bake_own()
    before = {path.name: path.read_bytes() for path in (project / "runtime").glob("*.py")}
    for _ in range(2):
        exported = run([*EXPORTS, "export"], project)
        assert exported.returncode == 0, exported.stderr
        assert "written" not in exported.stdout
    assert before == {path.name: path.read_bytes() for path in (project / "runtime").glob("*.py")}


@pytest.mark.slow
def test_export_restores_every_script(bake_own: Bake, run: Run) -> None:
    project = bake_own()
    before = {path.name: path.read_bytes() for path in (project / "runtime").glob("*.py")}
    shutil.rmtree(project / "runtime")
    run([*EXPORTS, "export"], project)
    assert before == {path.name: path.read_bytes() for path in (project / "runtime").glob("*.py")}


@pytest.mark.slow
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


@pytest.mark.slow
def test_check_and_clean_of_outputs(bake_own: Bake, run: Run) -> None:
    project = bake_own()
    path = first_notebook(project)
    original = path.read_bytes()
    save_outputs(path)
    checked = run([*EXPORTS, "check"], project)
    assert checked.returncode == 1
    assert f"notebooks/{path.name} holds outputs or execution counts in cell" in checked.stderr
    assert run([*EXPORTS, "clean"], project).returncode == 0
    assert path.read_bytes() == original


def copied(project: Path, copy: Path) -> Path:
    """A copy of a project with an edited script."""
    shutil.copytree(project, copy)
    script = a_script(copy)
    script.write_text(script.read_text(encoding="utf-8") + "edited = 1\n", encoding="utf-8")
    return copy


@pytest.mark.slow
@pytest.mark.parametrize("folder", [".", "notebooks", "src/used_car_prices"])
def test_check_in_a_copy_looks_at_the_copy(
    bake: Bake, run: Run, tmp_path: Path, folder: str
) -> None:
    """The package is installed from the original, as an editable install keeps it."""
    project = bake()
    copy = copied(project, tmp_path / "copy")
    checked = run([*EXPORTS, "check"], copy / folder, project=project)
    assert checked.returncode == 1
    assert "runtime/train.py differs from notebooks/02_" in checked.stderr
    assert f"the files are those of {copy}, and the code of used_car_prices" in checked.stderr
    assert run([*EXPORTS, "check"], tmp_path, project=project).returncode == 0
    assert run([*EXPORTS, "check"], project).stderr == ""


@pytest.mark.slow
@pytest.mark.parametrize("original", ["kept", "gone"])
def test_make_check_in_a_copied_or_moved_project(
    bake: Bake, run: Run, tmp_path: Path, original: str
) -> None:
    """Its environment came with it, and still names the place of the original."""
    old = bake() if original == "kept" else tmp_path / "gone"
    copy = copied(bake(), tmp_path / "copy")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", copy / ".venv"], check=True)
    [packages] = (copy / ".venv/lib").glob("python*/site-packages")
    known = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "editable.pth").write_text("\n".join([*sources(old), *known]), encoding="utf-8")
    checked = run(["make", "-C", str(copy), "check"], tmp_path, env={"PYTHONPATH": ""})
    assert checked.returncode == 2, checked.stderr
    assert "runtime/train.py differs from notebooks/02_" in checked.stderr
    assert "the files are those of" not in checked.stderr


@pytest.mark.slow
def test_adopt_after_generating(bake_own: Bake, run: Run) -> None:
    """Without git, and before any export: the generated project knows what its notebooks export."""
    project = bake_own()
    script = a_script(project)
    notebooks = {path: path.read_bytes() for path in (project / "notebooks").glob("*.ipynb")}
    edited = script.read_text(encoding="utf-8").replace("\nimport", "\n# Näher am Text.\nimport", 1)
    script.write_text(edited, encoding="utf-8")

    adopted = run([*EXPORTS, "adopt"], project)

    assert adopted.returncode == 0, adopted.stderr
    assert re.fullmatch(r"adopted +runtime/train\.py into \S+ cell \d+\n", adopted.stdout)
    assert script.read_text(encoding="utf-8") == edited
    assert run([*EXPORTS, "check"], project).returncode == 0
    for path, before in notebooks.items():
        added = b'    "# N\xc3\xa4her am Text.\\n",\n' if "runtime_scripts" in path.name else b""
        assert path.read_bytes().replace(added, b"") == before
        assert added in path.read_bytes()


@pytest.mark.slow
def test_both_changed_after_generating(bake_own: Bake, run: Run) -> None:
    project = bake_own()
    script, notebook = a_script(project), project / "notebooks/02_runtime_scripts.ipynb"
    script.write_text(script.read_text(encoding="utf-8") + "edited = 1\n", encoding="utf-8")
    magic = '%%writefile ../runtime/train.py\\n",\n'
    text = notebook.read_text(encoding="utf-8")
    notebook.write_text(text.replace(magic, f'{magic}    "# Changed.\\n",\n'), encoding="utf-8")
    before = script.read_bytes(), notebook.read_bytes()
    for command in ("adopt", "export"):
        refused = run([*EXPORTS, command], project)
        assert refused.returncode == 1
        assert "both changed since the last export" in refused.stderr
        assert "+edited = 1" in refused.stderr
        assert "+# Changed." in refused.stderr
        assert (script.read_bytes(), notebook.read_bytes()) == before


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_lint_passes_whatever_the_package_is_called(bake: Bake, run: Run, package: str) -> None:
    project = bake(package_name=package, project_name='Bob\'s "best" 二手车价格')
    for command in (["ruff", "check", "--no-cache", "."], ["ruff", "format", "--check", "."]):
        linted = run(command, project)
        assert linted.returncode == 0, linted.stdout + linted.stderr


def targets(makefile: str) -> list[str]:
    """The documented targets of a Makefile."""
    return re.findall(r"^([a-z-]+):.*## ", makefile, flags=re.MULTILINE)


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
        shown = shown.replace("$(ENDPOINT)", "my-endpoint").replace("$(OF_TASK)", "")
        assert f"`{shown}`" in readme


def test_the_readme_mentions_only_what_is_there(bake: Bake) -> None:
    project = bake()
    readme = (project / "README.md").read_text(encoding="utf-8")
    folders = r"(?<![\w/-])(?:notebooks|runtime|src|packages|params|tests|\.github)"
    mentioned = re.findall(rf"{folders}/[\w./-]*\w", readme)
    assert mentioned
    for name in set(mentioned) - {"params/abalone.yaml"}:  # which its reader is told to write
        assert (project / name).exists(), name


def test_the_small_sample_is_of_parameters_that_exist(bake: Bake) -> None:
    project = bake()
    small = yaml.safe_load((project / "params/small.yaml").read_text(encoding="utf-8"))
    assert set(small) == {path.stem for path in (project / "notebooks").glob("*.ipynb")}
    for name, values in small.items():
        notebook = nbformat.read(project / f"notebooks/{name}.ipynb", as_version=4)
        tagged = [cell.source for cell in notebook.cells if "tags" in cell.metadata]
        for parameter in values:
            assert re.search(rf"^{parameter}: ", tagged[0], re.MULTILINE), parameter


NOTHING_RAN = {
    "empty": [nbformat.v4.new_code_cell(""), nbformat.v4.new_code_cell("# nothing")],
    "skipped": [nbformat.v4.new_code_cell("1 / 0", metadata={"tags": ["skip-execution"]})],
    "left early": [nbformat.v4.new_code_cell("raise SystemExit"), nbformat.v4.new_code_cell("1/0")],
}


@pytest.mark.slow
@pytest.mark.parametrize("cells", NOTHING_RAN.values(), ids=NOTHING_RAN)
def test_a_notebook_in_which_nothing_ran_is_a_failure(
    bake_own: Bake, run: Run, cells: list[nbformat.NotebookNode]
) -> None:
    project = bake_own()
    nbformat.write(nbformat.v4.new_notebook(cells=cells), project / "notebooks/90_empty.ipynb")
    done = run([sys.executable, "-m", "used_car_prices", "notebooks", "run", "90"], project)
    assert done.returncode == 1
    assert "notebooks: notebooks/90_empty.ipynb" in done.stderr
    assert "passed" not in done.stdout
