"""Files out of notebooks and back: exported files equal their cells, notebooks hold no outputs."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from {{ cookiecutter.package_name }} import cli, paths
from {{ cookiecutter.package_name }}.notebooks.exports import (
    files,
    last_export,
    modules,
    running,
)

SCRIPT = "%%writefile ../runtime/step.py\nimport json\n\nprint(json.dumps({'é': 1}))"
ADD = '#| export\ndef add(a: int, b: int) -> int:\n    """The sum."""\n    return a + b'
ONE = "#| export\nONE = 1"
STEP = "runtime/step.py"
HELPERS = f"src/{modules.PACKAGE}/helpers.py"


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


def write(project: Path, *sources: str, name: str = "02_scripts.ipynb") -> Path:
    """Write a notebook with a text cell and these code cells."""
    cells = [
        nbformat.v4.new_code_cell(source, id=f"cell-{number}")
        for number, source in enumerate(sources, start=2)
    ]
    text = nbformat.v4.new_markdown_cell("# Scripts\n\n> What runs.", id="title")
    path = project / "notebooks" / name
    path.parent.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[text, *cells]), path)
    return path


def write_module(project: Path, *sources: str) -> Path:
    """Write a notebook that exports these cells, the third and following, to a module."""
    return write(project, "#| default_exp helpers", *sources, name="01_explore.ipynb")


def refused(command: str) -> str:
    """What a command says when it ends with exit code 1."""
    with pytest.raises(SystemExit) as raised:
        cli.main(["exports", command])
    assert isinstance(raised.value.code, str)
    return raised.value.code


def snapshot(project: Path) -> dict[str, bytes]:
    """Every file of a project but the copies of the last export."""
    return {
        path.relative_to(project).as_posix(): path.read_bytes()
        for path in project.rglob("*")
        if path.is_file() and "build" not in path.parts
    }


def test_export_writes_what_the_magic_writes(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.main(["exports", "export"])
    exported = (project / STEP).read_bytes()
    (project / STEP).unlink()

    monkeypatch.chdir(project / "notebooks")
    InteractiveShell().run_cell(SCRIPT).raise_error()

    assert (project / STEP).read_bytes() == exported


def test_check_passes_after_export(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_module(project, ADD)
    cli.main(["exports", "export"])
    cli.main(["exports", "check"])
    assert "every exported file equals its cells" in capsys.readouterr().out


def test_check_shows_notebook_cell_and_difference(project: Path) -> None:
    cli.main(["exports", "export"])
    (project / STEP).write_text("import json\n")
    message = refused("check")
    assert f"{STEP} differs from notebooks/02_scripts.ipynb cell 2" in message
    assert "-print(json.dumps({'é': 1}))" in message


def test_check_finds_a_script_that_was_never_exported(project: Path) -> None:
    assert f"{STEP}, which notebooks/02_scripts.ipynb cell 2 writes" in refused("check")


def test_check_and_clean_of_a_notebook_that_was_run(project: Path) -> None:
    cli.main(["exports", "export"])
    path = project / "notebooks/02_scripts.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].update(execution_count=3, metadata={"tags": ["parameters"], "scrolled": True})
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="hello")]
    nbformat.write(notebook, path)
    assert "02_scripts.ipynb holds outputs or execution counts in cell 2" in refused("check")

    cli.main(["exports", "clean"])

    cli.main(["exports", "check"])
    assert nbformat.read(path, as_version=4).cells[1].metadata == {"tags": ["parameters"]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("../../elsewhere.py", "cell 2 writes ../../elsewhere.py, which is outside the project"),
        ("/elsewhere.py", "cell 2 writes /elsewhere.py, which is outside the project"),
        ("~/elsewhere.py", "cell 2 writes ~/elsewhere.py, which is outside the project"),
        ("-a ../runtime/step.py", "cell 2 appends to runtime/step.py, which no cell before it"),
        ("", "cell 2 must name one file"),
        ("../runtime/a.py ../runtime/b.py", "cell 2 must name one file"),
        ("'../runtime/a.py", "cell 2 must name one file"),
        ("../runtime/{name}.py", "a name with a variable; write it out"),
    ],
)
def test_cells_that_cannot_be_exported(project: Path, line: str, message: str) -> None:
    write(project, f"%%writefile {line}\nx = 1")
    assert message in refused("export")
    assert list((project / "runtime").iterdir()) == []


@pytest.mark.parametrize("line", ['"../runtime/a b.py"', "'../runtime/a b.py'"])
def test_quoted_names(project: Path, line: str) -> None:
    write(project, f"%%writefile {line}\nx = 1")
    cli.main(["exports", "export"])
    assert (project / "runtime/a b.py").read_bytes() == b"x = 1\n"


def test_sub_folders(project: Path) -> None:
    """A notebook in a sub-folder writes from there, unless it goes to the notebooks' folder."""
    write(project, "%%writefile ../../runtime/a/b.py\nx = 1", name="drafts/one.ipynb")
    write(project, "start.go_to_notebooks()", SCRIPT, name="drafts/two.ipynb")
    write(project, "x = 1")
    cli.main(["exports", "export"])
    assert (project / "runtime/a/b.py").read_bytes() == b"x = 1\n"
    assert (project / STEP).is_file()


