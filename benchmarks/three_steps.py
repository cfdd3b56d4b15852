"""Preprocess, train and evaluate 4,177 rows: the local session against the plain scripts.

    make benchmark

Both do the same work on the same data, in turns, in one run of this script. The session also
evaluates the gate and registers the model. ``cold`` counts from opening a session, with the start
of its fork server; ``warm`` is a session that is open already, as a notebook's is by the time that
its pipeline is defined. What counts is the ratio of the medians.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).resolve().parents[1]
NOTEBOOK = "03_training_pipeline.ipynb"
ROWS = 4177

# Runs in a process of its own: opens a session, and runs the pipeline as often as it is told.
ENGINE = """
import json, sys, time
from sagemaker_local import LocalSession
root, times = sys.argv[1], int(sys.argv[2])
seconds = []
opened = time.perf_counter()
session = LocalSession(root)
client = session.sagemaker_client
for number in range(times):
    started = time.perf_counter() if number else opened
    arn = client.start_pipeline_execution(PipelineName="used-car-prices-xgboost")
    arn = arn["PipelineExecutionArn"]
    status = "Executing"
    while status == "Executing":
        time.sleep(0.005)
        status = client.describe_pipeline_execution(PipelineExecutionArn=arn)
        status = status["PipelineExecutionStatus"]
    assert status == "Succeeded", client.list_pipeline_execution_steps(PipelineExecutionArn=arn)
    seconds.append(time.perf_counter() - started)
print(json.dumps(seconds))
"""


def generate(folder: Path) -> Path:
    """A default project whose training pipeline is defined, and not yet run."""
    answers = {"git_init": False}
    project = Path(
        cookiecutter(
            str(TEMPLATE),
            no_input=True,
            default_config=True,
            output_dir=str(folder),
            extra_context=answers,
        )
    )
    parameters = ["-p", "sample_rows", str(ROWS), "-p", "start", "false"]
    run(project, "papermill", f"notebooks/{NOTEBOOK}", str(folder / NOTEBOOK), *parameters)
    return project


def run(project: Path, program: str, *arguments: str) -> str:
    """Run one of the environment's programs, with the project's packages importable."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def plain(project: Path) -> float:
    """Seconds for the three scripts, each in a new interpreter, one after another."""
    (data,) = (project / "data").glob("*.csv")
    python = Path(sys.executable).name
    with tempfile.TemporaryDirectory() as folder:
        split = [f"--{name}={folder}/{name}" for name in ("train", "validation", "schema")]
        started = time.perf_counter()
        run(project, python, "runtime/preprocess.py", f"--input={data}", f"--output={folder}")
        run(project, python, "runtime/train.py", *split, f"--model-dir={folder}/model")
        held_out = [f"--model={folder}/model", f"--test={folder}/test", f"--schema={folder}/schema"]
        run(project, python, "runtime/evaluate.py", *held_out, f"--output={folder}/evaluation")
        return time.perf_counter() - started


def engine(project: Path, times: int) -> list[float]:
    """Seconds for each of ``times`` executions in one session; the first one is cold."""
    root = str(project / ".sagemaker-local")
    output = run(project, Path(sys.executable).name, "-c", ENGINE, root, str(times))
    return list(json.loads(output))


def measure(project: Path, repeats: int) -> dict[str, list[float]]:
    """Seconds by way of running, the ways taking turns."""
    ways: dict[str, Callable[[], float]] = {
        "plain scripts": lambda: plain(project),
        "session, cold": lambda: engine(project, 1)[0],
        "session, warm": lambda: engine(project, 3)[-1],
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(repeats):
        for name, way in ways.items():
            seconds[name].append(way())
        print(f"round {number + 1} of {repeats}", file=sys.stderr)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seconds = measure(generate(Path(folder)), options.repeats)
    base = statistics.median(seconds["plain scripts"])
    for name, values in seconds.items():
        middle = statistics.median(values)
        spread = f"{min(values):.2f} to {max(values):.2f} s"
        print(f"{name:<14} median {middle:5.2f} s ({spread}), ratio {middle / base:.2f}")


if __name__ == "__main__":
    main()
