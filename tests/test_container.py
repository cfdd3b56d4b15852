"""What SageMaker would do with the same files: its training driver, and its way to serve.

The service runs a container in which ``/opt/ml`` exists. Here a private mount namespace gives a
process that path, and an environment has the library versions of the managed image.
"""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projects import LocalState, Run, run_notebook

pytestmark = pytest.mark.slow

Bake = Callable[..., Path]

# SageMaker's XGBoost image, version 3.2-0, has Python 3.12 and these.
IMAGE = ("numpy==2.1.*", "pandas==2.2.3", "scikit-learn==1.8.0", "xgboost-cpu==3.2.*")
IN_CONTAINER = """
set -e
mkdir "$SCRATCH/opt"
for entry in /opt/*/; do
    mkdir "$SCRATCH/opt/$(basename "$entry")"
    mount --rbind "$entry" "$SCRATCH/opt/$(basename "$entry")"
done
mkdir -p "$SCRATCH/opt/ml"
mount --bind "$ML" "$SCRATCH/opt/ml"
mount --rbind "$SCRATCH/opt" /opt
exec "$@"
"""
PREDICT = """
import json, sys
sys.path.insert(0, sys.argv[1] + "/code")
import inference
model = inference.model_fn(sys.argv[1])
answers = {}
for kind, body in json.load(sys.stdin).items():
    records = inference.input_fn(body, kind)
    answers[kind] = inference.output_fn(inference.predict_fn(records, model), "application/json")
print(json.dumps([answer if isinstance(answer, str) else answer[0] for answer in answers.values()]))
"""


def can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    probe = subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False)
    return probe.returncode == 0


@pytest.fixture(scope="module")
def trained(bake: Bake, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which the training pipeline has run once in the local session."""
    project = Path(shutil.copytree(bake(), tmp_path_factory.mktemp("container") / "project"))
    run_notebook(run, project, sample_rows=1500).succeeded()
    return project


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the managed image's libraries."""
    folder = tmp_path_factory.mktemp("image") / "env"
    uv = [sys.executable, "-m", "uv"]
    # The image's Python if it is on this machine, else this one; never a download.
    search = [*uv, "python", "find", "--no-python-downloads", "3.12"]
    wanted = subprocess.run(search, capture_output=True, text=True, check=False).stdout.strip()
    version = ["--python", wanted or sys.executable]
    subprocess.run([*uv, "venv", "-q", "--seed", *version, folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([*uv, "pip", "install", "-q", "--python", python, *IMAGE], check=True)
    return python


def training_job(state: LocalState) -> tuple[dict[str, Any], Path]:
    """The training job of the last execution, described, and its folder."""
    arn = state.steps()["Train"]["Metadata"]["TrainingJob"]["Arn"]
    name = arn.rsplit("/", 1)[1]
    job = state.session.sagemaker_client.describe_training_job(TrainingJobName=name)
    return job, state.root / "jobs" / name


def unpack(archive: Path, folder: Path) -> Path:
    shutil.unpack_archive(archive, folder)
    return folder


def records(project: Path) -> list[dict[str, Any]]:
    """A few raw test rows, among them an unseen category and a missing number."""
    (test,) = (project / ".sagemaker-local" / "s3").rglob("test.csv")
    with test.open(encoding="utf-8", newline="") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))[:5]
    rows[0]["make"] = "never seen"
    rows[1]["mileage_km"] = None
    return [{name: value for name, value in row.items() if name != "price"} for row in rows]


def predict(python: Path | str, model: Path, rows: list[dict[str, Any]]) -> list[list[float]]:
    """What an artifact's own inference code answers to each content type, in a fresh process."""
    table = io.StringIO()
    csv.writer(table).writerows(row.values() for row in rows)
    requests = {
        "text/csv": table.getvalue(),
        "application/json": json.dumps({"instances": rows}),
        "application/jsonlines": "".join(json.dumps(row) + "\n" for row in rows),
    }
    done = subprocess.run(
        [python, "-c", PREDICT, str(model)],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(answer)["predictions"] for answer in json.loads(done.stdout)]
    return [[row["prediction"] for row in answer] for answer in answers]


def test_the_artifact_serves_with_the_libraries_of_the_managed_image(
    trained: Path, image: Path, tmp_path: Path
) -> None:
    state = LocalState(trained)
    job, _ = training_job(state)
    model = unpack(state.path(job["ModelArtifacts"]["S3ModelArtifacts"]), tmp_path)

    there = predict(image, model, records(trained))
    here = predict(sys.executable, model, records(trained))

    assert len(there) == 3 and there[0] == there[1] == there[2], "one answer, whatever the format"
    assert there[0] == pytest.approx(here[0], rel=1e-6)
    assert len(set(there[0])) > 1


@pytest.mark.skipif(not can_unshare(), reason="no private mount namespace on this machine")
def test_the_sdk_s_own_driver_trains_the_same_model(
    trained: Path, image: Path, tmp_path: Path
) -> None:
    state = LocalState(trained)
    job, folder = training_job(state)
    ml = tmp_path / "ml"
    shutil.copytree(folder / "ml" / "input", ml / "input")
    (ml / "model").mkdir()
    (ml / "output").mkdir()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    specification = job["AlgorithmSpecification"]
    container = [*specification["ContainerEntrypoint"], *specification["ContainerArguments"]]
    environment = {
        "PATH": f"{image.parent}{os.pathsep}{os.environ['PATH']}",
        "ML": str(ml),
        "SCRATCH": str(scratch),
        "TRAINING_JOB_NAME": job["TrainingJobName"],
    }
    done = subprocess.run(
        ["unshare", "-Urm", "bash", "-c", IN_CONTAINER, "bash", *container],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Running Basic Script driver" in done.stdout
    assert "validation:rmse=" in done.stdout
    local = unpack(state.path(job["ModelArtifacts"]["S3ModelArtifacts"]), tmp_path / "local")
    names = sorted(path.relative_to(local) for path in local.rglob("*") if path.is_file())
    assert names == sorted(
        path.relative_to(ml / "model") for path in (ml / "model").rglob("*") if path.is_file()
    )
    rows = records(trained)
    assert predict(image, ml / "model", rows)[0] == pytest.approx(
        predict(image, local, rows)[0], rel=1e-6
    )
