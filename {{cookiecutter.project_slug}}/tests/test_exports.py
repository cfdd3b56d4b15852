"""Runtime scripts equal their cells, and notebooks are kept without outputs."""

from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from {{ cookiecutter.package_name }} import exports, paths

SCRIPT = "%%writefile ../runtime/step.py\nimport json\n\nprint(json.dumps({'é': 1}))"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one notebook, whose second cell writes a script."""
    for folder in ("notebooks", "runtime"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path / "notebooks")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.nbdev]\nallowed_metadata_keys = ["papermill"]\n'
        'allowed_cell_metadata_keys = ["tags"]\n'
    )
    write(tmp_path, SCRIPT)
    return tmp_path


def write(project: Path, *sources: str, name: str = "02_scripts.ipynb") -> None:
    """Write a notebook with a text cell and these code cells."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Scripts"), *cells])
    nbformat.write(notebook, project / "notebooks" / name)


def test_export_writes_what_the_magic_writes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports.main(["export"])
    exported = (project / "runtime/step.py").read_bytes()
    (project / "runtime/step.py").unlink()

    monkeypatch.chdir(project / "notebooks")
    InteractiveShell().run_cell(SCRIPT).raise_error()

    assert (project / "runtime/step.py").read_bytes() == exported


def test_check_passes_after_export(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exports.main(["export"])
    exports.main(["check"])
    assert "every runtime script equals its cell" in capsys.readouterr().out


def test_check_shows_notebook_cell_and_difference(project: Path) -> None:
    exports.main(["export"])
    (project / "runtime/step.py").write_text("import json\n")
    with pytest.raises(SystemExit) as raised:
        exports.main(["check"])
    message = str(raised.value)
    assert "runtime/step.py differs from notebooks/02_scripts.ipynb cell 2" in message
    assert "-print(json.dumps({'é': 1}))" in message


def test_check_finds_a_script_that_was_never_exported(project: Path) -> None:
    with pytest.raises(SystemExit, match=r"runtime/step\.py differs from"):
        exports.main(["check"])


def test_check_and_clean_of_a_notebook_that_was_run(project: Path) -> None:
    exports.main(["export"])
    path = project / "notebooks/02_scripts.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].update(execution_count=3, metadata={"tags": ["parameters"], "scrolled": True})
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(notebook, path)
    with pytest.raises(SystemExit, match=r"02_scripts\.ipynb holds outputs .* in cell 2"):
        exports.main(["check"])

    exports.main(["clean"])

    exports.main(["check"])
    assert nbformat.read(path, as_version=4).cells[1].metadata == {"tags": ["parameters"]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("../../elsewhere.py", "cell 2 writes ../../elsewhere.py, which is outside the project"),
        ("-a ../runtime/step.py", "cell 2 must name one file"),
    ],
)
def test_cells_that_cannot_be_exported(project: Path, line: str, message: str) -> None:
    write(project, f"%%writefile {line}\nx = 1")
    with pytest.raises(SystemExit, match=message):
        exports.main(["export"])
    assert list((project / "runtime").iterdir()) == []


def test_two_cells_for_one_file_are_refused(project: Path) -> None:
    write(project, SCRIPT, name="04_more.ipynb")
    with pytest.raises(SystemExit, match=r"04_more\.ipynb cell 2 writes runtime/step\.py, and so"):
        exports.main(["export"])


def test_code_that_only_mentions_the_magic_is_no_export(project: Path) -> None:
    write(project, "# %%writefile x.py", "print('%%writefile x.py')", "%%time\nx = '%%writefile'")
    assert exports.exports() == []
