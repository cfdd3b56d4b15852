"""The whole story on this machine: trained, served, drifted, found, told, and trained anew."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from projects import Run

pytestmark = pytest.mark.slow

SHIFTED = {"fuel", "mileage_km"}


@dataclass(frozen=True)
class Day:
    """What `drift-day` left."""

    project: Path
    folder: Path
    story: dict[str, Any]

    def window(self, name: str) -> dict[str, Any]:
        [found] = [each for each in self.story["windows"] if each["name"] == name]
        return dict(found)

    def columns(self, name: str) -> set[str]:
        """The columns that were named in a window; neither metrics nor predictions."""
        window = self.window(name)
        return set(window["violations"]) - set(window["metrics"]) - {"prediction"}


@pytest.fixture(scope="module")
def day(bake_module: Callable[[], Path], run: Run) -> Day:
    """A day that was played once."""
    project = bake_module()
    ended = run(["python", "-m", "used_car_prices", "drift-day"], project)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    folder = project / "reports" / "drift-day"
    return Day(project, folder, json.loads((folder / "story.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def bake_module(
    bake: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Path]:
    """A project of this file's own."""
    import shutil

    def baked() -> Path:
        return Path(shutil.copytree(bake(), tmp_path_factory.mktemp("day") / "project"))

    return baked


def test_calm_traffic_raises_nothing(day: Day) -> None:
    calm = day.window("calm")
    assert calm["rows"] >= 1_000
    assert not calm["violations"] and not calm["alerts"]


@pytest.mark.parametrize("name", ["shifted", "shifted again"])
def test_shifted_columns_are_named_and_no_others(day: Day, name: str) -> None:
    assert set(day.window(name)["shifted"]) == SHIFTED
    assert day.columns(name) == SHIFTED


def test_the_alert_goes_out_with_the_second_window_and_once(day: Day) -> None:
    assert not day.window("shifted")["alerts"]
    told = day.window("shifted again")["alerts"]
    [alert] = [each for each in told if each["subject"].endswith("out of bounds")]
    assert all(column in alert["subject"] and column in alert["text"] for column in SHIFTED)


def test_labels_show_that_the_answers_became_worse(day: Day) -> None:
    again = day.window("shifted again")
    assert again["metrics"]
    assert set(again["violations"]) & set(again["metrics"])


def test_one_retraining_wins_and_the_other_loses(day: Day) -> None:
    won, lost = day.story["retrainings"]
    assert won["version"] == 2 and won["challenger"] > won["champion"]
    assert lost["version"] == 0 and lost["challenger"] < lost["champion"]
    assert "is worse on the test rows than the champion's" in lost["reason"]


def test_the_page_opens_offline_and_its_links_lead_somewhere(day: Day) -> None:
    text = (day.folder / "index.html").read_text(encoding="utf-8")
    assert len(text) < 2_000_000
    assert "http://" not in text and "https://" not in text and "<script" not in text
    links = re.findall(r'href="([^"]*)"', text)
    assert len(links) >= 5
    for link in links:
        assert (day.folder / link).is_file(), link


def test_the_project_itself_is_as_it_was(day: Day) -> None:
    made = {path.name for path in (day.project / "reports").iterdir()} - {".gitkeep"}
    assert made == {"drift-day"}
    assert not (day.project / ".sagemaker-local").exists() and not (day.project / "data").exists()
