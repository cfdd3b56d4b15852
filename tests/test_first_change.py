"""The change that notebook 02 shows: a feature, a model family, and a library for another one.

The edits are read from the notebook's own text, so that what a reader pastes is what runs here.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from conftest import Bake, sources
from projects import TRAINING, LocalState, Run, failure, run_notebook

pytestmark = pytest.mark.slow

NOTEBOOK = "notebooks/02_runtime_scripts.ipynb"
EDIT = re.compile(
    r"```python\n# (?P<file>\w+\.py), instead of the line `(?P<line>[^`\n]+)`\n(?P<new>.+?)```",
    re.DOTALL,
)
NEW_CELL = re.compile(
    r"```\n(?P<head>%%writefile \S+)\n```\n\n```python\n# \S+, the rest of that cell\n(?P<body>.+?)```",
    re.DOTALL,
)
LIBRARY = re.compile(r"in `runtime/requirements\.txt`:\n\n```\n(?P<line>.+)\n```")
FIRST, SECOND = ("first-change", "first-family"), ("first-library", "first-library-line")


@pytest.fixture
def project(bake: Callable[..., Path], tmp_path: Path) -> Path:
    """A copy of the default project, for one test."""
    return Path(shutil.copytree(bake(), tmp_path / "project"))


def shown(project: Path, cells: tuple[str, ...]) -> str:
    """What some text cells of notebook 02 say."""
    notebook = nbformat.read(project / NOTEBOOK, as_version=4)
    return "\n".join(cell.source for cell in notebook.cells if cell.id in cells)


def paste(project: Path, cells: tuple[str, ...] = FIRST) -> int:
    """Do each edit of these cells in the cell that writes its file; returns how many there are."""
    notebook = nbformat.read(project / NOTEBOOK, as_version=4)
    text = shown(project, cells)
    edits = list(EDIT.finditer(text))
    for edit in edits:
        head = f"%%writefile ../runtime/{edit['file']}\n"
        [cell] = [cell for cell in notebook.cells if cell.source.startswith(head)]
        lines = cell.source.splitlines()
        assert lines.count(edit["line"]) == 1, f"one line is {edit['line']!r}"
        place = lines.index(edit["line"])
        lines[place : place + 1] = edit["new"].rstrip("\n").splitlines()
        cell.source = "\n".join(lines)
    nbformat.write(notebook, project / NOTEBOOK)
    return len(edits)


@pytest.fixture
def changed(project: Path, run: Run) -> Path:
    """The project after the first change and `make export`'s command."""
    assert paste(project) == 3
    exported = run(["python", "-m", "used_car_prices", "exports", "export"], project)
    assert exported.returncode == 0, exported.stderr
    assert "def fit_forest(" in (project / "runtime" / "models.py").read_text(encoding="utf-8")
    for tool in (["check"], ["format", "--check"]):
        checked = run(["ruff", *tool, "runtime", "notebooks"], project)
        assert checked.returncode == 0, checked.stdout
    return project


def test_the_first_change_is_registered(changed: Path, run: Run) -> None:
    sample = {"sample_rows": 1500, "metric_threshold": 0.5}
    forest = {"model_family": "forest", "max_depth": 8, "rounds": 50}
    run_notebook(run, changed, TRAINING, None, **sample, **forest).succeeded()

    state = LocalState(changed)
    [package] = state.packages()
    assert package["ModelPackageGroupName"] == "used-car-prices-forest"
    [container] = package["InferenceSpecification"]["Containers"]
    with tarfile.open(state.path(container["ModelDataUrl"])) as archive:
        names = archive.getnames()
        signature = json.loads(read(archive, "signature.json"))
    assert signature["model_family"] == "forest" and signature["derived"] == ["km_per_year"]
    assert "km_per_year" not in [column["name"] for column in signature["columns"]]
    assert any(name.endswith("code/features.py") for name in names)

    report = package["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"]
    importance = json.loads(state.path(report).read_text(encoding="utf-8"))["importance"]
    assert importance["shap"]["km_per_year"] > 0
    assert importance["permutation"].keys() == importance["shap"].keys()


def read(archive: tarfile.TarFile, name: str) -> bytes:
    """A member of an archive whose names may begin with `./`."""
    [member] = [each for each in archive.getmembers() if each.name.removeprefix("./") == name]
    stream = archive.extractfile(member)
    assert stream is not None
    return stream.read()


