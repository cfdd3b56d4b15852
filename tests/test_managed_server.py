"""What SageMaker's own server does with a model's code, by the very library that it does it with.

The XGBoost image serves by `sagemaker-containers`: it copies a model's `code/` to `/opt/ml/code`
and installs it by pip, as a package of its own making unless there is a `setup.py`. Its tuning jobs
do the same with their `sourcedir.tar.gz`, and then run the script.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Run
from projects import prepare, staged_for_search, train
from replica import environment

pytestmark = pytest.mark.slow

SERVE = """
import sys
from sagemaker_containers import _modules
module = _modules.import_module(sys.argv[1], "inference")
print(module.__file__)
"""
TRAIN = """
import sys
from sagemaker_containers import _env, _errors, _files, _modules, _process
# What `run_module` does, but for a line of log that wants to know the job's machines.
_files.download_and_extract(sys.argv[1], _env.code_dir)
_modules.prepare(_env.code_dir, "train")
_modules.install(_env.code_dir)
script = [sys.executable, "-m", "train", *sys.argv[2:]]
_process.check_error(script, _errors.ExecuteUserScriptError)
"""
PREDICT = """
import json, sys
import inference, tabular.values
model = inference.model_fn(sys.argv[1])
records = inference.input_fn(sys.stdin.read(), "application/json")
body = inference.output_fn(inference.predict_fn(records, model), "application/json")
answer = json.loads(body if isinstance(body, str) else body[0])
print(json.dumps({"files": [inference.__file__, tabular.values.__file__], **answer}))
"""


@pytest.fixture(scope="module")
def server(image: Path) -> Iterator[Path]:
    """The interpreter of an environment with the library that the image serves by."""
    with environment.copied(image) as copy:
        yield copy / "bin" / "python"


@pytest.fixture(scope="module")
def prepared(bake: Callable[..., Path], run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with preprocessed data and a linear model, which needs few libraries."""
    project, folder = bake(), tmp_path_factory.mktemp("prepared")
    prepare(run, project, folder, rows=900)
    train(run, project, folder, folder / "model", "--model-family=linear")
    return folder


def ran(python: Path, code: str, *arguments: object, ml: Path, stdin: str = "") -> str:
    """What a program prints, standing in a folder that has nothing of ours."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(python), "-c", code, *map(str, arguments)],
        cwd=python.parent,
        env={**environment, "SAGEMAKER_BASE_DIR": str(ml)},
        capture_output=True,
        text=True,
        check=False,
        input=stdin,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_the_server_installs_a_model_s_code_with_its_library(
    server: Path, prepared: Path, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(prepared / "model", tmp_path / "ml" / "model"))
    ran(server, SERVE, model / "code", ml=tmp_path / "ml")
    shutil.rmtree(tmp_path / "ml" / "code")
    shutil.rmtree(model / "code")

    lines = (prepared / "records" / "test.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    body = f'{{"instances": [{",".join(lines)}]}}'
    answer = json.loads(ran(server, PREDICT, model, ml=tmp_path / "ml", stdin=body))
    assert all("site-packages" in file for file in answer["files"]), "found where pip put it"
    assert len({row["prediction"] for row in answer["predictions"]}) == 3


def test_a_tuning_job_installs_and_runs_the_training_script(
    server: Path, prepared: Path, bake: Callable[..., Path], run: Run, tmp_path: Path
) -> None:
    project = Path(shutil.copytree(bake(), tmp_path / "project"))
    staged = staged_for_search(run, project)
    arguments = [f"--{name}={prepared / name}" for name in ("train", "validation", "schema")]
    arguments += ["--model_family=linear", f"--model_dir={tmp_path / 'model'}"]
    printed = ran(server, TRAIN, staged, *arguments, ml=tmp_path / "ml")

    assert "validation:rmse=" in printed
    for file in (prepared / "model").rglob("*.*"):
        if "__pycache__" not in file.parts:
            made = tmp_path / "model" / file.relative_to(prepared / "model")
            assert made.read_bytes() == file.read_bytes(), f"{file.name} is another one there"
