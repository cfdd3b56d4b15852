"""Strict parameters: by the cells' text here, and once through papermill itself."""

import math
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from {{ cookiecutter.package_name }}.notebooks import parameters
from {{ cookiecutter.package_name }}.notebooks.parameters import ParameterError

IMPORT = "from {{ cookiecutter.package_name }}.notebooks import parameters"

DECLARED = """\
session: str = "local"  # where to run
threshold: float = 0.5  # least value of the metric
rounds: int = 100  # boosting rounds
start: bool = True  # start the pipeline
roles: list[str] = []  # columns
"""


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> InteractiveShell:
    """An IPython shell without cells."""
    shell = InteractiveShell()
    monkeypatch.setattr(parameters, "get_ipython", lambda: shell)
    return shell


def check(shell: InteractiveShell, injected: str = "", declared: str = DECLARED) -> None:
    """Check the parameters as the cell after the parameters cell would."""
    cells = ["import os", declared]
    if injected:
        cells.append(f"# Parameters\n{injected}\n")
    shell.user_ns["In"] = ["", *cells, "parameters.check_parameters()"]
    parameters.check_parameters()


@pytest.mark.parametrize(
    "injected",
    ["", 'session = "managed"', "threshold = 1", "rounds = 7", "start = False", 'roles = ["a"]'],
)
def test_good_values_pass(shell: InteractiveShell, injected: str) -> None:
    check(shell, injected)


def test_true_and_false_as_text_become_booleans(shell: InteractiveShell) -> None:
    check(shell, 'start = "false"')
    assert shell.user_ns["start"] is False


@pytest.mark.parametrize(
    ("injected", "message"),
    [
        ("treshold = 1", "no parameter 'treshold'; did you mean 'threshold'?"),
        ("zzz = 1", "it has session, threshold, rounds, start, roles"),
        ('threshold = "abc"', "must be float, not 'abc' (str); write a number without quotes"),
        ('rounds = "3"', "must be int, not '3' (str); write a number without quotes"),
        ("rounds = 3.5", "must be int, not 3.5 (float)"),
        ("rounds = True", "must be int, not True (bool)"),
        ("threshold = True", "must be float, not True (bool)"),
        ("session = 7", "write `-r session 7`"),
        ("start = 1", "write `-p start true` or `-p start false`"),
        ("session = None", "leave it out to use the notebook's own value"),
        ("threshold = float('nan')", "must be a finite number, not nan"),
        ("roles = 'a'", "must be list, not 'a' (str)"),
    ],
)
def test_bad_values_are_named(shell: InteractiveShell, injected: str, message: str) -> None:
    with pytest.raises(ParameterError) as raised:
        check(shell, injected)
    assert message in str(raised.value)


def test_a_value_typed_into_the_parameters_cell_is_checked(shell: InteractiveShell) -> None:
    with pytest.raises(ParameterError, match="'threshold' must be float, not 'high'"):
        check(shell, declared='threshold: float = "high"')


def test_types_come_from_the_defaults_where_nothing_is_annotated(shell: InteractiveShell) -> None:
    with pytest.raises(ParameterError, match="'rounds' must be int"):
        check(shell, 'rounds = "many"', declared="rounds = 100")


def test_the_cell_that_checks_declares_nothing(shell: InteractiveShell) -> None:
    shell.user_ns["In"] = ["", DECLARED, "done = parameters.check_parameters()"]
    parameters.check_parameters()
    shell.user_ns["In"] = ["", DECLARED, "# Parameters\nzzz = 1", "done = 1"]
    with pytest.raises(ParameterError, match="no parameter 'zzz'"):
        parameters.check_parameters()


def test_a_notebook_without_a_tagged_cell_is_refused(shell: InteractiveShell) -> None:
    with pytest.raises(ParameterError, match="no cell tagged 'parameters'"):
        check(shell, "rounds = 3", declared="import json")


def test_not_finite_values_are_read() -> None:
    [parameter] = parameters.assignments("x = float('-inf')")
    assert parameter.value == -math.inf


def test_papermill_stops_with_one_sentence(tmp_path: Path) -> None:
    kernel = {"name": "python3", "display_name": "python3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [
        nbformat.v4.new_code_cell(IMPORT),
        nbformat.v4.new_code_cell(DECLARED, metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("parameters.check_parameters()"),
    ]
    nbformat.write(notebook, tmp_path / "in.ipynb")
    command = [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb", "-k", "python3"]
    arguments = ["-p", "threshhold", "0.7"]

    run = subprocess.run(
        [*command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert run.returncode != 0
    assert "ParameterError: the notebook has no parameter 'threshhold'" in run.stderr
    [failed] = nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-1].outputs
    assert len(failed.traceback) == 1
