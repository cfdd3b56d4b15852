"""Whether a model is retrained, on what rows, and by which parameters."""

import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring import labelled

from {{ cookiecutter.package_name }} import settings
from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.monitoring import events, retraining, training_rows
from {{ cookiecutter.package_name }}.monitoring.champion_run import ChampionRun
from {{ cookiecutter.package_name }}.monitoring.findings import Findings

DRIFTED, WORSE = {"mileage_km": "distance: 0.3"}, {"r2": "Metric r2 with 0.5 was ..."}


def window(hour: int, violations: dict[str, str]) -> dict[str, Any]:
    metrics = {name: 0.5 for name in violations if name == "r2"}
    end = f"2026-11-26T{hour:02}:00:00+00:00"
    return {"end": end, "package": "1", "violations": violations, "metrics": metrics}


def found(entry: dict[str, Any]) -> Findings:
    named = [
        {"metric_name" if name == "r2" else "feature_name": name, "description": text}
        for name, text in entry["violations"].items()
    ]
    return Findings({"end": entry["end"]}, {}, {}, named)


@pytest.mark.parametrize(
    ("choice", "history", "since"),
    [
        ("never", [DRIFTED | WORSE] * 3, None),
        ("drift", [{}, {}, DRIFTED], None),  # one of three windows
        ("drift", [DRIFTED, {}, DRIFTED], "2026-11-26T00:00:00+00:00"),
        ("drift", [WORSE, WORSE, WORSE], None),  # a metric is no drift
        ("quality", [DRIFTED, DRIFTED, DRIFTED], None),
        ("quality", [{}, {}, WORSE], "2026-11-26T02:00:00+00:00"),
        ("quality", [{}, WORSE, WORSE], "2026-11-26T01:00:00+00:00"),
        ("now", [{}, {}, {}], ""),
    ],
)
def test_what_starts_a_retraining(choice: str, history: list[Any], since: str | None) -> None:
    entries = [window(hour, each) for hour, each in enumerate(history)]
    cause = retraining.cause(choice, entries, found(entries[-1]))
    assert (cause.since if cause else None) == since


def test_a_past_window_is_not_judged_by_later_ones() -> None:
    entries = [window(1, {}), window(2, DRIFTED), window(3, DRIFTED)]
    assert retraining.cause("drift", entries, found(entries[0])) is None


def test_a_cause_is_met_by_one_retraining(monkeypatch: pytest.MonkeyPatch) -> None:
    happened = [events.Event("2026-11-26T10:00:00+00:00", events.RETRAINED, "cars/2 waits")]
    monkeypatch.setattr(events, "of", lambda *_: happened)
    earlier = retraining.Cause("drift", "2026-11-26T09:00:00+00:00")
    later = retraining.Cause("drift", "2026-11-26T11:00:00+00:00")
    assert retraining.done_since(None, "cars", earlier) == "cars/2 waits"
    assert retraining.done_since(None, "cars", later) == ""
    assert retraining.done_since(None, "cars", retraining.Cause("it was asked for")) == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGINT for others")
def test_who_interrupts_a_retraining_stops_its_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "python"
    stopped = tmp_path / "stopped"
    # Not a shell, which cannot catch what was ignored when it began, as behind nohup.
    program.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, signal, sys, time\n"
        f"stop = lambda *_: sys.exit(pathlib.Path({str(stopped)!r}).touch())\n"
        "signal.signal(signal.SIGINT, stop)\n"
        "print('begun', flush=True)\n"
        "time.sleep(60)\n"
    )
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))

    def interrupted(line: str) -> None:
        assert line == "begun"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retraining.execute({}, interrupted)
    assert stopped.is_file()


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A window of ten rows, the later the earlier they stand."""
    table = pa.table(
        {
            "id": [f"r{number}" for number in range(10)],
            "time": pa.array(range(10, 0, -1), pa.timestamp("s", "UTC")),
            "prediction": [1.0] * 10,
            "in:colour": ["red", None] * 5,
            "in:id": [str(number) for number in range(10)],
        }
    )
    pq.write_table(table, tmp_path / "rows.parquet")
    return tmp_path


def test_rows_with_a_label_train_but_for_the_newest(rows: Path) -> None:
    labels = {f"r{number}": f"{number}" for number in range(8)} | {"unknown": "9"}
    assert labelled.write(rows, rows, labels) == 8
    older, newest = training_rows.divided(pq.read_table(rows / "labelled.parquet"), 0.25)
    assert training_rows.raw(newest, "price").to_pydict() == {
        "colour": [None, "red"],
        "id": ["1", "0"],
        "price": ["1", "0"],
    }
    assert training_rows.raw(older, "price").column("price").to_pylist() == list("765432")


def test_without_a_label_no_file_is_written(rows: Path) -> None:
    assert labelled.write(rows, rows, {}) == labelled.write(rows, rows, {"x": "1"}) == 0
    assert not (rows / "labelled.parquet").exists()


def test_too_few_labels_are_refused_in_words() -> None:
    few = pa.table({"time": [1, 2], "label": ["1", "2"]})
    for found_rows, said in ((None, "no rows"), (few, "2 rows")):
        with pytest.raises(ProjectError, match=f"{said} of the window have a label, and"):
            training_rows.put_together(None, [], found_rows, "price", 0.3, "w")


def champion(**parameters: Any) -> ChampionRun:
    package = {"ModelPackageGroupName": f"{settings.PROJECT_SLUG}-xgboost"}
    columns = [{"name": "a", "role": "numeric"}, {"name": "b", "role": "numeric"}]
    columns.append({"name": "c", "role": "categorical"})
    signature = {"problem_type": "regression", "target": "y", "columns": columns}
    return ChampionRun(package, signature, parameters, ["s3://bucket/data"])


def test_the_same_training_on_other_rows() -> None:
    run = champion(eta=0.2, model_family="both", new_data="x.csv", row_limit=9, split="date")
    asked = run.again("s3://bucket/train", "s3://bucket/test")
    assert asked["eta"] == 0.2 and asked["model_family"] == "xgboost"
    assert (asked["input_data"], asked["test_data"]) == ("s3://bucket/train", "s3://bucket/test")
    assert (asked["target"], asked["numeric"], asked["categorical"]) == ("y", "a,b", "c")
    assert asked["split"] == "hash" and not {"new_data", "row_limit"} & asked.keys()


@pytest.mark.parametrize(
    ("data", "contract"),
    [("", f"contracts/used_cars-{settings.PROBLEM_TYPE}.json"), ("s3://bucket/mine", "none")],
)
def test_rows_keep_the_contract_that_they_kept(data: str, contract: str) -> None:
    run = champion(input_data=data)
    run = ChampionRun(
        run.package, {**run.signature, "problem_type": settings.PROBLEM_TYPE}, run.parameters, []
    )
    assert run.again("s3://a", "s3://b")["contract"] == contract


def test_a_family_that_is_gone_is_refused() -> None:
    run = champion()
    with pytest.raises(ProjectError, match="of no model family"):
        ChampionRun({"ModelPackageGroupName": "other-lost"}, run.signature, {}, []).again("", "")
