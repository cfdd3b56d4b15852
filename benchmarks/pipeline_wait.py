"""What a person waits for: `make pipeline` on 4,000 rows, at first, and with nothing changed.

    python benchmarks/pipeline_wait.py --repeats 5

Beside it stands papermill alone on the same notebook, which leaves no report: what the command does
while the notebook's process starts, and how often it writes the notebook, shows in the difference.
Medians of the repeats, in turns, in seconds.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import template

NOTEBOOK = "03_training_pipeline.ipynb"
PARAMETERS = ["-f", "params/local.yaml"]
WAYS = {
    "make pipeline": ["used_car_prices", "pipeline", *PARAMETERS],
    "papermill alone": ["papermill", f"notebooks/{NOTEBOOK}", f"reports/{NOTEBOOK}", *PARAMETERS],
}


def run(words: list[str], project: Path) -> tuple[float, float]:
    """Seconds until a program has ended, and those of all processes on a processor."""
    before, start = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", *words],
        cwd=project,
        env=template.variables(project),
        check=True,
        capture_output=True,
    )
    seconds, after = time.perf_counter() - start, os.times()
    busy = after.children_user + after.children_system
    return seconds, busy - before.children_user - before.children_system


def in_cells(project: Path) -> float:
    """Seconds that the cells of the last run took, as papermill records them."""
    notebook = nbformat.read(project / "reports" / NOTEBOOK, as_version=4)
    return sum(cell.metadata.get("papermill", {}).get("duration") or 0 for cell in notebook.cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    measured: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        project = template.generate(Path(folder))
        run(WAYS["make pipeline"], project)  # compiles, and makes the sample data
        for _ in range(repeats):
            for name, words in WAYS.items():
                shutil.rmtree(project / ".sagemaker-local")
                for state in ("nothing to reuse", "nothing changed"):
                    found = (*run(words, project), in_cells(project))
                    measured.setdefault((state, name), []).append(found)
    for (state, name), rows in sorted(measured.items()):
        seconds, busy, cells = map(statistics.median, zip(*rows, strict=True))
        print(
            f"{state}, {name}: {seconds:.1f} s, {busy:.1f} s on processors, {cells:.1f} s in cells"
        )


if __name__ == "__main__":
    main()
