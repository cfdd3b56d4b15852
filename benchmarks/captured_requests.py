"""How long captured requests take to become rows, and what they are compared with.

python benchmarks/captured_requests.py --requests 100000 --files 100
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RUNTIME = Path(__file__).parent.parent / "{{cookiecutter.project_slug}}" / "runtime"
sys.path.insert(0, str(RUNTIME))

from monitoring import consolidation, span  # noqa: E402
from monitoring.columns import ColumnCounters  # noqa: E402
from monitoring.consolidation import Shape  # noqa: E402

NUMBERS, TEXTS = 15, 5


def write(folder: Path, requests: int, files: int) -> dict[str, Path]:
    """Captured files of one hour, by their keys."""
    draw = np.random.default_rng(1)
    hour = folder / "2026" / "11" / "25" / "10"
    hour.mkdir(parents=True)
    side = {"observedContentType": "application/json", "mode": "INPUT", "encoding": "JSON"}
    found = {}
    for number in range(files):
        path = hour / f"00-00-000-{number}.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for row in range(requests // files):
                record = {
                    f"n{place}": value for place, value in enumerate(draw.normal(size=NUMBERS))
                }
                record |= {f"t{place}": f"kind {draw.integers(9)}" for place in range(TEXTS)}
                data = {
                    "endpointInput": {**side, "data": json.dumps(record)},
                    "endpointOutput": {**side, "data": '{"predictions": [{"prediction": 1.5}]}'},
                }
                about = {"eventId": f"{number}-{row}", "inferenceTime": "2026-11-25T10:00:00Z"}
                line = {"captureData": data, "eventMetadata": about, "eventVersion": "0"}
                file.write(json.dumps(line) + "\n")
        found[path.relative_to(folder).as_posix()] = path
    return found


def main() -> None:
    """Print seconds and memory of each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--files", type=int, default=100)
    asked = parser.parse_args()
    columns = [{"name": f"n{place}", "role": "numeric"} for place in range(NUMBERS)]
    columns += [{"name": f"t{place}", "role": "categorical"} for place in range(TEXTS)]
    shape = Shape([column["name"] for column in columns], [])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write(folder / "capture", asked.requests, asked.files)
        begun = time.process_time()
        all_of_it = span.given(span.NEWEST, span.NOW, None)
        found, _ = consolidation.consolidate(folder, files, shape, all_of_it)
        taken = time.process_time()
        counters = ColumnCounters(columns)
        for batch in consolidation.batches(folder, shape):
            counters.add(batch.records)
        counters.distributions()
        counted = time.process_time()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{found.rows:,} rows of {asked.files:,} files: consolidated in {taken - begun:.1f} s, "
        f"counted in {counted - taken:.1f} s, at most {memory:.0f} MB"
    )


if __name__ == "__main__":
    main()
