"""Input data goes up from wherever a person keeps it."""

from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.package_name }} import errors, paths
from {{ cookiecutter.package_name }}.pipelines import inputs


class Session:
    """Stands for a session; remembers what was uploaded."""

    def __init__(self) -> None:
        self.uploaded: list[Path] = []

    def upload_data(self, path: Path, **_: Any) -> str:
        self.uploaded.append(path)
        return f"s3://bucket/{path.name}"


@pytest.fixture
def caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a person started the notebook, with a table in it."""
    monkeypatch.setattr(paths, "CALLER", tmp_path)
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    return tmp_path


def test_a_relative_path_starts_where_the_person_stands(caller: Path) -> None:
    session = Session()
    assert inputs.upload(session, "rows.csv") == "s3://bucket/rows.csv"
    assert session.uploaded == [caller / "rows.csv"]


def test_a_relative_path_may_start_at_the_project(caller: Path) -> None:
    assert inputs.find("params/local.yaml") == paths.PARAMS / "local.yaml"


def test_a_uri_is_passed_on(caller: Path) -> None:
    session = Session()
    assert inputs.upload(session, "s3://bucket/rows/") == "s3://bucket/rows/"
    assert session.uploaded == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere.csv", "nowhere.csv does not exist"),
        ("empty.csv", "empty.csv is empty"),
        ("folder", "folder is empty"),
        ("https://example.com/rows.csv", "neither a path nor an s3:// URI"),
    ],
)
def test_what_cannot_be_read_is_refused(caller: Path, source: str, said: str) -> None:
    (caller / "empty.csv").touch()
    (caller / "folder").mkdir()
    session = Session()
    with pytest.raises(errors.ProjectError, match=said):
        inputs.upload(session, source)
    assert session.uploaded == []
