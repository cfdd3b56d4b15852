"""How long captured requests take to become rows and a report, and in how much memory.

python benchmarks/captured_requests.py --requests 100000 --files 100
python benchmarks/captured_requests.py --growth 10 1000

The second compares the peak memory of as many files, of 100 requests each.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

RUNTIME = Path(__file__).parent.parent / "{{cookiecutter.project_slug}}" / "runtime"
sys.path.insert(0, str(RUNTIME))

from monitoring import (  # noqa: E402
    baseline,
    consolidation,
    constraints,
    dependence,
    distributions,
    model_quality,
    span,
    statistics,
    written,
)
from monitoring.dependence import Bins, ProfileCounter  # noqa: E402
from monitoring.distributions import Categories, Distribution, Numbers  # noqa: E402
from monitoring.shape import Shape  # noqa: E402
from monitoring.unlabelled import Unlabelled  # noqa: E402
from monitoring.window import look_at_data  # noqa: E402
from monitoring.window_quality import look_at_quality  # noqa: E402
from tabular import job, metrics  # noqa: E402
from tabular.predictions import Predictions  # noqa: E402

NUMBERS, TEXTS = 15, 5
COLUMNS = [{"name": f"n{place}", "role": "numeric"} for place in range(NUMBERS)]
COLUMNS += [{"name": f"t{place}", "role": "categorical"} for place in range(TEXTS)]
SIGNATURE: dict[str, Any] = {
    **{"columns": COLUMNS, "classes": [], "problem_type": "regression", "target": "price"}
}
SHAPE = Shape.of(SIGNATURE)


def write(folder: Path, requests: int, files: int) -> None:
    """Captured files of one hour."""
    draw = np.random.default_rng(1)
    hour = folder / "2026" / "11" / "25" / "10"
    hour.mkdir(parents=True)
    side = {"observedContentType": "application/json", "mode": "INPUT", "encoding": "JSON"}
    for number in range(files):
        with (hour / f"00-00-000-{number}.jsonl").open("w", encoding="utf-8") as file:
            for row in range(requests // files):
                record = {
                    f"n{place}": value for place, value in enumerate(draw.normal(size=NUMBERS))
                }
                record |= {f"t{place}": f"kind {draw.integers(9)}" for place in range(TEXTS)}
                answer = f'{{"predictions": [{{"prediction": {record["n0"] * 2}}}]}}'
                data = {
                    "endpointInput": {**side, "data": json.dumps(record)},
                    "endpointOutput": {**side, "data": answer},
                }
                about = {"eventId": f"{number}-{row}", "inferenceTime": "2026-11-25T10:00:00Z"}
                line = {"captureData": data, "eventMetadata": about, "eventVersion": "0"}
                file.write(json.dumps(line) + "\n")


def write_baseline(folder: Path) -> None:
    """The baseline of a model of these columns, n0 of which lay elsewhere."""
    draw = np.random.default_rng(2)
    columns: dict[str, Distribution] = {
        f"n{place}": Numbers.of(draw.normal(place == 0, size=10_000)) for place in range(NUMBERS)
    }
    kinds = {f"kind {each}": 1_100 for each in range(9)}
    columns |= {f"t{place}": Categories(kinds) for place in range(TEXTS)}
    said = statistics.document(columns, 10_000)
    prices = draw.normal(size=1_000)
    said["predictions"] = distributions.document(Numbers.of(prices))
    profiled = ProfileCounter({name: Bins.of(each) for name, each in columns.items()})
    profiled.add({"n0": prices}, Predictions(prices))
    said[baseline.PROFILES] = dependence.document(profiled.profiles())
    measure = partial(metrics.measure, "regression", [])
    bounds = model_quality.suggested(prices, Predictions(prices + 0.1), measure)
    for name, known, kept in (
        ("data", said, constraints.suggested(columns)),
        (
            "quality",
            model_quality.statistics("regression", 1_000, bounds),
            model_quality.document("regression", bounds),
        ),
    ):
        (folder / name).mkdir(parents=True)
        job.write_json(folder / name / "statistics.json", known)
        job.write_json(folder / name / "constraints.json", kept)


def look(folder: Path) -> None:
    """Print seconds and memory of each task on the captures of a folder."""
    tasks = written.Tasks(*(folder / each for each in ("window", "drift", "quality", "baseline")))
    for each in (tasks.window, tasks.drift, tasks.quality, folder / "report"):
        each.mkdir()
    begun, said = time.process_time(), []

    def done(task: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        said.append(f"{task} until {time.process_time() - begun:.1f} s and {peak:.0f} MB")

    done("start")
    time_of_all = span.given(span.NEWEST, span.NOW, None)
    files = consolidation.files(folder / "capture")
    found, after = consolidation.consolidate(tasks.window, files, SHAPE, time_of_all)
    written.window(tasks.window, found, time_of_all, after)
    done("consolidate")
    data = look_at_data(consolidation.batches(tasks.window, SHAPE), SIGNATURE, tasks.baseline)
    written.rows(tasks.drift, tasks.window, SIGNATURE, data)
    written.data(tasks.drift, data)
    done("drift")
    labels = {f"0-{row}": "1.5" for row in range(100)}
    waiting = Unlabelled(tasks.window, None, "", SHAPE, labels)
    rows = chain(consolidation.batches(tasks.window, SHAPE), waiting.late())
    quality = look_at_quality(rows, SIGNATURE, tasks.baseline, labels)
    quality.notes += waiting.keep(tasks.quality)
    written.quality(tasks.quality, quality)
    done("quality")
    written.report(folder / "report", tasks, None, "cars", "", "")
    done("report")
    print(f"{found.rows:,} rows of {len(files):,} files: {', '.join(said)}")


def measured(requests: int, files: int) -> str:
    """What a process of its own says of so many requests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "capture", requests, files)
        write_baseline(folder / "baseline")
        command = [sys.executable, __file__, "--look", name]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--growth", type=int, nargs="+", help="numbers of files to compare")
    parser.add_argument("--look", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.look:
        look(asked.look)
    elif asked.growth:
        for files in asked.growth:
            print(measured(100 * files, files))
    else:
        print(measured(asked.requests, asked.files))


if __name__ == "__main__":
    main()
