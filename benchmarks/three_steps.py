"""Preprocess, train and evaluate 4,177 rows: plain scripts, the local session, SDK local mode.

    make benchmark

All do the same three jobs on the same data, in turns, in one run of this script:

- ``plain scripts``: each in a new interpreter, one after another;
- ``session, cold``: from opening a local session, with the start of its fork server;
- ``session, warm``: a session that is open already, as a notebook's is by the time that its
  pipeline is defined;
- ``session, nothing changed``: the same, where each step's result is in the cache;
- ``SDK local mode``: the SageMaker SDK's own, each job in a container of a prebuilt image, in a
  process that has the SDK imported; left out, with the reason, where there is no Docker or image.

What counts is the ratio of the medians: how many times as long plain scripts and local mode take.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import template
from three_step_pipeline import CACHED, EACH_TIME, STEPS

HERE = Path(__file__).resolve().parent
ROWS = 4177
PLAIN, LOCAL_MODE = "plain scripts", "SDK local mode"
CONTAINERS = "three-steps-benchmark"  # the project of Docker Compose that all of them are in


def generate(folder: Path) -> Path:
    """A default project with the pipelines of ``three_step_pipeline.py``, and their data."""
    project = template.generate(folder)
    run(project, HERE / "three_step_pipeline.py", project, ROWS)
    return project


def run(project: Path, script: Path | str, *arguments: object) -> str:
    """What a Python script prints that runs with the project's packages importable."""
    done = subprocess.run(
        [sys.executable, str(script), *map(str, arguments)],
        cwd=project,
        env=template.variables(project),
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
    raw = [f"--input={data}", f"--contract={project / 'contracts'}"]
    with tempfile.TemporaryDirectory() as folder:
        split = [f"--{name}={folder}/{name}" for name in ("train", "validation", "schema")]
        started = time.perf_counter()
        run(project, "runtime/preprocess.py", *raw, f"--output={folder}")
        run(project, "runtime/train.py", *split, f"--model-dir={folder}/model")
        held_out = [f"--model={folder}/model", f"--test={folder}/test", f"--schema={folder}/schema"]
        run(project, "runtime/evaluate.py", *held_out, f"--output={folder}/evaluation")
        return time.perf_counter() - started


def session(project: Path, pipeline: str, times: int) -> float:
    """Seconds for the last of ``times`` executions in one session; a first one is cold."""
    root = project / ".sagemaker-local"
    done = json.loads(run(project, HERE / "local_session.py", root, pipeline, times))
    if done["reused"] != (len(STEPS) if pipeline == CACHED else 0):
        sys.exit(f"{pipeline}: {done['reused']} steps came from the cache, which is not the point.")
    return float(done["seconds"][-1])


def sdk_local_mode(project: Path, image: str) -> float:
    """Seconds for the second execution in SDK local mode; the first one reads cold files."""
    done = json.loads(run(project, HERE / "sdk_local_mode.py", project, ROWS, image, 2))
    return float(done["seconds"][-1])


def missing(image: str) -> str:
    """What SDK local mode wants and this machine has not; empty where it can run."""
    if not shutil.which("docker"):
        return "there is no docker command"
    wanted = {
        "no Docker engine answers": ["docker", "ps"],
        "Docker has no compose command": ["docker", "compose", "version"],
        f"there is no image {image!r}, which make benchmark-image builds": [
            *("docker", "image", "inspect", image)
        ],
    }
    for reason, command in wanted.items():
        if subprocess.run(command, capture_output=True, check=False).returncode:
            return reason
    return ""


def remove_containers() -> None:
    """Remove what SDK local mode leaves: a stopped container for each job, and their network."""
    if shutil.which("docker"):
        down = ["docker", "compose", "--project-name", CONTAINERS, "down"]
        subprocess.run(down, capture_output=True, check=False)


def ways(project: Path, image: str) -> dict[str, Callable[[], float]]:
    """By the name of each way of running the three jobs, how to measure it once."""
    found: dict[str, Callable[[], float]] = {
        PLAIN: lambda: plain(project),
        "session, cold": lambda: session(project, EACH_TIME, 1),
        "session, warm": lambda: session(project, EACH_TIME, 3),
        "session, nothing changed": lambda: session(project, CACHED, 3),
    }
    if reason := missing(image):
        print(f"{LOCAL_MODE} is left out: {reason}.", file=sys.stderr)
    else:
        found[LOCAL_MODE] = lambda: sdk_local_mode(project, image)
    return found


def measure(ways: dict[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """Seconds by way of running, the ways taking turns."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(repeats):
        for name, way in ways.items():
            seconds[name].append(way())
        print(f"round {number + 1} of {repeats}", file=sys.stderr)
    return seconds


def report(seconds: dict[str, list[float]]) -> None:
    """Print each way's median and spread, and how many times as long the other ways take."""
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    bases = [name for name in (PLAIN, LOCAL_MODE) if name in medians]
    print(f"{'':<26}{'median':>9}{'range':>18}", *(f"{name:>16}" for name in bases))
    for name, values in seconds.items():
        spread = f"{min(values):.3f} to {max(values):.3f}"
        times = (f"{medians[base] / medians[name]:>14.1f} x" for base in bases)
        print(f"{name:<26}{medians[name]:>7.3f} s{spread:>18}", *times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--image", default="three-steps", help="what SDK local mode's jobs run in")
    options = parser.parse_args()
    # Files that a container wrote are root's: not every user can remove them.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["TMPDIR"] = folder  # where SDK local mode leaves its files
        os.environ["COMPOSE_PROJECT_NAME"] = CONTAINERS
        project = generate(Path(folder))
        try:
            report(measure(ways(project, options.image), options.repeats))
        finally:
            remove_containers()


if __name__ == "__main__":
    main()
