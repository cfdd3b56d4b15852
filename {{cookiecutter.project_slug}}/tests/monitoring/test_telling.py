"""What is told of windows and of pipelines: once when it begins, once when it is over."""

import json
from typing import Any

import pytest

from {{ cookiecutter.package_name }} import paths
from {{ cookiecutter.package_name }}.monitoring import endings, telling, windows
from {{ cookiecutter.package_name }}.monitoring.windows import Rule

STATE = "s3://bucket/monitoring/cars"
DRIFTED = {"mileage_km": "distance: 0.3 exceeds threshold: 0.05"}


class Bucket:
    """As much of a session as keeps objects."""

    runs_here = True

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def list_s3_files(self, _: str, prefix: str) -> list[str]:
        return [key for key in self.kept if key.startswith(prefix)]

    def read_s3_file(self, _: str, key: str) -> str:
        return self.kept[key]

    def upload_string_as_file_body(self, body: str, _: str, key: str) -> None:
        self.kept[key] = body


def window(hour: int, violations: dict[str, str], package: str = "1", **more: Any) -> Any:
    return {"end": f"2026-11-26T{hour:02}:00:00+00:00", "package": package} | {
        "violations": violations,
        **more,
    }


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Any:
    """Each message that went out: subject and text."""
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    monkeypatch.delenv("ALERTS")
    file = tmp_path / "reports" / "alerts.jsonl"

    def messages() -> list[tuple[str, str]]:
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [(each["subject"], each["text"]) for each in map(json.loads, lines)]

    return messages


def test_two_of_three_windows_begin_an_alert_and_calm_ones_end_it(told: Any) -> None:
    session, entries, counts = Bucket(), [], []
    for hour, drifted in enumerate([False, True, False, True, True, False, False, True]):
        entries.append(window(hour, DRIFTED if drifted else {}))
        for _ in range(2):  # a window that is looked at again says nothing new
            telling.tell(session, STATE, "cars", entries, {"history": "index.html"})
        counts.append(len(told()))
    assert counts == [0, 0, 0, 1, 1, 1, 2, 2]
    begun, over = told()
    assert begun == (
        "cars: mileage_km out of bounds",
        "mileage_km: distance: 0.3 exceeds threshold: 0.05, since 2026-11-26 01:00 UTC\n"
        "history: index.html",
    )
    assert over[0] == "cars: mileage_km back in bounds"
    assert "over; it was since 2026-11-26 01:00 UTC" in over[1]


def test_windows_that_nobody_told_of_are_not_forgotten(told: Any) -> None:
    entries = [window(hour, DRIFTED) for hour in range(5)]
    telling.tell(Bucket(), STATE, "cars", entries, {})
    assert "since 2026-11-26 00:00" in told()[0][1]


def test_windows_of_an_earlier_model_are_not_counted(told: Any) -> None:
    session = Bucket()
    entries = [window(1, DRIFTED), window(2, DRIFTED)]
    telling.tell(session, STATE, "cars", entries, {})
    found = telling.tell(session, STATE, "cars", [*entries, window(3, DRIFTED, "2")], {})
    assert not found.standing and list(found.over) == ["mileage_km"]
    assert len(told()) == 2
    assert told()[1][0] == "cars: mileage_km counted anew: another model answers"


def test_a_message_of_many_columns_stays_terse() -> None:
    many = {f"column_{number}": "distance: 1" for number in range(9)}
    found = telling.news(Rule(1, 1), [windows.Window.of(window(1, many))], {})
    said = telling.message("cars", found, {})
    assert said is not None
    assert said.subject == "cars: column_0, column_1, column_2 and 6 more out of bounds"
    assert said.text.count("\n") == 8


def test_a_metric_is_told_from_a_column() -> None:
    entry = window(1, {"r2": "Metric r2 with 0.5 was LessThanThreshold 0.7"} | DRIFTED)
    entry |= {"metrics": {"r2": 0.5}}
    found = windows.standing(Rule(1, 1), [windows.Window.of(entry)])
    assert {name: each.is_metric for name, each in found.items()} == {
        "mileage_km": False,
        "r2": True,
    }


@pytest.mark.parametrize(
    ("status", "gate", "said"),
    [
        ("Succeeded", None, ""),
        ("Failed", None, "cars has failed"),
        ("Failed", "MissedGate", "cars has rejected its model"),
        ("Stopped", None, ""),
        ("Executing", None, ""),
    ],
)
def test_endings_are_told_as_set(told: Any, status: str, gate: str | None, said: str) -> None:
    run = {"run": "r", "execution": "arn", "pipeline": "cars", "status": status}
    endings.of_run(Bucket(), run | {"reason": "r2 is 0.4"}, gate)
    assert [subject for subject, _ in told()] == ([said] if said else [])
    assert not said or told()[0][1].startswith("r2 is 0.4\nrun: reports/runs/r\n")


@pytest.mark.parametrize(("needed", "of"), [(0, 3), (4, 3)])
def test_a_rule_that_can_never_be_is_refused(needed: int, of: int) -> None:
    with pytest.raises(ValueError, match="can never be"):
        Rule(needed, of)


def test_a_window_of_labels_alone_tells_of_metrics_and_of_no_column() -> None:
    worse = {"r2": "Metric r2 with 0.5 was less than 0.7"}
    alone = window(2, worse, rows=0, metrics={"r2": 0.5})
    entries = [window(1, DRIFTED, rows=9), alone, window(3, DRIFTED, rows=9)]
    found = windows.standing(Rule(2, 2), [windows.Window.of(each) for each in entries])
    assert set(found) == {"mileage_km"} and found["mileage_km"].since == entries[0]["end"]
    found = windows.standing(Rule(1, 1), [windows.Window.of(each) for each in entries[:2]])
    assert set(found) == {"mileage_km", "r2"}
