"""A notebook that starts with its libraries loaded shows what it would show anyway."""

import os
from pathlib import Path

import nbformat
import pytest
from preloaded import run_module

pytestmark = pytest.mark.slow

CELL = """
import os, sys
import matplotlib.pyplot as plt
plt.plot([1, 2])
print(os.environ["MPLBACKEND"], "preloaded_modules" in sys.modules)
"""


def test_a_figure_is_shown_and_nothing_else_is_said(tmp_path: Path) -> None:
    path, executed = tmp_path / "figure.ipynb", tmp_path / "executed.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)]), path)
    words = ["papermill", str(path), str(executed), "-k", "python3", "--no-progress-bar"]
    ran = run_module(words, tmp_path, os.environ)
    assert ran.returncode == 0, ran.stderr
    assert "Debugger" not in ran.stderr
    [cell] = nbformat.read(executed, as_version=4).cells
    said, shown = cell.outputs[0], cell.outputs[-1]
    assert said.text == "module://matplotlib_inline.backend_inline True\n"
    assert "image/png" in shown.data
