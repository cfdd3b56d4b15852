"""A library of one's own, as notebook 02 shows it: here, and in the rebuilt image, offline."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from conftest import Bake, sources
from first_change import add_library
from projects import TRAINING, LocalState, Run, failure, run_notebook, staged_for_search
from replica.container import container, write_training_config

pytestmark = pytest.mark.slow

LIBRARIES = ["python", "-m", "used_car_prices", "libraries"]
CHECK = [*LIBRARIES, "check"]
ASKS = "runtime/requirements.txt asks for lightgbm>=4.6, which is not installed here: make setup"
# What a container holds in the end.
VERSIONS = """
import lightgbm, numpy, pandas, sklearn
print(numpy.__version__, pandas.__version__, sklearn.__version__, lightgbm.__version__)
"""
ASKED = {"model_family": "lightgbm", "sample_rows": 1000, "metric_threshold": 0.3, "rounds": 40}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with LightGBM, where `make setup` would put it into the project's environment."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps"]
    command += ["--python", sys.executable, "--target", str(folder), "lightgbm>=4.6", "narwhals"]
    subprocess.run(command, check=True)
    return folder


@pytest.fixture(scope="module")
def project(bake: Bake, run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project after all that notebook 02 says of a library, and `make export`."""
    copy = Path(shutil.copytree(bake(), tmp_path_factory.mktemp("library") / "project"))
    add_library(copy)
    exported = run(["python", "-m", "used_car_prices", "exports", "export"], copy)
    assert exported.returncode == 0, exported.stderr
    for tool in (["check"], ["format", "--check"]):
        checked = run(["ruff", *tool, "runtime", "notebooks"], copy)
        assert checked.returncode == 0, checked.stdout
    return copy


@pytest.fixture(scope="module")
def env(project: Path, site: Path) -> dict[str, str]:
    """The environment of the project once it has the library."""
    return {"PYTHONPATH": os.pathsep.join([*sources(project), str(site)])}


@pytest.fixture(scope="module")
def trained(project: Path, env: dict[str, str], run: Run) -> LocalState:
    """What the pipeline left that trained with the library, its wheels beside the code."""
    assert run(CHECK, project, env).returncode == 0
    done = run([*LIBRARIES, "wheels"], project, env)
    assert done.returncode == 0, done.stderr
    ran = run_notebook(run, project, TRAINING, env, **ASKED)
    assert "installed here: lightgbm>=4.6" in ran.succeeded().output
    return LocalState(project)


