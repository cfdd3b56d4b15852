"""Every notebook from top to bottom on a small sample: `python -m <package> notebooks run`.

It leaves the executed notebooks and a report of each in `reports/`; files under `notebooks/` are
only read. Their local sessions share a state that is gone afterwards: what a small sample trains is
approved and deployed by later notebooks, and never meets the project's own models. A notebook also
fails when it passes without proof: papermill succeeds where all cells are empty or skipped, and
where `sys.exit(0)` ends a notebook before its last cell.
"""

import ast
import os
import re
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import papermill
import yaml
from ipykernel.kernelspec import write_kernel_spec
from IPython.core.inputtransformer2 import TransformerManager
from papermill.exceptions import PapermillExecutionError

from .. import paths
from ..errors import ProjectError
from ..monitoring.alert_settings import SILENCE
from . import report
from .exports.cells import notebooks
from .kernel import Kernel

SMALL = paths.PARAMS / "small.yaml"
SKIPPED = "skip-execution"
PARAMETERS = {"parameters", "injected-parameters"}


def problem(notebook: nbformat.NotebookNode) -> str:
    """What is wrong with an executed notebook, as the end of a sentence, or ""."""
    cells = [
        (number, cell)
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code"
    ]
    for number, cell in cells:
        error = error_of(cell)
        if error:
            return f"failed in cell {number}: {error}"
    working = [(number, cell) for number, cell in cells if does_something(cell)]
    if not working:
        return "proves nothing: all its cells are empty, skipped or parameters only"
    for number, cell in working:
        if cell.execution_count is None:
            return f"ended before its end: cell {number} was never run"
    return ""


def error_of(cell: nbformat.NotebookNode) -> str:
    """The error that a cell ended with, or ""; `sys.exit(0)` is none."""
    for output in cell.outputs:
        is_exit = output.get("ename") == "SystemExit" and output.evalue in ("", "0", "None")
        if output.output_type == "error" and not is_exit:
            return f"{output.ename}: {output.evalue}"
    return ""


def does_something(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell that is run does more than to set parameters."""
    tags = set(cell.metadata.get("tags", []))
    if tags & {SKIPPED, *PARAMETERS} or re.match(r"\s*%%script\s+false\b", cell.source):
        return False
    try:
        return bool(ast.parse(TransformerManager().transform_cell(cell.source)).body)
    except SyntaxError:  # it is run, and says so
        return True


@contextmanager
def own_state() -> Iterator[None]:
    """Give local sessions a folder of this block's, and tell nobody; endpoints end with it."""
    names = (paths.STATE, SILENCE)
    before = {name: os.environ[name] for name in names if name in os.environ}
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update({paths.STATE: folder, SILENCE: "none"})
        try:
            yield
        finally:
            for name in names:
                os.environ.pop(name)
            os.environ.update(before)
            stop_endpoints(Path(folder))


def stop_endpoints(root: Path) -> None:
    """End what a notebook that failed has left running."""
    if (root / "endpoints").is_dir():
        from sagemaker_local import LocalSession

        LocalSession(root, warm=False).stop_endpoints()


@contextmanager
def own_kernel() -> Iterator[None]:
    """Make this very interpreter the kernel `python3`: another may be installed for this user."""
    before = os.environ.get("JUPYTER_PATH")
    with tempfile.TemporaryDirectory() as folder:
        spec = str(Path(folder, "kernels", "python3"))
        write_kernel_spec(spec, extra_arguments=["--log-level=ERROR"])
        os.environ["JUPYTER_PATH"] = folder
        try:
            yield
        finally:
            os.environ.pop("JUPYTER_PATH")
            os.environ.update({} if before is None else {"JUPYTER_PATH": before})


def run(notebook: Path, target: Path, parameters: dict[str, Any]) -> str:
    """Run a notebook with this interpreter, and write its report beside it.

    Returns:
        What is wrong with it, as the end of a sentence, or "".
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"kernel_name": "python3", "language": "python"}
    options["kernel_manager_class"] = Kernel  # papermill passes this on to nbclient
    try:
        with own_kernel():
            papermill.execute_notebook(notebook, target, parameters, progress_bar=False, **options)
    except PapermillExecutionError:
        pass  # the executed notebook says so, too
    except Exception as error:  # a kernel that died, a file that is no notebook
        return f"could not be run: {str(error).splitlines()[0]}"
    target.with_suffix(".html").write_text(report.page(target), encoding="utf-8", newline="\n")
    return problem(nbformat.read(target, as_version=4))


def run_all(names: list[str]) -> Iterator[str]:
    """Run the notebooks whose names start so, or all; yields a line for each.

    Raises:
        ProjectError: some of them failed, which the message says of each, or none is called so.
    """
    small = yaml.safe_load(SMALL.read_text(encoding="utf-8"))
    with own_state():
        failures = yield from each_run(named(names), small)
    if failures:
        raise ProjectError("\n".join(failures))


def each_run(
    found: list[Path], small: dict[str, dict[str, Any]]
) -> Generator[str, None, list[str]]:
    """Run notebooks one after another: yields a line for each; gives what is wrong with some."""
    failures = []
    for notebook in found:
        name = notebook.relative_to(paths.NOTEBOOKS)
        start = time.perf_counter()
        target = paths.REPORTS / name
        wrong = run(notebook, target, small.get(notebook.stem, {}))
        seconds = time.perf_counter() - start
        shown = target.with_suffix(".html").relative_to(paths.PROJECT).as_posix()
        yield f"{'failed' if wrong else 'passed'}  {shown}  {seconds:.1f} s"
        if wrong:
            failures.append(f"notebooks/{name.as_posix()} {wrong}")
    return failures


def named(names: list[str]) -> list[Path]:
    """The notebooks whose names start so, or all.

    Raises:
        ProjectError: one of the names is that of no notebook.
    """
    found = {path.relative_to(paths.NOTEBOOKS).as_posix(): path for path in notebooks()}
    for name in names:
        if not any(each.startswith(name) for each in found):
            raise ProjectError(f"no notebook's name starts with {name!r}: {', '.join(found)}")
    return [path for name, path in found.items() if not names or name.startswith(tuple(names))]


def check(files: list[Path]) -> None:
    """Look at executed notebooks.

    Raises:
        ProjectError: some of them failed, or prove nothing, which the message says of each.
    """
    found = {file: problem(report.read(file)) for file in files}
    sentences = [f"{file} {sentence}" for file, sentence in found.items() if sentence]
    if sentences:
        raise ProjectError("\n".join(sentences))