def test_two_cells_for_one_file_are_refused(project: Path) -> None:
    write(project, SCRIPT, name="04_more.ipynb")
    message = refused("export")
    assert "04_more.ipynb cell 2 writes runtime/step.py, and so does notebooks/02" in message


APPENDED = (SCRIPT, "1 + 1", "%%writefile -a ../runtime/step.py\n\nprint('more')\n\n")


def test_cells_that_append_follow_in_order(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(project, *APPENDED)
    cli.main(["exports", "export"])
    exported = (project / STEP).read_bytes()
    assert exported.endswith(b"1}))\n\nprint('more')\n\n")

    (project / STEP).unlink()
    monkeypatch.chdir(project / "notebooks")
    for source in APPENDED:
        InteractiveShell().run_cell(source).raise_error()
    assert (project / STEP).read_bytes() == exported


def test_code_that_only_mentions_the_magic_is_no_export(project: Path) -> None:
    write(project, "# %%writefile x.py", "print('%%writefile x.py')", "%%time\nx = '%%writefile'")
    assert files.exports() == []


def test_windows_line_ends_differ_in_nothing(project: Path) -> None:
    cli.main(["exports", "export"])
    for name in ("notebooks/02_scripts.ipynb", STEP):
        as_windows(project / name)
    before = snapshot(project)
    for command in ("check", "export", "adopt"):
        cli.main(["exports", command])
    assert snapshot(project) == before


def as_windows(path: Path) -> None:
    """Give a file Windows line ends."""
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


# Cells that almost write a file

BODY = "\nx = 1\n"
FILE = "%%writefile ../runtime/step.py"
ALMOST = {
    "comment above": f"# The step.\n{FILE}{BODY}",
    "code above": f"import os\n{FILE}{BODY}",
    "indented": f"  {FILE}{BODY}",
    "indented by a tab": f"\t{FILE}{BODY}",
    "after a byte order mark": f"\ufeff{FILE}{BODY}",
    "space within": f"%% writefile ../runtime/step.py{BODY}",
    "one percent sign": f"%writefile ../runtime/step.py{BODY}",
    "three": f"%{FILE}{BODY}",
    "capital": f"%%Writefile ../runtime/step.py{BODY}",
    "misspelt": f"%%writefiel ../runtime/step.py{BODY}",
    "no body": FILE,
    "comment behind": f"{FILE}  # the step{BODY}",
}
# IPython runs these, and an export, which runs nothing, cannot.
RUN_ONLY = {
    "below another magic": f"%%capture\n{FILE}{BODY}",
    "from code": "get_ipython().run_cell_magic('writefile', '../runtime/step.py', 'x = 1')",
}
SAME = {
    "blank lines above": f"\n   \n{FILE}{BODY}",
    "indented as a whole": f"  {FILE}\n  x = 1\n",
    "its other name": f"%%file ../runtime/step.py{BODY}",
    "option behind": f"%%writefile ../runtime/step.py -a{BODY}",
}


def run_in(project: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> str | None:
    """What IPython itself writes for a cell; None where it writes no file."""
    monkeypatch.chdir(project / "notebooks")
    InteractiveShell().run_cell(source)
    script = project / STEP
    written = script.read_text() if script.is_file() else None
    script.unlink(missing_ok=True)
    return written


@pytest.mark.parametrize("source", [*ALMOST.values(), *RUN_ONLY.values()], ids=[*ALMOST, *RUN_ONLY])
@pytest.mark.parametrize("command", ["export", "check", "adopt"])
def test_a_cell_that_almost_writes_a_file_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, source: str, command: str
) -> None:
    """Where IPython writes nothing, or only an export does not."""
    assert (run_in(project, monkeypatch, source) is None) == (source in ALMOST.values())
    write(project, "1 + 1", source)
    before = snapshot(project)
    assert refused(command).startswith("exports: notebooks/02_scripts.ipynb cell 3 ")
    assert snapshot(project) == before


@pytest.mark.parametrize("source", SAME.values(), ids=SAME)
def test_what_ipython_writes_is_exported(
    project: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    written = run_in(project, monkeypatch, source)
    assert written
    first = [f"{FILE}\ny = 0"] if " -a" in source else []
    write(project, *first, source)
    cli.main(["exports", "export"])
    assert (project / STEP).read_text() == ("y = 0\n" if first else "") + written


def test_the_line_below_a_comment_is_named_with_what_to_do(project: Path) -> None:
    write(project, ALMOST["comment above"])
    assert refused("check") == (
        "exports: notebooks/02_scripts.ipynb cell 2 has '%%writefile ../runtime/step.py' below its "
        "first line, where it writes no exported file: make it the first line"
    )


@pytest.mark.parametrize("kind", ["markdown", "raw"])
@pytest.mark.parametrize("source", [f"{FILE}{BODY}", ADD, "#| default_exp helpers"])
def test_a_cell_of_another_kind_is_named(project: Path, kind: str, source: str) -> None:
    path = project / "notebooks/02_scripts.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1] = getattr(nbformat.v4, f"new_{kind}_cell")(source)
    nbformat.write(notebook, path)
    name = "Markdown" if kind == "markdown" else "raw"
    assert f"02_scripts.ipynb cell 2 is a {name} cell" in refused("check")


def test_a_text_about_the_magic_is_left_alone(project: Path) -> None:
    path = project / "notebooks/02_scripts.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for text in ("%%writefile cells become files.", "`%%writefile ../a.py` does it", "# export"):
        notebook.cells.append(nbformat.v4.new_markdown_cell(text))
    nbformat.write(notebook, path)
    cli.main(["exports", "export"])


@pytest.mark.parametrize("command", ["export", "check", "adopt"])
@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ([f"{FILE}\nx = 1\ny = = 2"], "cell 2 writes runtime/step.py, which is no Python: invalid"),
        ([f"{FILE}\nx = 1\ny = = 2"], "in 'y = = 2', line 2 below %%writefile"),
        ([f"{FILE}\nreturn 1"], "'return' outside function in 'return 1', line 1"),
        ([f"{FILE}\n!ls"], "which is no Python: invalid syntax in '!ls', line 1"),
        ([f"{FILE}\nx = 1\n%%writefile ../runtime/b.py\ny = 2"], "'%%writefile ../runtime/b.py'"),
        ([f"{FILE}\nx = 1", "%%writefile -a ../runtime/step.py\n\n  y"], "cell 3 writes runtime"),
    ],
)
def test_python_that_does_not_compile_is_named(
    project: Path, sources: list[str], message: str, command: str
) -> None:
    write(project, *sources)
    assert message in refused(command)
    assert not (project / STEP).exists()


