"""A model that an earlier version of the template trained is still judged by the code it came with.

`champions/` holds such models. Those of `flat-code` are from the time before `runtime/tabular`:
their `code/` has values.py and contract.py beside inference.py. Each was measured by its own
version of the scripts when it was made, on the sample data that is generated here again.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Run

CHAMPIONS = Path(__file__).parent / "champions"
MEASURED = json.loads((CHAMPIONS / "measured.json").read_text(encoding="utf-8"))
ROWS = 1200  # of the sample that they were measured on

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("champion", MEASURED)
def test_an_old_champion_is_measured_as_it_was_then(
    champion: str, bake: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    project, problem_type = bake(), MEASURED[champion]["problem_type"]

    def script(name: str, **arguments: object) -> None:
        options = [f"--{key.replace('_', '-')}={value}" for key, value in arguments.items()]
        done = run(["python", f"runtime/{name}.py", *options], project)
        assert done.returncode == 0, done.stderr

    raw, data = tmp_path / "raw" / "cars.csv", tmp_path / "data"
    sample = ["--rows", str(ROWS), "--problem-type", problem_type, "--output", str(raw)]
    run(["python", "-m", "used_car_prices", "sample-data", *sample], project)
    script("preprocess", input=raw, output=data, problem_type=problem_type)
    prepared = {name: data / name for name in ("train", "validation", "schema")}
    script("train", **prepared, model_family="linear", model_dir=tmp_path / "model")
    (tmp_path / "champion").mkdir()
    shutil.copy(CHAMPIONS / f"{champion}.tar.gz", tmp_path / "champion" / "model.tar.gz")
    held_out = {"test": data / "test", "schema": data / "schema", "output": tmp_path / "e"}
    rivals = {"model": tmp_path / "model", "champion": tmp_path / "champion"}
    script("evaluate", **rivals, **held_out)

    evaluation = json.loads((tmp_path / "e" / "evaluation.json").read_text(encoding="utf-8"))
    found = {name: metric["value"] for name, metric in evaluation["champion_metrics"].items()}
    assert found == pytest.approx(MEASURED[champion]["metrics"], rel=1e-6)
    assert evaluation["rows"] == MEASURED[champion]["rows"]
    primary = evaluation["primary_metric"]
    better = evaluation["gate"]["value"] - found[primary]
    assert evaluation["gate"]["champion_margin"] == pytest.approx(better)
