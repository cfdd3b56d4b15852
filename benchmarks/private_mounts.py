"""What an ``/opt/ml`` of its own costs a job: the same empty script with it and without, in turn.

    python benchmarks/private_mounts.py --jobs 200

Both come from one warm server. The difference of the medians is the cost, unshare to unmounting;
of the minima, what it is on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import template  # noqa: F401 - which makes the engine importable
from sagemaker_local.processes.container_paths import ContainerPaths, kernel_refusal
from sagemaker_local.processes.runner import Command, Runner
from sagemaker_local.processes.warm import shared_runner


def milliseconds(runner: Runner, command: Command) -> float:
    begun = time.perf_counter()
    code = runner.start(command).wait()
    assert code == 0, command.log.read_text(encoding="utf-8")
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    jobs = parser.parse_args().jobs
    if reason := kernel_refusal():
        print(f"not measured: {reason}")
        return
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script.py")
        script.write_text("", encoding="utf-8")
        without = Command(("python3", str(script)), Path(folder), Path(folder, "job.log"))
        Path(folder, "ml").mkdir()
        own = replace(without, paths=ContainerPaths(Path(folder, "ml"), root=Path(folder, "root")))
        runner = shared_runner()
        runner.start(own).wait()
        pairs = [(milliseconds(runner, without), milliseconds(runner, own)) for _ in range(jobs)]
    before, after = map(sorted, zip(*pairs, strict=True))
    for name, of in (("median", statistics.median), ("least", min)):
        print(f"{name}: {of(before):.1f} ms without, {of(after):.1f} ms with its own /opt/ml")
        print(f"{name} cost of the mounts: {of(after) - of(before):.1f} ms a job")


if __name__ == "__main__":
    main()
