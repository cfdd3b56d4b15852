"""monitor.py: the baseline of a trained model, and windows of what an endpoint captured."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Trained

import monitor
from inference import model_fn, output_fn, predict_fn
from tabular.artifact import extract


@pytest.fixture(scope="session")
def baseline(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baseline") / "baseline"
    main(trained, folder, train=trained.data / "train", test=trained.data / "test")
    return folder


def main(trained: Trained, output: Path, **more: object) -> None:
    options = {"model": trained.model, "schema": trained.data / "schema", "output": output, **more}
    monitor.main([f"--{name.replace('_', '-')}={value}" for name, value in options.items()])


def records(trained: Trained) -> list[dict[str, Any]]:
    lines = (trained.data / "records" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(each) for each in lines]


def capture(trained: Trained, folder: Path, rows: list[dict[str, Any]]) -> None:
    """What an endpoint with this model would have captured of these requests."""
    folder.mkdir(parents=True)
    model = model_fn(str(extract(trained.model, folder.parent)))
    body, kind = output_fn(predict_fn(rows, model), "application/jsonlines")
    assert kind == "application/jsonlines"
    with (folder / "00-00-000-a.jsonl").open("w", encoding="utf-8") as file:
        for number, (row, answer) in enumerate(zip(rows, body.splitlines(), strict=True)):
            side = {"observedContentType": "application/json", "encoding": "JSON"}
            data = {
                "endpointInput": {**side, "data": json.dumps(row)},
                "endpointOutput": {**side, "data": answer},
            }
            about = {"eventId": f"e{number}", "inferenceTime": "2026-11-25T10:00:00Z"}
            file.write(json.dumps({"captureData": data, "eventMetadata": about}) + "\n")


@pytest.fixture(scope="session")
def rows(trained: Trained) -> list[dict[str, Any]]:
    """Raw test records, some of them twice, so that there are enough for a window."""
    found = records(trained)
    return [found[place % len(found)] for place in range(600)]


def watched(
    trained: Trained, baseline: Path, folder: Path, rows: list[dict[str, Any]], **more: object
) -> dict[str, Any]:
    capture(trained, folder / "capture", rows)
    main(trained, folder / "out", baseline=baseline, capture=folder / "capture", **more)
    found: dict[str, Any] = json.loads((folder / "out" / "monitoring.json").read_text())
    named = json.loads((folder / "out" / "constraint_violations.json").read_text())["violations"]
    return {**found, "violations": named}


def test_a_baseline_names_the_columns_and_metrics_of_its_model(baseline: Path) -> None:
    data = json.loads((baseline / "data" / "statistics.json").read_text())
    kept = json.loads((baseline / "data" / "constraints.json").read_text())
    names = [each["name"] for each in data["features"]]
    assert names == [each["name"] for each in kept["features"]]
    assert {"mileage_km", "fuel"} <= set(names)
    assert not {"listed_on", "listing_id"} & set(names)
    quality = json.loads((baseline / "quality" / "constraints.json").read_text())
    (bounds,) = (each for name, each in quality.items() if name.endswith("_constraints"))
    for name, bound in bounds.items():
        worse = bound["threshold"] > bound["additional_properties"]["value"]
        assert worse == (bound["comparison_operator"] == "GreaterThanThreshold"), name


def test_calm_requests_raise_nothing(
    trained: Trained, baseline: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    found = watched(trained, baseline, tmp_path, rows)
    assert found["rows"] == len(rows)
    assert found["violations"] == []


def test_a_shifted_column_is_named_and_no_other(
    trained: Trained, baseline: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    shifted = [
        {**row, "mileage_km": row["mileage_km"] and str(float(row["mileage_km"]) + 60_000)}
        for row in rows
    ]
    found = watched(trained, baseline, tmp_path, shifted)
    named = {each["feature_name"] for each in found["violations"]}
    assert "mileage_km" in named
    assert named <= {"mileage_km", "prediction"}
    said = {each["description"] for each in found["violations"]}
    assert all("distance: " in each and "exceeds threshold: " in each for each in said)


def test_true_labels_keep_the_bounds_and_false_ones_break_them(
    trained: Trained, baseline: Path, tmp_path: Path
) -> None:
    rows = records(trained)
    truth = labels(trained)
    for name, given in (("true", truth), ("false", truth[1:] + truth[:1])):
        (tmp_path / name / "labels").mkdir(parents=True)
        table = "".join(f"e{place},{label}\n" for place, label in enumerate(given))
        (tmp_path / name / "labels" / "truth.csv").write_text("id,label\n" + table)
    right = watched(
        trained, baseline, tmp_path / "true", rows, ground_truth=tmp_path / "true" / "labels"
    )
    wrong = watched(
        trained, baseline, tmp_path / "false", rows, ground_truth=tmp_path / "false" / "labels"
    )
    assert right["labelled"] == len(rows)
    assert [each for each in right["violations"] if "metric_name" in each] == []
    assert [each for each in wrong["violations"] if "metric_name" in each]


def labels(trained: Trained) -> list[str]:
    with (trained.data / "test" / "test.csv").open(encoding="utf-8", newline="") as file:
        return [row[trained.target] for row in csv.DictReader(file)]


def test_a_window_is_cut_by_time(
    trained: Trained, baseline: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    after = watched(trained, baseline, tmp_path / "a", rows[:20], start="2026-11-25T10:00:01Z")
    inside = watched(trained, baseline, tmp_path / "b", rows[:20], end="2026-11-25T10:00:01Z")
    assert (after["rows"], inside["rows"]) == (0, 20)
    assert any("20 rows are few" in note for note in inside["notes"])


def test_a_half_written_line_is_said(
    trained: Trained, baseline: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    capture(trained, tmp_path / "capture", rows[:50])
    (path,) = (tmp_path / "capture").iterdir()
    path.write_text(path.read_text()[:-40])
    main(trained, tmp_path / "out", baseline=baseline, capture=tmp_path / "capture")
    found = json.loads((tmp_path / "out" / "monitoring.json").read_text())
    assert found["rows"] == 49
    assert any("1 captured lines could not be read" in note for note in found["notes"])


@pytest.mark.parametrize("time", ["yesterday", "25/11/2026"])
def test_a_time_that_is_none_is_refused(
    trained: Trained, baseline: Path, tmp_path: Path, time: str
) -> None:
    (tmp_path / "capture").mkdir()
    with pytest.raises(SystemExit, match=time):
        main(trained, tmp_path / "o", baseline=baseline, capture=tmp_path / "capture", start=time)
    assert not (tmp_path / "o").exists()
