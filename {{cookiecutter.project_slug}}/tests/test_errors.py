"""A person's mistake is one sentence in a notebook, too."""

from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from {{ cookiecutter.package_name }} import errors
from {{ cookiecutter.package_name }}.notebooks import kernel_ahead, pipeline_run


def test_a_notebook_shows_the_sentence_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shell = InteractiveShell()
    shell.user_ns["errors"] = errors
    shell.run_cell("raise errors.ProjectError('cars.csv is not there; give another file')")
    assert capsys.readouterr().out == "ProjectError: cars.csv is not there; give another file\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "own.yaml is not there"),
        ("target: [price", "own.yaml is no YAML: while parsing a"),
        ("- target", "own.yaml should have a line for each parameter, such as `target: price`"),
        ("01_explore:\n  rows: 9", "own.yaml has '01_explore', and no parameter of a notebook is"),
    ],
)
def test_a_file_of_parameters_that_cannot_be_taken_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("fine.yaml").write_text("target: price\n", encoding="utf-8")
    if text:
        Path("own.yaml").write_text(text, encoding="utf-8")
    attempt = pipeline_run.Attempt(kernel_ahead.Ahead(tmp_path))
    failure = attempt.execute(["-f", "fine.yaml", "-f", "own.yaml"])
    assert failure.startswith(said) and "\n" not in failure
