"""monitor.py: the baseline of a trained model, and windows of what an endpoint captured."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import Trained

import monitor
from inference import model_fn, output_fn, predict_fn
from tabular.artifact import extract

from {{ cookiecutter.package_name }}.deployments import smoke


@pytest.fixture(scope="session")
def baseline(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baseline") / "baseline"
    main("baseline", trained, folder, train=trained.data / "train", test=trained.data / "test")
    return folder


def main(task: str, trained: Trained, output: Path, **more: object) -> None:
    options = {"model": trained.model, "schema": trained.data / "schema", "output": output, **more}
    monitor.main([task, *(f"--{name.replace('_', '-')}={each}" for name, each in options.items())])


def records(trained: Trained) -> list[dict[str, Any]]:
    lines = (trained.data / "records" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(each) for each in lines]


def capture(trained: Trained, folder: Path, rows: list[dict[str, Any]], name: str = "a") -> None:
    """What an endpoint with this model would have captured of these requests."""
    hour = folder / "2026" / "11" / "25" / "10"
    hour.mkdir(parents=True)
    model = model_fn(str(extract(trained.model, folder.parent)))
    body = output_fn(predict_fn(rows, model), "application/jsonlines")[0] if rows else ""
    with (hour / f"00-00-000-{name}.jsonl").open("w", encoding="utf-8") as file:
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
    trained: Trained,
    baseline: Path,
    folder: Path,
    rows: list[dict[str, Any]],
    ground_truth: Path | None = None,
    **window: object,
) -> dict[str, Any]:
    """What drift and quality say of these requests."""
    capture(trained, folder / "capture", rows, folder.name)
    main("consolidate", trained, folder / "window", capture=folder / "capture", **window)
    told = {"window": folder / "window", "baseline": baseline}
    main("drift", trained, folder / "drift", **told)
    labels = {"ground_truth": ground_truth} if ground_truth else {}
    main("quality", trained, folder / "quality", **told, **labels)
    found = read(folder / "drift" / "drift.json")
    found["quality"] = read(folder / "quality" / "quality.json")
    for task in ("drift", "quality"):
        named = read(folder / task / "constraint_violations.json")["violations"]
        found[f"{task}_violations"] = named
    return found


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


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
    assert found["drift_violations"] == []


def test_a_shifted_column_is_named_and_no_other(
    trained: Trained, baseline: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    shifted = [
        {**row, "mileage_km": row["mileage_km"] and str(float(row["mileage_km"]) + 60_000)}
        for row in rows
    ]
    found = watched(trained, baseline, tmp_path, shifted)
    named = {each["feature_name"] for each in found["drift_violations"]}
    assert "mileage_km" in named
    assert named <= {"mileage_km", "prediction"}
    said = {each["description"] for each in found["drift_violations"]}
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
    right, wrong = (
        watched(trained, baseline, tmp_path / name, rows, tmp_path / name / "labels")
        for name in ("true", "false")
    )
    assert right["quality"]["labelled"] == len(rows)
    assert right["quality_violations"] == []
    assert wrong["quality_violations"]


def labels(trained: Trained) -> list[str]:
    with (trained.data / "test" / "test.csv").open(encoding="utf-8", newline="") as file:
        return [row[trained.target] for row in csv.DictReader(file)]


def test_a_window_is_cut_by_time_and_each_row_is_taken_once(
    trained: Trained, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    capture(trained, tmp_path / "capture", rows[:20])
    told = {"capture": tmp_path / "capture"}
    main("consolidate", trained, tmp_path / "a", **told, end="2026-11-25T10:00:00Z")
    main("consolidate", trained, tmp_path / "b", **told, bookmark=tmp_path / "a")
    main("consolidate", trained, tmp_path / "c", **told, bookmark=tmp_path / "b")
    assert [read(tmp_path / each / "window.json")["rows"] for each in "abc"] == [0, 20, 0]


def test_a_past_window_is_looked_at_again_without_moving_the_bookmark(
    trained: Trained, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    capture(trained, tmp_path / "capture", rows[:20])
    told = {"capture": tmp_path / "capture"}
    main("consolidate", trained, tmp_path / "a", **told)
    past = {"start": "2026-11-25T10:00Z", "end": "2026-11-25T11:00Z"}
    main("consolidate", trained, tmp_path / "b", **told, bookmark=tmp_path / "a", **past)
    main("consolidate", trained, tmp_path / "c", **told, start=past["end"], end="2026-11-26")
    found = {name: read(tmp_path / name / "window.json") for name in "abc"}
    assert [found[name]["rows"] for name in "abc"] == [20, 20, 0]
    assert [(tmp_path / name / "bookmark.json").is_file() for name in "abc"] == [True, False, False]
    with pytest.raises(SystemExit, match="`window` ends at 2026-11-25"):
        main("consolidate", trained, tmp_path / "d", **told, start="2026-11-26", end="2026-11-25")


def test_the_requests_of_a_smoke_check_are_nobody_s(
    trained: Trained, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    capture(trained, tmp_path / "capture", rows[:3])
    (file,) = (tmp_path / "capture").rglob("*.jsonl")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    lines[0]["eventMetadata"]["inferenceId"] = smoke.INFERENCE_ID
    file.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    main("consolidate", trained, tmp_path / "window", capture=tmp_path / "capture")
    assert read(tmp_path / "window" / "window.json")["rows"] == 2


def test_a_small_window_and_one_without_rows_say_so(
    trained: Trained, baseline: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    few = watched(trained, baseline, tmp_path / "few", rows[:20])
    none = watched(trained, baseline, tmp_path / "none", rows[:0])
    assert any("20 rows are few" in note for note in few["notes"])
    assert (none["rows"], none["drift_violations"], none["quality_violations"]) == (0, [], [])


def test_a_half_written_line_is_said(
    trained: Trained, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    capture(trained, tmp_path / "capture", rows[:50])
    (path,) = (tmp_path / "capture").rglob("*.jsonl")
    path.write_text(path.read_text()[:-40])
    main("consolidate", trained, tmp_path / "out", capture=tmp_path / "capture")
    found = read(tmp_path / "out" / "window.json")
    assert found["rows"] == 49
    assert any("1 captured lines could not be read" in note for note in found["notes"])


@pytest.mark.parametrize("time", ["yesterday", "25/11/2026"])
def test_a_time_that_is_none_is_refused(trained: Trained, tmp_path: Path, time: str) -> None:
    (tmp_path / "capture").mkdir()
    with pytest.raises(SystemExit, match=f"`window` is '{time}'; give a time"):
        main("consolidate", trained, tmp_path / "o", capture=tmp_path / "capture", start=time)
    assert not (tmp_path / "o").exists()


def test_a_report_opens_offline_and_the_history_grows_by_window(
    trained: Trained, baseline: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    shifted = [
        {**row, "mileage_km": row["mileage_km"] and float(row["mileage_km"]) + 60_000}
        for row in rows
    ]
    state, reports = tmp_path / "none", tmp_path / "again" / "report"
    for hour, (name, given) in enumerate(
        (("calm", rows), ("shifted", shifted), ("again", shifted)), start=11
    ):
        where = tmp_path / name
        watched(trained, baseline, where, given, bookmark=state, end=f"2026-11-25T{hour}:00Z")
        told = {each: where / each for each in ("window", "drift", "quality")}
        main("report", trained, where / "report", baseline=baseline, **told, state=state)
        state = where / "report" / "state"
    pages = tmp_path / "shifted" / "report" / "report"
    page = (pages / "report.html").read_text(encoding="utf-8")
    assert len(page) < 2_000_000
    assert "<script" not in page
    assert re.findall(r"""(?:src|href)=(\S+?)>|url\(""", page) == ['"index.html"']
    assert "<b>mileage_km</b>" in page
    calm = tmp_path / "calm" / "report" / "report" / "report.html"
    assert "<b>mileage_km</b>" not in calm.read_text(encoding="utf-8")
    windows = read(reports / "state" / "history.json")["windows"]
    assert [bool(each["violations"]) for each in windows] == [False, True, True]
    assert all(each["drift"]["mileage_km"] < 0.5 for each in windows[:1])
    index = (reports / "report" / "index.html").read_text(encoding="utf-8")
    assert index.count("mileage_km") >= 2
    told["state"] = tmp_path / "calm" / "report" / "state"  # as if nobody had seen "shifted"
    with pytest.raises(SystemExit, match="another window, until 2026-11-25T11:00"):
        main("report", trained, tmp_path / "late", baseline=baseline, **told)
    assert not (tmp_path / "late").exists()
