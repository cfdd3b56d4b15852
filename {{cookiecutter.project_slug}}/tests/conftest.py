"""What tests share: small samples, the runtime scripts, and one trained model of each kind."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from {{ cookiecutter.package_name }} import paths, sample_data

sys.path.insert(0, str(paths.RUNTIME))
# Before XGBoost is loaded: several threads wait for each other on a busy machine, three times as
# long as one takes for such small samples.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["ALERTS"] = "none"  # whoever params/alerts.yaml names is not told of runs in tests
# The same examples in every run, however busy the machine is, and no folder left for them.
settings.register_profile("project", deadline=None, derandomize=True, database=None)
settings.load_profile("project")

ROWS = 900
PROBLEM_TYPES = tuple(sample_data.TARGETS)
FAMILIES = ("xgboost", "linear")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Trained:
    """Where the scripts left their files, for one problem type and model family."""

    problem_type: str
    family: str
    target: str
    data: Path
    model: Path
    evaluation: Path


@pytest.fixture(scope="session")
def run() -> Run:
    """Run a script in a process of its own, as a job would: `run("train", model_dir=...)`."""

    def run_script(script: str, **arguments: object) -> "subprocess.CompletedProcess[str]":
        options = [f"--{name.replace('_', '-')}={value}" for name, value in arguments.items()]
        command = [sys.executable, str(paths.RUNTIME / f"{script}.py"), *options]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    return run_script


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small CSV of listings for each problem type."""
    folder = tmp_path_factory.mktemp("samples")
    return {
        problem_type: sample_data.write_sample(
            folder / problem_type / "cars.csv", ROWS, problem_type=problem_type
        )
        for problem_type in PROBLEM_TYPES
    }


@pytest.fixture(scope="session")
def split_data(
    samples: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Preprocessed samples: folders with train, validation, test and schema."""
    import preprocess

    folder = tmp_path_factory.mktemp("data")
    for problem_type, csv in samples.items():
        where = [f"--input={csv.parent}", f"--output={folder / problem_type}"]
        preprocess.main([*where, f"--problem-type={problem_type}"])
    return {problem_type: folder / problem_type for problem_type in samples}


@pytest.fixture(scope="session")
def trainings() -> dict[tuple[str, str], Trained]:
    """Models that were trained by now: tests that ask for one kind alone share it."""
    return {}


@pytest.fixture(
    scope="session",
    params=[(kind, family) for kind in PROBLEM_TYPES for family in FAMILIES],
    ids="-".join,
)
def trained(
    request: pytest.FixtureRequest,
    split_data: dict[str, Path],
    trainings: dict[tuple[str, str], Trained],
    tmp_path_factory: pytest.TempPathFactory,
) -> Trained:
    """A trained and evaluated model, once for each problem type and family."""
    import evaluate
    import train

    problem_type, family = request.param
    if request.param in trainings:
        return trainings[request.param]
    data = split_data[problem_type]
    folder = tmp_path_factory.mktemp(f"{problem_type}-{family}")
    channels = [f"--{name}={data / name}" for name in ("train", "validation", "schema")]
    train.main([*channels, f"--model-dir={folder / 'model'}", f"--model-family={family}"])
    tests = [f"--{name}={data / name}" for name in ("test", "schema")]
    evaluate.main([*tests, f"--model={folder / 'model'}", f"--output={folder / 'evaluation'}"])
    target = sample_data.TARGETS[problem_type]
    found = Trained(
        problem_type, family, target, data, folder / "model", folder / "evaluation/evaluation.json"
    )
    trainings[request.param] = found
    return found


@pytest.fixture(scope="session")
def baselines() -> dict[Path, Path]:
    """Baselines that were written by now, by the folder of their model."""
    return {}


@pytest.fixture(scope="session")
def baseline(
    trained: Trained, baselines: dict[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The baseline of a trained model, as monitor.py writes it."""
    import monitor

    if trained.model not in baselines:
        folder = tmp_path_factory.mktemp("baseline") / "baseline"
        data = [f"--{name}={trained.data / name}" for name in ("train", "test", "schema")]
        monitor.main(["baseline", *data, f"--model={trained.model}", f"--output={folder}"])
        baselines[trained.model] = folder
    return baselines[trained.model]