def test_only_python_has_to_compile(project: Path) -> None:
    write(project, "%%writefile ../runtime/words.txt\nnot = = Python")
    cli.main(["exports", "export"])
    assert (project / "runtime/words.txt").read_text() == "not = = Python\n"


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("step.py", "writes step.py in notebooks/, where no job looks for code: write ../runtime/"),
        ("../packages/sagemaker-local/x.py", "in packages/, the engine's folder"),
    ],
)
def test_code_where_nothing_runs_it_is_named(project: Path, file: str, message: str) -> None:
    write(project, f"%%writefile {file}{BODY}")
    assert message in refused("export")
    assert not (project / "notebooks/step.py").exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("# The sum.\n" + ADD, "cell 3 has '#| export' below its first line: move it to the top"),
        ("import os\n#| exports\nx = 1", "cell 3 has '#| exports' below its first line"),
        ("#| exprot\nx = 1", "cell 3 has '#| exprot', which exports nothing: write #| export"),
        ("#|Export\nx = 1", "cell 3 has '#|Export', which exports nothing: write #| export"),
        ("# export\nx = 1", "cell 3 has '# export', which exports nothing: write #| export"),
    ],
)
def test_a_directive_that_exports_nothing_is_named(
    project: Path, source: str, message: str
) -> None:
    write_module(project, source)
    for command in ("export", "check", "adopt"):
        assert message in refused(command)
    assert not (project / HELPERS).exists()


