"""A notebook counts as executed only if its cells ran, and ran to the end."""

import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from {{ cookiecutter.package_name }} import cli, paths
from {{ cookiecutter.package_name }}.notebooks import sample_runs


def cell(source: str, count: int | None = 1, *tags: str, error: str = "") -> Any:
    """A code cell of an executed notebook; `error` is the name of what it raised."""
    made = nbformat.v4.new_code_cell(source, execution_count=count, metadata={"tags": list(tags)})
    if error:
        raised = {"ename": error, "evalue": "0", "traceback": []}
        made.outputs = [nbformat.v4.new_output("error", **raised)]
    return made


PARAMETERS = cell("rows = 1", 1, "parameters")
UNPROVEN = "proves nothing: all its cells are empty, skipped or parameters only"


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ([cell("1 + 1"), cell("", None), cell("# later", None)], ""),
        ([cell("1 + 1"), cell("2 + 2", None, "skip-execution")], ""),
        ([cell("%%writefile x.py\nx = 1")], ""),
        ([], UNPROVEN),
        ([cell("", None), cell("  \n# only words")], UNPROVEN),
        ([PARAMETERS, cell("rows = 2", 2, "injected-parameters")], UNPROVEN),
        ([PARAMETERS, cell("1 + 1", None, "skip-execution")], UNPROVEN),
        ([cell("%%script false --no-raise-error\n1 + 1")], UNPROVEN),
        ([cell("1 / 0", error="ZeroDivisionError")], "failed in cell 2: ZeroDivisionError: 0"),
        ([cell("1 + 1"), cell("2 + 2", None)], "ended before its end: cell 3 was never run"),
        ([cell("exit()", error="SystemExit"), cell("1", None)], "ended before its end: cell 3"),
        ([cell("1 + 1"), cell("exit()", error="SystemExit")], ""),
    ],
)
def test_what_an_executed_notebook_proves(cells: list[Any], problem: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), *cells])
    assert sample_runs.problem(notebook).startswith(problem)
    assert bool(sample_runs.problem(notebook)) == bool(problem)


def test_a_notebook_that_ends_early_fails_though_papermill_succeeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = ["import sys\nprint(sys.executable)", "sys.exit(0)", "1 / 0"]
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    source = tmp_path / "early.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), source)
    before = source.read_bytes()

    problem = sample_runs.run(source, tmp_path / "reports" / "early.ipynb", {})

    assert problem == "ended before its end: cell 3 was never run"
    assert source.read_bytes() == before
    assert "sys.executable" in (tmp_path / "reports" / "early.html").read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match=r"early\.ipynb ended before its end"):
        cli.main(["notebooks", "check", str(tmp_path / "reports" / "early.ipynb")])


def test_the_kernel_is_this_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever kernel of the same name a person has installed."""
    decoy = tmp_path / "decoy" / "kernels" / "python3"
    decoy.mkdir(parents=True)
    (decoy / "kernel.json").write_text('{"argv": ["false"], "display_name": "decoy"}')
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "decoy"))
    cells = [
        nbformat.v4.new_code_cell("expected = ''", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("import sys\nassert sys.executable == expected"),
    ]
    source = tmp_path / "kernel.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), source)
    target = tmp_path / "reports" / "kernel.ipynb"
    assert sample_runs.run(source, target, {"expected": sys.executable}) == ""


def test_a_file_that_is_no_notebook_is_one_sentence(tmp_path: Path) -> None:
    source = tmp_path / "broken.ipynb"
    source.write_text("{")
    assert sample_runs.run(source, tmp_path / "out.ipynb", {}).startswith("could not be run: ")


def test_sample_runs_have_a_state_of_their_own_that_is_gone_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = nbformat.v4.new_code_cell(
        f"from {sample_runs.__name__.partition('.')[0]} import paths\n"
        "before = paths.LOCAL_ROOT.exists() and (paths.LOCAL_ROOT / 'left').exists()\n"
        "(paths.LOCAL_ROOT / 'left').touch()\n"
        "print(paths.LOCAL_ROOT, before)"
    )
    for name in ("01_first.ipynb", "02_second.ipynb"):
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / name)
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(paths, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    monkeypatch.setattr(sample_runs, "named", lambda _: sorted(tmp_path.glob("0*.ipynb")))

    assert [line.split()[0] for line in sample_runs.run_all([])] == ["passed", "passed"]

    said = []
    for file in sorted((tmp_path / "reports").glob("*.ipynb")):
        (executed,) = nbformat.read(file, as_version=4).cells
        said.append(executed.outputs[0].text.split())
    (first, was_there), (second, is_there) = said
    assert first == second != str(paths.LOCAL_ROOT)
    assert (was_there, is_there) == ("False", "True")
    assert not Path(first).exists()
