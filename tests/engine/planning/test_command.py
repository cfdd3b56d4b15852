"""``python -m sagemaker_local plan``: a person asks of a file whether it would run here."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from sagemaker_local.__main__ import main

from engine.definitions import definition, fail, function, get, parameter, step

TEXT = definition(
    step("Start", "Pass", {}),
    fail("Stop", get("Parameters.Why"), DependsOn=["Start"]),
    parameters=[parameter("Why", "String")],
)
CALLS = definition(function("Call", "arn:aws:lambda:eu-west-1:111122223333:function:scorer"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.json"
    path.write_text(TEXT, encoding="utf-8-sig")  # as editors of Windows write it
    return path


def exit_code(*words: object) -> object:
    with pytest.raises(SystemExit) as ended:
        main(["plan", *map(str, words)])
    return ended.value.code


def test_it_shows_the_plan_with_the_starts_values(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(file, "--set", "Why=on purpose") == 0
    told = capsys.readouterr().out.splitlines()
    assert told == ["  1  Start  Pass", "  2  Stop   Fail           after Start"]


def test_it_says_every_reason_and_ends_with_another_code(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(file, "--set", "Wy=x") == 1
    told = capsys.readouterr().out
    assert "cannot run, for 2 reasons" in told
    assert "parameter 'Why': has no default, so a start must give it" in told
    assert "did you mean 'Why'?" in told


def test_of_several_files_it_counts_those_that_would_run(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = file.with_name("calls.json")
    calls.write_text(CALLS)
    assert exit_code(file, calls, "--function", "scorer") == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0] == f"{file}: refused" and f"{calls}: would run here" in told
    assert told[-1] == "1 of 2 would run here"


def test_a_function_that_nobody_gives_is_told_with_the_line_that_gives_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(CALLS))
    assert exit_code("-") == 1
    assert "LocalSession(..., functions={'scorer': my_handler})" in capsys.readouterr().out


def test_a_file_that_is_not_there_and_a_value_without_a_name_are_told(file: Path) -> None:
    assert exit_code(file.parent / "none.json") == (
        f"plan: {file.parent / 'none.json'} cannot be read: No such file or directory"
    )
    assert exit_code(file, "--set", "Why") == 2