def test_every_such_cell_is_named_at_once(project: Path) -> None:
    write(project, ALMOST["comment above"], ALMOST["indented"])
    write_module(project, "# The sum.\n" + ADD)
    assert refused("check").count("ipynb cell ") == 3


def test_files_that_no_cell_writes_are_left_alone(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = project / "runtime/tabular/tables.py"
    library.parent.mkdir()
    library.write_text("by = = hand\n")
    cli.main(["exports", "export"])
    library.write_text("by = = hand, twice\n")
    for command in ("check", "export", "adopt"):
        cli.main(["exports", command])
    assert "tabular" not in capsys.readouterr().out
    assert library.read_text() == "by = = hand, twice\n"


# Modules


def test_a_module_is_made_of_its_cells(project: Path) -> None:
    write_module(project, "import math", ADD, "assert add(1, 1) == 2", "#|export\n\nTWO = 2")
    cli.main(["exports", "export"])
    text = (project / HELPERS).read_text()
    assert text.startswith('"""What runs."""\n')
    assert "import math" not in text
    assert "# %% ../../notebooks/01_explore.ipynb #cell-4\ndef add(a: int" in text
    assert text.endswith("#cell-6\nTWO = 2\n")
    assert modules.PACKAGE not in text


IMPORTS = "#| export\nimport math\nfrom pathlib import Path"
USE = "#| export\ndef area(path: Path) -> float:\n    return math.pi * len(path.parts)"
CLASS = '#| export\nclass A:\n    """A letter."""'


@pytest.mark.parametrize(
    "sources",
    [(IMPORTS, ONE, ADD, CLASS, ONE, USE), (IMPORTS, USE, CLASS, ADD), (ADD, ONE, ONE), (ONE, ADD)],
)
def test_a_module_passes_the_linter(project: Path, sources: tuple[str, ...]) -> None:
    write_module(project, *sources)
    cli.main(["exports", "export"])
    for command in (["check", "--select=E,F,I,UP,RUF"], ["format", "--check"]):
        options = ["--isolated", "--line-length=100", str(project / HELPERS)]
        ruff = [sys.executable, "-m", "ruff", *command, *options]
        linted = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert linted.returncode == 0, linted.stdout


def test_imports_of_the_package_become_relative_and_back(project: Path) -> None:
    path = write_module(project, f"#| export\nfrom {modules.PACKAGE}.paths import DATA", ADD)
    cli.main(["exports", "export"])
    before, helpers = path.read_text(), project / HELPERS
    assert "\nfrom .paths import DATA\n" in helpers.read_text()

    helpers.write_text(helpers.read_text().replace("DATA", "DATA, REPORTS"))
    cli.main(["exports", "adopt"])

    assert path.read_text() == before.replace("DATA", "DATA, REPORTS")


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        (("#| default_exp paths", ADD), "cell 3 is exported to src/"),
        (("x = 1", ADD), "cell 3 has #| export, but no cell says where to: #| default_exp name"),
        (("#| default_exp ../x", ADD), "is exported to '../x', which is no name of a module"),
        (("#| default_exp x", "#| export\n!ls"), "cell 3 has #| export, but is not plain Python"),
    ],
)
def test_modules_that_cannot_be_exported(
    project: Path, sources: tuple[str, ...], message: str
) -> None:
    handwritten = project / f"src/{modules.PACKAGE}/paths.py"
    handwritten.parent.mkdir(parents=True)
    handwritten.write_text("by hand\n")
    write(project, *sources)
    before = snapshot(project)
    assert message in refused("export")
    assert snapshot(project) == before