@pytest.fixture(scope="module")
def model(trained: LocalState, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The registered model, unpacked."""
    (package,) = trained.packages()
    folder = tmp_path_factory.mktemp("model")
    (described,) = package["InferenceSpecification"]["Containers"]
    with tarfile.open(trained.path(described["ModelDataUrl"])) as archive:
        archive.extractall(folder)
    return folder


def job_of(state: LocalState, step: str, kind: str) -> tuple[dict[str, Any], Path]:
    """The job of a step of the last execution, described, and its /opt/ml."""
    name = state.steps()[step]["Metadata"][f"{kind}Job"]["Arn"].rsplit("/", 1)[1]
    describe = getattr(state.session.sagemaker_client, f"describe_{kind.lower()}_job")
    return describe(**{f"{kind}JobName": name}), state.root / "jobs" / name / "ml"


# Before anything starts


def test_a_library_that_is_not_there_is_said_before_a_pipeline_starts(
    project: Path, run: Run
) -> None:
    checked = run(CHECK, project)
    assert (checked.returncode, checked.stderr.strip()) == (1, f"libraries: {ASKS}")
    ran = run_notebook(run, project, model_family="lightgbm", sample_rows=600)
    assert failure(ran) == f"ProjectError: {ASKS}"
    assert LocalState(project).executions() == []


def test_a_library_is_resolved_for_the_image(bake: Bake, run: Run, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(bake(), tmp_path / "project"))
    wanted = copy / "runtime" / "requirements.txt"
    for line, code, says in (
        ("lightgbm>=4.6", 0, "jobs install lightgbm=="),
        ("lightgbm>=4.6", 0, "narwhals=="),  # what it needs, asked for once
        ("lightgbm>=99", 1, "cannot be installed in sagemaker-xgboost:3.2-0 (Python 3.12 on "),
        ("numpy>=2.2", 1, "holds numpy 2.1.0"),
        ("scikit-learn", 0, "jobs install nothing"),
    ):
        wanted.write_text(f"{line}\n", encoding="utf-8")
        done = run([*CHECK, "--session", "managed"], copy)
        assert (done.returncode, says in done.stdout + done.stderr) == (code, True), done.stderr
        assert "numpy==" not in done.stdout, "the image has it"
        assert "Traceback" not in done.stderr


# Here


def test_a_family_of_a_library_is_registered(trained: LocalState, model: Path) -> None:
    [package] = trained.packages()
    assert package["ModelPackageGroupName"] == "used-car-prices-lightgbm"
    wanted = (model / "code" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert wanted[:3] == ["-c constraints.txt", "--no-index", "--find-links wheels"]
    assert wanted[3].startswith("lightgbm==4.")
    assert (model / "model.txt").read_text(encoding="utf-8").startswith("tree\n"), "no pickle"
    importance = trained.evaluation(package)["importance"]
    assert importance["shap"].keys() == importance["permutation"].keys()


# In the image, without internet


def test_a_processing_job_installs_before_its_script(
    trained: LocalState, containers: Path, tmp_path: Path
) -> None:
    job, local = job_of(trained, "Evaluate", "Processing")
    shutil.copytree(local / "processing" / "input", tmp_path / "ml" / "processing" / "input")
    application = job["AppSpecification"]
    with container(containers, tmp_path / "ml") as evaluation:
        command = [*application["ContainerEntrypoint"], *application["ContainerArguments"]]
        done = evaluation.run(command, job.get("Environment"))
        held = evaluation.run(["python3", "-c", VERSIONS])

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Successfully installed lightgbm-4." in done.stdout and "test:r2=" in done.stdout
    assert held.stdout.startswith("2.1.0 2.2.3 1.8.0 4."), "nothing of the image was exchanged"


def test_a_training_job_installs_before_its_script(
    trained: LocalState, containers: Path, tmp_path: Path
) -> None:
    job, local = job_of(trained, "Train", "Training")
    ml = tmp_path / "ml"
    shutil.copytree(local / "input", ml / "input")
    (ml / "model").mkdir()
    (ml / "output").mkdir()
    algorithm = job["AlgorithmSpecification"]
    with container(containers, ml) as training:
        command = [*algorithm["ContainerEntrypoint"], *algorithm["ContainerArguments"]]
        variables = job.get("Environment", {}) | {"TRAINING_JOB_NAME": job["TrainingJobName"]}
        done = training.run(command, variables)

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Successfully installed lightgbm-4." in done.stdout
    assert (ml / "model" / "model.txt").is_file()


def test_a_job_of_a_search_installs_before_its_script(
    project: Path,
    env: dict[str, str],
    run: Run,
    trained: LocalState,
    containers: Path,
    tmp_path: Path,
) -> None:
    job, local = job_of(trained, "Train", "Training")
    ml = tmp_path / "ml"
    shutil.copytree(local / "input", ml / "input", ignore=shutil.ignore_patterns("code"))
    (ml / "model").mkdir()
    (ml / "output").mkdir()
    staged = staged_for_search(run, project, env)
    code = ml / "input" / "data" / "code"
    code.mkdir()
    shutil.make_archive(str(code / "sourcedir"), "gztar", staged)
    program = {
        "sagemaker_program": '"train.py"',
        "sagemaker_submit_directory": '"/opt/ml/input/data/code/sourcedir.tar.gz"',
    }
    channels = ["train", "validation", "schema"]
    write_training_config(ml, job["HyperParameters"] | program, channels)
    with container(containers, ml) as training:
        done = training.run(["train"])  # no variable: its build tools are among the wheels

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (ml / "model" / "model.txt").is_file()


def test_a_server_installs_what_the_model_was_trained_with(
    trained: LocalState, model: Path, containers: Path, tmp_path: Path
) -> None:
    [package] = trained.packages()
    (described,) = package["InferenceSpecification"]["Containers"]
    shutil.copytree(model, tmp_path / "ml" / "model")
    (records,) = trained.root.glob("s3/**/Preprocess/output/records/*")
    record = records.read_text(encoding="utf-8").splitlines()[0]
    with (
        container(containers, tmp_path / "ml") as endpoint,
        endpoint.serve(described["Environment"]) as server,
    ):
        answer = server.request("/invocations", record, "application/jsonlines")
    assert answer.status == 200 and "prediction" in answer.body
