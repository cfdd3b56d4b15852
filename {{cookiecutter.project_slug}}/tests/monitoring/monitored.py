"""What an endpoint with a trained model would have captured, and the tasks of monitor.py on it."""

import csv
import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conftest import Trained

import monitor
from inference import model_fn, output_fn, predict_fn
from tabular.artifact import extract

# One model of each kind; the families differ in nothing that monitoring looks at.
KINDS = [
    ("regression", "xgboost"),
    ("binary_classification", "linear"),
    ("multiclass_classification", "xgboost"),
]
ONE = [("regression", "linear")]
HOUR = "2026/11/25/10"


def main(task: str, trained: Trained, output: Path, **more: object) -> None:
    """Run a task as a job would, in this process."""
    options = {"model": trained.model, "schema": trained.data / "schema", "output": output, **more}
    monitor.main([task, *(f"--{name.replace('_', '-')}={each}" for name, each in options.items())])


def read(path: Path) -> dict[str, Any]:
    """A document."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def records(trained: Trained) -> list[dict[str, Any]]:
    """Raw test records."""
    lines = (trained.data / "records" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(each) for each in lines]


def window_rows(trained: Trained) -> list[dict[str, Any]]:
    """Raw test records, some of them twice, so that there are enough for a window."""
    found = records(trained)
    return [found[place % len(found)] for place in range(600)]


def labels(trained: Trained) -> list[str]:
    """The truth of the test records."""
    with (trained.data / "test" / "test.csv").open(encoding="utf-8", newline="") as file:
        return [row[trained.target] for row in csv.DictReader(file)]


@cache
def _model(folder: Path) -> Any:
    with TemporaryDirectory() as scratch:
        return model_fn(str(extract(folder, Path(scratch))))


def lines(trained: Trained, rows: list[dict[str, Any]]) -> list[str]:
    """Captured requests with their answers."""
    model = _model(trained.model)
    body = output_fn(predict_fn(rows, model), "application/jsonlines")[0] if rows else ""
    side = {"observedContentType": "application/json", "encoding": "JSON"}
    found = []
    for number, (row, answer) in enumerate(zip(rows, body.splitlines(), strict=True)):
        data = {
            "endpointInput": {**side, "data": json.dumps(row)},
            "endpointOutput": {**side, "data": answer},
        }
        about = {"eventId": f"e{number}", "inferenceTime": "2026-11-25T10:00:00Z"}
        found.append(json.dumps({"captureData": data, "eventMetadata": about}) + "\n")
    return found


def capture(trained: Trained, folder: Path, rows: list[dict[str, Any]], name: str = "a") -> Path:
    """The file that an endpoint with this model would have captured of these requests."""
    path = folder / HOUR / f"00-00-000-{name}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(lines(trained, rows)), encoding="utf-8")
    return path


def watched(
    trained: Trained,
    baseline: Path,
    folder: Path,
    rows: list[dict[str, Any]],
    **window: object,
) -> dict[str, Any]:
    """What drift and quality say of these requests; all of it stays in the folder."""
    capture(trained, folder / "capture", rows, folder.name)
    main("consolidate", trained, folder / "window", capture=folder / "capture", **window)
    told = {"window": folder / "window", "baseline": baseline}
    for task in ("drift", "quality"):
        main(task, trained, folder / task, **told)
    return found(folder)


def found(folder: Path) -> dict[str, Any]:
    """What the tasks have left in a folder."""
    told = read(folder / "drift" / "drift.json")
    told["quality"] = read(folder / "quality" / "quality.json")
    for task in ("drift", "quality"):
        named = read(folder / task / "constraint_violations.json")["violations"]
        told[f"{task}_violations"] = named
    return told