def test_check_of_a_module_names_the_cell(project: Path) -> None:
    write_module(project, ADD, ONE)
    cli.main(["exports", "export"])
    helpers = project / HELPERS
    helpers.write_text(helpers.read_text().replace("ONE = 1", "ONE = 2"))
    message = refused("check")
    assert f"{HELPERS} differs from notebooks/01_explore.ipynb cell 4" in message
    assert "-ONE = 1\n+ONE = 2" in message


# Back into the cell


def reformatted(path: Path, change: Callable[[str], str]) -> None:
    """Rewrite the text of a notebook, which must stay the same notebook."""
    before = nbformat.read(path, as_version=4)
    path.write_bytes(change(path.read_text()).encode())
    assert nbformat.read(path, as_version=4) == before


STYLES: dict[str, Callable[[str], str]] = {
    "as Jupyter writes it": str,
    "indented by 4": lambda text: json.dumps(json.loads(text), indent=4),
    "escaped": lambda text: json.dumps(json.loads(text), indent=1) + "\n\n",
    "in one line": lambda text: json.dumps(json.loads(text)),
    "without spaces": lambda text: json.dumps(json.loads(text), separators=(",", ":")),
    "source as one string": lambda text: json.dumps(
        {**json.loads(text), "cells": nbformat.reads(text, as_version=4).cells}, indent=1
    ),
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
    "keys in another order": lambda text: json.dumps(
        {key: value for key, value in reversed(json.loads(text).items())}, indent=2
    ),
}


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_adopt_changes_the_cells_source_and_not_a_byte_beside_it(
    project: Path, style: Callable[[str], str]
) -> None:
    path = write(project, "x = {'source': 'ü \\ud83d'}", SCRIPT, "print('ö')")
    reformatted(path, style)
    cli.main(["exports", "export"])
    script = project / STEP
    edited = script.read_text().replace("import json\n", 'import json\nimport os  # "ä" \\n \t/\n')
    script.write_text(edited)
    before = path.read_bytes()

    cli.main(["exports", "adopt"])

    after = path.read_bytes()
    assert len(after) > len(before)
    assert common_start(before, after) + common_start(before[::-1], after[::-1]) >= len(before)
    assert script.read_text() == edited
    cli.main(["exports", "check"])


def common_start(old: bytes, new: bytes) -> int:
    """How many bytes two texts have in common at their starts."""
    pairs = zip(old, new, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))


def test_what_was_adopted_is_what_an_editor_would_have_saved(project: Path) -> None:
    path = project / "notebooks/02_scripts.ipynb"
    cli.main(["exports", "export"])
    (project / STEP).write_text("if 'ü \\n / \u2028 \x0c':\n\n\tx = \"1\"  # \U0001f600\n\n\n")
    cli.main(["exports", "adopt"])
    adopted = path.read_bytes()
    nbformat.write(nbformat.read(path, as_version=4), path)
    assert path.read_bytes() == adopted
    cli.main(["exports", "check"])


