"""What jobs are given: data from wherever a person keeps it, and options, short and long."""

import json
from pathlib import Path
from typing import Any

import pytest

from {{ cookiecutter.package_name }} import errors, paths
from {{ cookiecutter.package_name }}.pipelines import channels, inputs


class Session:
    """Stands for a session; remembers what was uploaded."""

    def __init__(self) -> None:
        self.uploaded: list[Path] = []
        self.texts: list[str] = []

    def upload_content(self, path: Path, **_: Any) -> str:
        self.uploaded.append(path)
        self.texts.append(path.read_text(encoding="utf-8"))
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


def test_options_of_any_length_go_into_a_file() -> None:
    session, long = Session(), ",".join(map(str, range(1500)))
    found = inputs.long_options(session, {"column-names": long, "drop": "", "target": "ä\nb"})
    assert found == {"options": "s3://bucket/options.json"}
    assert [json.loads(text) for text in session.texts] == [
        {"column-names": long, "target": "ä\nb"}
    ]


def test_without_options_there_is_no_file() -> None:
    session = Session()
    assert inputs.long_options(session, {"drop": "", "numeric": ""}) == {}
    assert session.uploaded == []


def test_what_is_not_given_is_not_on_the_command_line() -> None:
    from sagemaker.core.workflow.parameters import ParameterFloat

    threshold = ParameterFloat("Threshold", default_value=0.5).to_string()
    words = channels.arguments({"input": "/in", "target": "", "folds": "0", "bound": threshold})
    assert words == ["--input", "/in", "--folds", "0", "--bound", threshold]


def test_a_pipelines_parameter_that_may_be_empty_is_no_argument() -> None:
    from sagemaker.core.workflow.parameters import ParameterString

    with pytest.raises(errors.ProjectError, match="Column is empty unless a start gives it"):
        channels.arguments({"column": ParameterString("Column", default_value="")})


def test_everything_is_uploaded_by_its_content() -> None:
    """At a fixed prefix, what a run has read would be replaced by what a later one reads."""
    files = paths.PACKAGE.rglob("*.py")
    assert [file.name for file in files if ".upload_data(" in file.read_text("utf-8")] == []
