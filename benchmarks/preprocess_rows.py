"""Preprocessing against pandas: seconds, processor seconds and memory for a million rows and more.

    python benchmarks/preprocess_rows.py <a generated project> [--rows 1000000] [--large 10000000]

Both sides run one after the other, twice, and the better run counts. The other side is a bare
program of pandas that reads the same file as texts, hashes its rows by `pandas.util.hash_array` as
`preprocess.py` does, and writes the same three splits; it looks at nothing and checks nothing. With
`--large`, the memory of preprocessing a larger file is compared with that for the first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PANDAS = """
import hashlib, sys
from pathlib import Path
import numpy as np
import pandas as pd

source, target = sys.argv[1:]
raw = pd.read_csv(source, dtype=str)
total = np.zeros(len(raw), dtype="uint64")
for name in raw.columns:
    key = hashlib.sha256(name.encode()).hexdigest()[:16]
    known = raw[name].notna().to_numpy()
    total[known] += pd.util.hash_array(raw[name][known].to_numpy(object), hash_key=key)
share = total / 2.0**64
split = np.select([share < 0.2, share < 0.4], ["test", "validation"], "train")
for name in ("train", "validation", "test"):
    raw[split == name].to_csv(Path(target) / f"{name}.csv", index=False)
"""


@dataclass(frozen=True)
class Measured:
    """One program's run: seconds, seconds of processors, and its most memory in MB."""

    seconds: float
    processor: float
    memory: float


def run(command: list[str], project: Path, output: IO[str] | int = subprocess.DEVNULL) -> Measured:
    """Run a program and measure it; it must succeed."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=output, cwd=project)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{command[1]} failed")
    seconds = time.perf_counter() - started
    return Measured(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def sample(project: Path, folder: Path, rows: int) -> Path:
    """A file of sample data with so many rows, in a project's package."""
    path = folder / f"cars-{rows}.csv"
    package = next(path.parent.name for path in project.glob("src/*/sample_data.py"))
    code = (
        f"from pathlib import Path; from {package} import sample_data; "
        f"sample_data.write_sample(Path({str(path)!r}), {rows}, problem_type='regression')"
    )
    source = {**os.environ, "PYTHONPATH": f"{project / 'src'}"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=project, env=source)
    return path


def preprocess(project: Path, source: Path, target: Path, *more: str) -> Measured:
    """Preprocess a file by the project's script."""
    script = str(project / "runtime" / "preprocess.py")
    return run([sys.executable, script, f"--input={source}", f"--output={target}", *more], project)


def measure(project: Path, folder: Path, rows: int, repeat: int) -> dict[str, Measured]:
    """All sides, each the best of some runs."""
    source = sample(project, folder, rows)
    contract = next(iter(sorted((project / "contracts").glob("*-regression.json"))), None)
    pandas = folder / "bare_program.py"
    pandas.write_text(PANDAS, encoding="utf-8")
    found: dict[str, list[Measured]] = {}
    for number in range(repeat):
        target = folder / f"out-{number}"
        target.mkdir()
        command = [sys.executable, str(pandas), str(source), str(target)]
        found.setdefault("pandas: read, hash, write", []).append(run(command, project))
        plain = preprocess(project, source, target / "plain")
        found.setdefault("preprocess.py", []).append(plain)
        if contract:
            kept = preprocess(project, source, target / "kept", f"--contract={contract}")
            found.setdefault("preprocess.py with contract", []).append(kept)
    return {name: min(runs, key=lambda each: each.processor) for name, runs in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("project", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--large", type=int, default=0, help="rows of the larger file; 0: none")
    parser.add_argument("--repeat", type=int, default=2)
    options = parser.parse_args()
    project = options.project.resolve()
    with tempfile.TemporaryDirectory() as name:
        measured = measure(project, Path(name), options.rows, options.repeat)
        base = next(iter(measured.values()))
        for side, each in measured.items():
            print(
                f"{side:<28} {each.seconds:6.2f} s ({each.seconds / base.seconds:.2f}), "
                f"{each.processor:6.2f} s of processors ({each.processor / base.processor:.2f}), "
                f"{each.memory:6.0f} MB"
            )
        if options.large:
            source = sample(project, Path(name), options.large)
            large = preprocess(project, source, Path(name) / "large")
            ratio = large.memory / measured["preprocess.py"].memory
            print(
                f"{options.large:,} rows: {large.seconds:.1f} s, {large.memory:.0f} MB, "
                f"{ratio:.2f} times the memory of {options.rows:,}"
            )


if __name__ == "__main__":
    main()