def test_adopt_keeps_windows_line_ends_within_a_cell(project: Path) -> None:
    path = write(project, SCRIPT.replace("\n", "\r\n"))
    cli.main(["exports", "export"])
    script = project / STEP
    script.write_bytes(script.read_bytes().replace(b"json\n", b"json\nimport os\n"))
    as_windows(script)
    cli.main(["exports", "adopt"])
    [_, cell] = nbformat.read(path, as_version=4).cells
    assert cell.source == SCRIPT.replace("json\n", "json\nimport os\n", 1).replace("\n", "\r\n")
    cli.main(["exports", "check"])


def test_adopt_of_a_file_without_a_last_line_end(project: Path) -> None:
    cli.main(["exports", "export"])
    (project / STEP).write_text("x = 1")
    cli.main(["exports", "adopt"])
    cli.main(["exports", "check"])
    assert (project / STEP).read_text() == "x = 1\n"


def test_adopt_of_a_module(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_module(project, ADD, ONE)
    cli.main(["exports", "export"])
    helpers = project / HELPERS
    before = path.read_text()
    more = "    return a + b\n\n\ndef sub(a: int, b: int) -> int:\n    return a - b\n"
    helpers.write_text(helpers.read_text().replace("    return a + b\n", more))
    edited = helpers.read_text()

    cli.main(["exports", "adopt"])

    assert f"adopted    {HELPERS} into notebooks/01_explore.ipynb cell 3" in capsys.readouterr().out
    assert nbformat.reads(path.read_text(), as_version=4).cells[2].source == ADD + more[16:-1]
    assert path.read_text().startswith(before[: before.index("return a + b") + 12])
    assert helpers.read_text() == edited
    cli.main(["exports", "check"])


def test_what_no_cell_of_a_module_holds_cannot_go_back(project: Path) -> None:
    write_module(project, ADD, ONE)
    cli.main(["exports", "export"])
    helpers = project / HELPERS
    helpers.write_text("import os\n" + helpers.read_text())
    before = snapshot(project)
    assert f"{HELPERS} has other lines at its start" in refused("adopt")
    assert snapshot(project) == before


def test_cells_of_a_module_that_changed_places_cannot_go_back(project: Path) -> None:
    write_module(project, IMPORTS, ADD, CLASS)
    cli.main(["exports", "export"])
    helpers = project / HELPERS
    first, second, third = helpers.read_text().split("\n# %% ")[1:]
    opening = helpers.read_text().partition("\n# %% ")[0]
    helpers.write_text("\n# %% ".join([opening, first, third, second]))
    before = snapshot(project)
    assert f"{HELPERS} has other lines at its start or around `# %%`" in refused("adopt")
    assert snapshot(project) == before


def test_an_edit_that_a_notebook_would_read_in_another_way_cannot_go_back(project: Path) -> None:
    """IPython takes the prompts off what begins with one."""
    cli.main(["exports", "export"])
    (project / STEP).write_text(">>> 1 + 1\n2\n")
    before = snapshot(project)
    assert f"{STEP} cannot go back into notebooks/02_scripts.ipynb cell 2" in refused("adopt")
    assert snapshot(project) == before


def test_adopt_of_a_file_that_cells_append_to(project: Path) -> None:
    path = write(project, *APPENDED)
    cli.main(["exports", "export"])
    script = project / STEP
    text = script.read_text()
    script.write_text(text.replace("'é'", "'e'").replace("'more'", "'less'") + "last()\n")
    cli.main(["exports", "adopt"])
    sources = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    assert sources[1] == SCRIPT.replace("é", "e")
    assert sources[3] == APPENDED[2].replace("more", "less") + "last()"
    cli.main(["exports", "check"])

    script.write_text(script.read_text().replace("1}))\n\nprint", "2}))\nprint"))
    assert "02_scripts.ipynb cell 2 meets notebooks/02_scripts.ipynb cell 4" in refused("adopt")


def test_a_file_in_another_encoding_is_one_sentence(project: Path) -> None:
    cli.main(["exports", "export"])
    (project / STEP).write_bytes("'é'\n".encode("latin-1"))
    for command in ("check", "adopt"):
        assert f"{STEP} is no text in UTF-8" in refused(command)


@pytest.mark.parametrize("command", ["adopt", "export"])
def test_both_changed_changes_nothing_and_shows_both(project: Path, command: str) -> None:
    cli.main(["exports", "export"])
    (project / STEP).write_text("file = 1\n")
    write(project, "%%writefile ../runtime/step.py\ncell = 1")
    before = snapshot(project)
    message = refused(command)
    assert "cell 2 both changed since the last export; nothing was written" in message
    assert "+file = 1" in message
    assert "+cell = 1" in message
    assert snapshot(project) == before


def test_adopt_leaves_a_cell_alone_that_changed_itself(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["exports", "export"])
    write(project, "%%writefile ../runtime/step.py\ncell = 1")
    before = snapshot(project)
    cli.main(["exports", "adopt"])
    assert "only notebooks/02_scripts.ipynb cell 2 changed" in capsys.readouterr().out
    assert snapshot(project) == before


def test_export_keeps_an_edit_of_a_file(project: Path) -> None:
    cli.main(["exports", "export"])
    (project / STEP).write_text("file = 1\n")
    assert "make adopt puts the edit into notebooks/02_scripts.ipynb cell 2" in refused("export")
    assert (project / STEP).read_text() == "file = 1\n"


def test_without_an_export_to_compare_with_adopt_does_not_guess(project: Path) -> None:
    (project / STEP).write_text("file = 1\n")
    assert "it is not known which of them changed" in refused("adopt")
    cli.main(["exports", "export"])
    cli.main(["exports", "check"])


def test_the_last_commit_stands_in_for_the_last_export(project: Path) -> None:
    cli.main(["exports", "export"])
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    last_export.copy_of((project / STEP).resolve()).unlink()
    (project / STEP).write_text("file = 1\n")
    cli.main(["exports", "adopt"])
    cli.main(["exports", "check"])


def test_running_a_cell_is_an_export(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cell was changed and run, then its file was edited: only the file changed."""
    cli.main(["exports", "export"])
    source = "%%writefile ../runtime/step.py\ncell = 1"
    write(project, source)
    monkeypatch.chdir(project / "notebooks")
    shell = InteractiveShell()
    monkeypatch.setattr(running, "get_ipython", lambda: shell)
    running.follow_cells()
    shell.run_cell(source).raise_error()
    (project / STEP).write_text("file = 1\n")
    cli.main(["exports", "adopt"])
    cli.main(["exports", "check"])


# Merges


def test_an_open_conflict_is_named(project: Path) -> None:
    path = project / "notebooks/02_scripts.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell("`<<<<<<< HEAD`"))
    nbformat.write(notebook, path)
    assert "02_scripts.ipynb cell 2 marks a merge conflict" in refused("check")

    path.write_text("<<<<<<< HEAD\n" + path.read_text())
    assert "02_scripts.ipynb is no readable notebook" in refused("check")


# Files whose cells are gone


def test_a_script_whose_cell_was_deleted_is_named(project: Path) -> None:
    cli.main(["exports", "export"])
    old = project / "runtime" / "old.py"
    old.write_text("x = 1\n")
    (project / "runtime" / "tabular").mkdir(exist_ok=True)
    (project / "runtime" / "tabular" / "plain.py").write_text("x = 1\n")
    message = refused("check")
    advice = "put its cell back, or delete the file"
    assert message == f"exports: runtime/old.py is written by no cell: {advice}"


def test_a_module_whose_cells_were_deleted_is_named(project: Path) -> None:
    write_module(project, ADD)
    cli.main(["exports", "export"])
    cli.main(["exports", "check"])
    for notebook in (project / "notebooks").glob("*.ipynb"):
        if "default_exp" in notebook.read_text(encoding="utf-8"):
            notebook.unlink()
    assert f"{HELPERS} is written by no cell" in refused("check")