@pytest.mark.parametrize("problem_type", ["binary_classification", "multiclass_classification"])
def test_the_first_change_makes_sense_for_each_problem(
    changed: Path, run: Run, problem_type: str
) -> None:
    """Notebook 02 itself runs with it: in training, in every format of a request, explained."""
    ran = run_notebook(
        run, changed, name=Path(NOTEBOOK).name, problem_type=problem_type, model_family="forest"
    )
    assert "trees.load" in (changed / "runtime" / "models.py").read_text(encoding="utf-8")
    ran.succeeded()


def test_a_family_that_is_not_there_is_named_with_those_that_are(changed: Path, run: Run) -> None:
    code = "from used_car_prices import registry; print(registry.families('both'))"
    known = run(["python", "-c", code], changed).stdout
    assert ast.literal_eval(known) == ["forest", "xgboost", "linear"]
    missing = run(["python", "-c", code.replace("both", "forrest")], changed)
    assert "model_family is 'forrest'; it can be forest, xgboost, linear or both" in missing.stderr


# A library of one's own


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with LightGBM: `make setup` would put it into the project's environment."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
    command += ["--python", sys.executable, "--target", str(folder), "lightgbm>=4.6", "narwhals"]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="module")
def with_library(bake: Bake, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after all that notebook 02 says of a library, and `make export`."""
    project = Path(shutil.copytree(bake(), tmp_path_factory.mktemp("library") / "project"))
    found = NEW_CELL.search(shown(project, SECOND))
    assert found is not None
    notebook = nbformat.read(project / NOTEBOOK, as_version=4)
    cell = nbformat.v4.new_code_cell(f"{found['head']}\n{found['body']}".rstrip("\n"), id="leaves")
    place = [each.id for each in notebook.cells].index("write-models")
    notebook.cells.insert(place + 1, cell)
    nbformat.write(notebook, project / NOTEBOOK)
    assert paste(project, SECOND) == 2
    line = LIBRARY.search(shown(project, SECOND))
    assert line is not None
    with (project / "runtime" / "requirements.txt").open("a") as file:
        file.write(f"{line['line']}\n")
    exported = run(["python", "-m", "used_car_prices", "exports", "export"], project)
    assert exported.returncode == 0, exported.stderr
    for tool in (["check"], ["format", "--check"]):
        checked = run(["ruff", *tool, "runtime", "notebooks"], project)
        assert checked.returncode == 0, checked.stdout
    return project


def having(site: Path, project: Path) -> dict[str, str]:
    """The environment of an installed project that has the library."""
    return {"PYTHONPATH": os.pathsep.join([*sources(project), str(site)])}


CHECK = ["python", "-m", "used_car_prices", "libraries", "check"]


def test_a_library_that_is_not_there_is_said_before_anything_starts(
    with_library: Path, run: Run
) -> None:
    checked = run(CHECK, with_library)
    asks = "runtime/requirements.txt asks for lightgbm>=4.6, which is not installed here: make setup"
    assert (checked.returncode, checked.stderr.strip()) == (1, f"libraries: {asks}")
    ran = run_notebook(run, with_library, model_family="lightgbm", sample_rows=600)
    assert failure(ran) == f"ProjectError: {asks}"
    assert LocalState(with_library).executions() == []


def test_a_family_of_a_library_is_registered(with_library: Path, site: Path, run: Run) -> None:
    env = having(site, with_library)
    assert run(CHECK, with_library, env).returncode == 0
    sample = {"sample_rows": 1500, "metric_threshold": 0.5, "rounds": 60}
    ran = run_notebook(run, with_library, TRAINING, env, model_family="lightgbm", **sample)
    assert "installed here: lightgbm>=4.6" in ran.succeeded().output

    state = LocalState(with_library)
    [package] = state.packages()
    assert package["ModelPackageGroupName"] == "used-car-prices-lightgbm"
    [container] = package["InferenceSpecification"]["Containers"]
    with tarfile.open(state.path(container["ModelDataUrl"])) as archive:
        wanted = read(archive, "code/requirements.txt").decode().splitlines()
        assert read(archive, "model.txt").startswith(b"tree\n"), "plain data, no pickle"
    assert wanted[0] == "-c constraints.txt" and wanted[1].startswith("lightgbm==4.")
    importance = state.evaluation(package)["importance"]
    assert importance["shap"].keys() == importance["permutation"].keys()
