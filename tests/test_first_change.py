"""The change that notebook 02 shows: a feature and a model family, from two cells to the registry.

The edits are read from the notebook's own text, so that what a reader pastes is what runs here.
"""

import ast
import json
import tarfile
from pathlib import Path

import pytest
from first_change import NOTEBOOK, paste
from projects import TRAINING, LocalState, Run, run_notebook

pytestmark = pytest.mark.slow


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
