"""monitor.py: the baseline of a trained model, and windows of what an endpoint captured."""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from conftest import Trained
from monitored import KINDS, ONE, capture, found, labels, main, read, records, watched, window_rows

from {{ cookiecutter.package_name }}.deployments import smoke

EACH_KIND = pytest.mark.parametrize("trained", KINDS, indirect=True, ids="-".join)
JUST_ONE = pytest.mark.parametrize("trained", ONE, indirect=True, ids="-".join)


@pytest.fixture(scope="module")
def windows(trained: Trained, baseline: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three windows after each other, calm, shifted and shifted again, each with all its tasks."""
    folder = tmp_path_factory.mktemp("windows")
    rows, state = window_rows(trained), folder / "none"
    shifted = [
        {**row, "mileage_km": row["mileage_km"] and str(float(row["mileage_km"]) + 60_000)}
        for row in rows
    ]
    for hour, (name, given) in enumerate(
        (("calm", rows), ("shifted", shifted), ("again", shifted)), start=11
    ):
        where = folder / name
        watched(trained, baseline, where, given, bookmark=state, end=f"2026-11-25T{hour}:00Z")
        told = {each: where / each for each in ("window", "drift", "quality")}
        main("report", trained, where / "report", baseline=baseline, **told, state=state)
        state = where / "report" / "next-state"
    return folder


@EACH_KIND
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


@EACH_KIND
def test_calm_requests_raise_nothing(windows: Path) -> None:
    told = found(windows / "calm")
    assert told["rows"] == 600
    assert told["drift_violations"] == []
    rows = pq.read_table(windows / "calm" / "drift" / "triage.parquet")
    assert rows.num_rows == 600
    assert not any(rows["drifted_in"].to_pylist()) and not any(rows["drift_score"].to_pylist())


@EACH_KIND
def test_a_shifted_column_is_named_and_no_other(windows: Path) -> None:
    told = found(windows / "shifted")
    named = {each["feature_name"] for each in told["drift_violations"]}
    assert "mileage_km" in named
    assert named <= {"mileage_km", "prediction"}
    said = {each["description"] for each in told["drift_violations"]}
    assert all("distance: " in each and "exceeds threshold: " in each for each in said)
    rows = pq.read_table(windows / "shifted" / "drift" / "triage.parquet").to_pydict()
    marked = [
        float(rows["in:mileage_km"][place])
        for place, each in enumerate(rows["drifted_in"])
        if "mileage_km" in each
    ]
    assert len(marked) > 100 and min(marked) > 60_000
    assert None not in rows["prediction"] and len(set(rows["id"])) == 600


@EACH_KIND
def test_true_labels_keep_the_bounds_and_false_ones_break_them(
    trained: Trained, baseline: Path, tmp_path: Path
) -> None:
    rows, truth = records(trained), labels(trained)
    capture(trained, tmp_path / "capture", rows)
    main("consolidate", trained, tmp_path / "window", capture=tmp_path / "capture")
    for name, given in (("true", truth), ("false", truth[1:] + truth[:1])):
        (tmp_path / name / "labels").mkdir(parents=True)
        table = "".join(f"e{place},{label}\n" for place, label in enumerate(given))
        (tmp_path / name / "labels" / "truth.csv").write_text("id,label\n" + table)
        told = {"window": tmp_path / "window", "ground_truth": tmp_path / name / "labels"}
        main("quality", trained, tmp_path / name / "out", baseline=baseline, **told)
    violated = {
        name: read(tmp_path / name / "out" / "constraint_violations.json")["violations"]
        for name in ("true", "false")
    }
    assert read(tmp_path / "true" / "out" / "quality.json")["labelled"] == len(rows)
    assert violated["true"] == []
    assert violated["false"]


@JUST_ONE
def test_a_window_is_cut_by_time_and_each_row_is_taken_once(
    trained: Trained, tmp_path: Path
) -> None:
    capture(trained, tmp_path / "capture", records(trained)[:20])
    told = {"capture": tmp_path / "capture"}
    main("consolidate", trained, tmp_path / "a", **told, end="2026-11-25T10:00:00Z")
    main("consolidate", trained, tmp_path / "b", **told, bookmark=tmp_path / "a")
    main("consolidate", trained, tmp_path / "c", **told, bookmark=tmp_path / "b")
    assert [read(tmp_path / each / "window.json")["rows"] for each in "abc"] == [0, 20, 0]


@JUST_ONE
def test_a_past_window_is_looked_at_again_without_moving_the_bookmark(
    trained: Trained, tmp_path: Path
) -> None:
    capture(trained, tmp_path / "capture", records(trained)[:20])
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


@JUST_ONE
def test_the_requests_of_a_smoke_check_are_nobody_s(trained: Trained, tmp_path: Path) -> None:
    file = capture(trained, tmp_path / "capture", records(trained)[:3])
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    lines[0]["eventMetadata"]["inferenceId"] = smoke.INFERENCE_ID
    file.write_text("\n".join(map(json.dumps, lines)) + "\n", encoding="utf-8")
    main("consolidate", trained, tmp_path / "window", capture=tmp_path / "capture")
    assert read(tmp_path / "window" / "window.json")["rows"] == 2


@JUST_ONE
def test_a_small_window_and_one_without_rows_say_so(
    trained: Trained, baseline: Path, tmp_path: Path
) -> None:
    few = watched(trained, baseline, tmp_path / "few", records(trained)[:20])
    none = watched(trained, baseline, tmp_path / "none", [])
    assert any("20 rows are few" in note for note in few["notes"])
    assert (none["rows"], none["drift_violations"], none["quality_violations"]) == (0, [], [])


@JUST_ONE
@pytest.mark.parametrize("time", ["yesterday", "25/11/2026"])
def test_a_time_that_is_none_is_refused(trained: Trained, tmp_path: Path, time: str) -> None:
    (tmp_path / "capture").mkdir()
    with pytest.raises(SystemExit, match=f"`window` is '{time}'; give a time"):
        main("consolidate", trained, tmp_path / "o", capture=tmp_path / "capture", start=time)
    assert not (tmp_path / "o").exists()


@EACH_KIND
def test_a_report_opens_offline_and_the_history_grows_by_window(
    trained: Trained, baseline: Path, windows: Path, tmp_path: Path
) -> None:
    reports = windows / "again" / "report"
    page = (windows / "shifted/report/report/report.html").read_text(encoding="utf-8")
    assert len(page) < 2_000_000
    assert "<script" not in page
    assert re.findall(r"""(?:src|href)=(\S+?)>|url\(""", page) == ['"index.html"']
    assert "<b>mileage_km</b>" in page
    calm = windows / "calm" / "report" / "report" / "report.html"
    assert "<b>mileage_km</b>" not in calm.read_text(encoding="utf-8")
    history = read(reports / "next-state" / "history.json")["windows"]
    assert [bool(each["violations"]) for each in history] == [False, True, True]
    assert all(each["drift"]["mileage_km"] < 0.5 for each in history[:1])
    index = (reports / "report" / "index.html").read_text(encoding="utf-8")
    assert index.count("mileage_km") >= 2
    told: dict[str, Any] = {
        each: windows / "again" / each for each in ("window", "drift", "quality")
    }
    told["state"] = windows / "calm" / "report" / "next-state"  # as if nobody had seen "shifted"
    with pytest.raises(SystemExit, match="another window, until 2026-11-25T11:00"):
        main("report", trained, tmp_path / "late", baseline=baseline, **told)
    assert not (tmp_path / "late").exists()


@JUST_ONE
def test_labels_alone_are_a_window_and_train(
    trained: Trained, baseline: Path, windows: Path, tmp_path: Path
) -> None:
    """Nothing was asked since the last window, and the truth of it has come."""
    state = windows / "calm" / "report" / "next-state"
    truth = [f"e{place},{label}\n" for place, label in enumerate(labels(trained))]
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "truth.csv").write_text("id,label\n" + "".join(truth))
    of_labels = {"ground_truth": tmp_path / "labels"}
    given = {"capture": windows / "calm" / "capture", "end": "2026-11-25T12:00Z", **of_labels}
    main("consolidate", trained, tmp_path / "window", bookmark=state, **given)
    about = read(tmp_path / "window" / "window.json")
    assert (about["rows"], about["new"]) == (0, len(truth))
    told = {"window": tmp_path / "window", "baseline": baseline}
    main("drift", trained, tmp_path / "drift", **told)
    main("quality", trained, tmp_path / "quality", **told, **of_labels, state=state)
    told |= {name: tmp_path / name for name in ("drift", "quality")}
    main("report", trained, tmp_path / "report", **told, state=state)
    assert pq.read_table(tmp_path / "quality" / "labelled.parquet").num_rows == len(truth)
    before, alone = read(tmp_path / "report" / "next-state" / "history.json")["windows"]
    assert (before["rows"], before["metrics"]) == (600, {})
    assert (alone["rows"], alone["drift"]) == (0, {}) and alone["metrics"]
    after = tmp_path / "report" / "next-state"
    main("consolidate", trained, tmp_path / "next", bookmark=after, **given)
    assert read(tmp_path / "next" / "window.json")["new"] == 0
