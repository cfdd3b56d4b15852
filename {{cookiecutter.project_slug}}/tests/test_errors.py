"""A person's mistake is one sentence in a notebook, too."""

import pytest
from IPython.core.interactiveshell import InteractiveShell

from {{ cookiecutter.package_name }} import errors


def test_a_notebook_shows_the_sentence_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shell = InteractiveShell()
    shell.user_ns["errors"] = errors
    shell.run_cell("raise errors.ProjectError('cars.csv is not there; give another file')")
    assert capsys.readouterr().out == "ProjectError: cars.csv is not there; give another file\n"
