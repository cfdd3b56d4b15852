"""Manifests of a batch job's data capture are followed to its results, each taken once."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sagemaker_local import LocalSession

from monitoring import consolidation, span
from monitoring.shape import Shape

from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.monitoring import manifests, past

NOW = datetime.now(UTC)


@pytest.fixture
def session(tmp_path: Path) -> LocalSession:
    return LocalSession(tmp_path / "local", warm=False)


def put(session: Any, key: str, text: str) -> str:
    bucket = session.default_bucket()
    session.upload_string_as_file_body(text, bucket, key)
    return f"s3://{bucket}/{key}"


def job(session: Any, hour: str, name: str, lines: list[dict[str, Any]]) -> None:
    """What a job and its capture have left, beside what an endpoint has captured."""
    put(session, f"{name}/deep/a.csv.out", "".join(f"{json.dumps(each)}\n" for each in lines))
    prefix = f"s3://{session.default_bucket()}/{name}/"
    for side, key in (("output", "deep/a.csv.out"), ("input", "gone.csv")):
        manifest = json.dumps([{"prefix": prefix}, key])
        put(session, f"captures/cars/{side}/{hour}/{name}.json", manifest)
    put(session, "captures/cars/AllTraffic/2026/11/25/10/00-00-000-a.jsonl", "{}\n")


def line(age: int, **more: str) -> dict[str, Any]:
    return {"age": age, "SageMakerOutput": {"prediction": 3.5}, **more}


class Windows:
    """Windows of a capture, one after another, with the bookmark that each leaves."""

    def __init__(self, session: Any, folder: Path) -> None:
        self.session, self.folder = session, folder
        self.captures = f"s3://{session.default_bucket()}/captures/cars"
        self.state = f"s3://{session.default_bucket()}/state"

    def rows(self, window: str = past.NEWEST) -> list[tuple[str, str]]:
        """Id and value of each row of the next window."""
        time = past.read(window)
        uri = manifests.followed(self.session, self.captures, self.state, time)
        folder = self.folder / f"{len([*self.folder.iterdir()])}"
        (folder / "window").mkdir(parents=True)
        (folder / "results").mkdir()
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self.session.download_data(str(folder / "results"), bucket, f"{key}/")
        asked = (time.start.isoformat(), time.end.isoformat()) if time else ("bookmark", "now")
        state = self.folder / "local" / "s3" / bucket / "state"
        found = span.given(*asked, state if state.is_dir() else None)
        _, after = consolidation.consolidate(
            folder / "window",
            consolidation.files(folder / "results"),
            Shape(["age"], []),
            found,
        )
        if found.is_newest:
            put(self.session, "state/bookmark.json", json.dumps(after.document()))
        table = pq.read_table(folder / "window" / consolidation.FILE)
        return [(row["id"], row["in:age"]) for row in table.to_pylist()]


def test_results_are_found_by_their_manifests_and_taken_once(
    session: LocalSession, tmp_path: Path
) -> None:
    hour = f"{NOW:%Y/%m/%d/%H}"
    windows = Windows(session, tmp_path)
    job(session, hour, "first", [line(7, SageMakerInferenceId="u-1"), line(8)])
    assert windows.rows() == [("u-1", "7"), (f"{hour}/first-deep-a.csv.out/2", "8")]
    assert windows.rows() == [], "not twice, nor what an endpoint of that name has captured"
    job(session, hour, "second", [line(9, SageMakerInferenceId="u-2")])
    assert windows.rows() == [("u-2", "9")]
    assert len(windows.rows(f"{NOW:%Y-%m-%dT00:00Z}/2099-01-01")) == 3


def test_a_past_window_has_the_jobs_of_its_time(session: LocalSession, tmp_path: Path) -> None:
    timed = {"SageMakerInferenceTime": "2026-01-01T10:30:00Z", "SageMakerInferenceId": "u"}
    job(session, "2026/01/01/10", "first", [line(7, **timed)])
    job(session, "2026/01/01/12", "second", [line(8)])
    windows = Windows(session, tmp_path)
    assert windows.rows("2026-01-01T10:15Z/2026-01-01T11:00Z") == [("u", "7")]
    assert windows.rows("2026-01-01T10:45Z/2026-01-01T11:00Z") == []


@pytest.mark.parametrize("text", ["{", "{}", "[]", "[1, 2]", '["a", "b"]'])
def test_what_is_no_manifest_is_said(session: LocalSession, text: str) -> None:
    uri = put(session, "captures/cars/output/2026/01/01/10/a.json", text)
    with pytest.raises(ProjectError, match=r"a\.json is no manifest of a batch job's capture"):
        manifests.followed(session, uri, "s3://none/state", past.read("2026-01-01/2026-01-02"))


def test_a_result_that_is_gone_is_said(session: LocalSession) -> None:
    text = json.dumps([{"prefix": f"s3://{session.default_bucket()}/x/"}, "a.out"])
    uri = put(session, "captures/cars/output/2026/01/01/10/a.json", text)
    with pytest.raises(ProjectError, match=r"x/a\.out, which a manifest names, is not there"):
        manifests.followed(session, uri, "s3://none/state", past.read("2026-01-01/2026-01-02"))


def test_a_folder_of_results_is_taken_as_it_is(session: LocalSession) -> None:
    uri = put(session, "scored/a.csv.scored.csv", "age\n").rpartition("/")[0]
    assert manifests.followed(session, uri, "s3://none/state", None) == uri
