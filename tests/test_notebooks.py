"""The template's notebooks: their form, and the way back from a generated project."""

import io
import re
import shutil
import sys
import tokenize
from itertools import pairwise
from pathlib import Path

import adopt_notebooks
import nbformat
import pytest
from conftest import SOURCE, TEMPLATE, Bake, Run

NOTEBOOKS = sorted((SOURCE / "notebooks").glob("*.ipynb"))
IMPORT = re.compile(r"from \{\{ cookiecutter\.package_name \}\}(?:\.\w+)* import ")
LONGEST_CELL = 15

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook."""
    return nbformat.read(path, as_version=4)


def code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def parameters_of(notebook: nbformat.NotebookNode) -> list[str]:
    """The sources of the cells tagged as parameters."""
    cells = code_cells(notebook)
    return [cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])]


def test_the_notebooks_are_numbered_in_running_order() -> None:
    assert NOTEBOOKS
    assert [int(path.name[:2]) for path in NOTEBOOKS] == list(range(1, len(NOTEBOOKS) + 1))


@each
def test_it_is_valid_before_and_after_rendering(path: Path, bake: Bake) -> None:
    for notebook in (path, bake() / "notebooks" / path.name):
        nbformat.validate(read(notebook))


@each
def test_only_the_imports_that_open_one_cell_are_rendered(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    [cell] = [cell for cell in read(path).cells if "{{" in cell.source]
    jinja = r"\{\{|\{%|\{#"
    rendered = [line for line in cell.source.splitlines() if re.search(jinja, line)]
    assert rendered
    assert all(IMPORT.match(line) for line in rendered)
    assert len(re.findall(jinja, text)) == len(rendered)
    before = cell.source.partition(rendered[-1])[0]
    assert re.fullmatch(r"(?:(?:from|import) .*\n|    \w+,\n|\)\n|\n)*", before)


@each
def test_it_opens_with_a_title_and_its_purpose(path: Path) -> None:
    lines = read(path).cells[0].source.splitlines()
    assert lines[0].startswith("# ")
    assert any(line.startswith("> ") for line in lines)


@each
def test_it_holds_no_outputs_and_a_kernel(path: Path) -> None:
    notebook = read(path)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.kernelspec.language == "python"
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


@each
def test_cells_are_short_and_introduced(path: Path) -> None:
    cells = read(path).cells
    for before, cell in pairwise(cells):
        if cell.cell_type != "code" or "parameters" in cell.metadata.get("tags", []):
            continue
        lines = cell.source.splitlines()
        if cell.source.startswith("%%writefile"):
            assert before.cell_type == "markdown", lines[0]
        else:
            names = [line for line in lines if re.fullmatch(r"    \w+,", line)]  # imported ones
            assert len(lines) - len(names) <= LONGEST_CELL, f"{len(lines)} lines:\n{cell.source}"


@pytest.mark.slow
@each
def test_parameters_are_typed_and_commented(path: Path, bake: Bake, run: Run) -> None:
    cells = parameters_of(read(path))
    assert len(cells) <= 1
    for source in cells:
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        commented = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
        lines = {n: line for n, line in enumerate(source.splitlines(), 1) if "=" in line}
        for number, line in lines.items():
            if not line.startswith("#"):
                assert re.match(r"\w+: \w+(\[\w+\])? = ", line), line
                assert number in commented, line
        ask = [sys.executable, "-m", "papermill", "--help-notebook", f"notebooks/{path.name}"]
        shown = run(ask, bake())
        for line in source.splitlines():
            if match := re.match(r"(\w+): ", line):
                assert f"{match[1]}: " in shown.stdout
                assert line.rpartition("# ")[2][:30] in " ".join(shown.stdout.split())


def test_the_readme_uses_parameters_that_exist(bake: Bake) -> None:
    project = bake()
    notebooks = sorted((project / "notebooks").glob("*.ipynb"))
    source = "\n".join(cell for path in notebooks for cell in parameters_of(read(path)))
    texts = [project / "README.md", project / ".github/workflows/ci.yml"]
    for path in texts:
        for name in re.findall(r"-p (\w+) ", path.read_text(encoding="utf-8")):
            assert re.search(rf"^{name}: ", source, re.MULTILINE), name


def refusal(project: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the adopt script refuses, in this process, which need not start one."""
    monkeypatch.setattr(sys, "path", [*sys.path])  # the project's package comes and goes
    try:
        with pytest.raises(adopt_notebooks.AdoptError) as refused:
            adopt_notebooks.adopt(project, target)
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "cars"]:
            del sys.modules[name]
    return str(refused.value)


def adopt(run: Run, project: Path, target: Path) -> str:
    """Run the adopt script; returns what it printed, or the refusal."""
    script = str(TEMPLATE / "scripts" / "adopt_notebooks.py")
    done = run([sys.executable, script, str(project), "--target", str(target)], TEMPLATE)
    return done.stdout + done.stderr


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A copy of the template's notebooks, and of what they export."""
    copy = tmp_path / "template"
    for folder in ("notebooks", "runtime", "src/{{cookiecutter.package_name}}"):
        shutil.copytree(SOURCE / folder, copy / folder)
    return copy


def edit(project: Path, source: str) -> Path:
    """Append an executed cell to the first notebook of a project; returns the notebook."""
    path = min((project / "notebooks").glob("*.ipynb"))
    notebook = read(path)
    notebook.cells.append(nbformat.v4.new_code_cell(source, id="new", execution_count=9))
    nbformat.write(notebook, path)
    return path


@pytest.mark.slow
def test_adopting_unchanged_notebooks_changes_nothing(bake: Bake, run: Run, template: Path) -> None:
    assert adopt(run, bake(), template) == "0 files changed\n"


@pytest.mark.slow
def test_adopting_an_edited_notebook(bake_own: Bake, run: Run, template: Path) -> None:
    project = bake_own(package_name="cars")
    name = edit(project, "%%writefile ../runtime/new.py\nx = 1").name

    assert adopt(run, project, template) == f"adopted {name}\nadopted new.py\n2 files changed\n"

    adopted = template / "notebooks" / name
    assert IMPORT.search(adopted.read_text(encoding="utf-8"))
    assert read(adopted).cells[-1].execution_count is None
    assert (template / "runtime/new.py").read_text(encoding="utf-8") == "x = 1\n"


@pytest.mark.slow
def test_a_refusal_is_one_sentence(bake_own: Bake, run: Run, template: Path) -> None:
    project = bake_own(package_name="cars")
    name = edit(project, "'{{ name }}'").name
    refused = adopt(run, project, template)
    assert refused.startswith(f"adopt: {name}")
    assert refused.count("\n") == 1


UNRENDERED = [
    "'{{ name }}'",
    "'{# name #}'",
    "from cars import paths",
    "from cars.runs import progress",
    "import cars.paths",
    "x = 1\nfrom cars import paths",
    "!python -m cars runs list",
]


@pytest.mark.slow
@pytest.mark.parametrize("source", UNRENDERED)
def test_what_would_not_render_is_refused(
    bake_own: Bake, template: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = bake_own(package_name="cars")
    name = edit(project, source).name
    assert refusal(project, template, monkeypatch).startswith(name)
    unchanged = (SOURCE / "notebooks" / name).read_bytes()
    assert (template / "notebooks" / name).read_bytes() == unchanged
