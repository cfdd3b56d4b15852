"""Every notebook from top to bottom on a small sample: `python -m <package> notebooks run`.

It leaves the executed notebooks and a report of each in `reports/`; files under `notebooks/` are
only read. A notebook also fails when it passes without proof: papermill succeeds where all cells
are empty or skipped, and where `sys.exit(0)` ends a notebook before its last cell.
"""

import argparse
import ast
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
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
from . import report
from .exports.cells import notebooks

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
    options = {"kernel_name": "python3", "language": "python", "progress_bar": False}
    try:
        with own_kernel():
            papermill.execute_notebook(notebook, target, parameters, **options)
    except PapermillExecutionError:
        pass  # the executed notebook says so, too
    except Exception as error:  # a kernel that died, a file that is no notebook
        return f"could not be run: {str(error).splitlines()[0]}"
    target.with_suffix(".html").write_text(report.page(target), encoding="utf-8", newline="\n")
    return problem(nbformat.read(target, as_version=4))


def run_all(names: list[str]) -> list[str]:
    """Run the notebooks whose names start so, or all; returns a sentence for each that failed."""
    small = yaml.safe_load(SMALL.read_text(encoding="utf-8"))
    failures = []
    for notebook in notebooks():
        name = notebook.relative_to(paths.NOTEBOOKS)
        if names and not name.as_posix().startswith(tuple(names)):
            continue
        start = time.perf_counter()
        target = paths.REPORTS / name
        found = run(notebook, target, small.get(notebook.stem, {}))
        seconds = time.perf_counter() - start
        shown = target.with_suffix(".html").relative_to(paths.PROJECT).as_posix()
        print(f"{'failed' if found else 'passed'}  {shown}  {seconds:.1f} s", flush=True)
        if found:
            failures.append(f"notebooks/{name.as_posix()} {found}")
    return failures


def check(files: list[str]) -> list[str]:
    """A sentence for each of these executed notebooks that failed, or that proves nothing."""
    found = {name: problem(nbformat.read(name, as_version=4)) for name in files}
    return [f"{name} {sentence}" for name, sentence in found.items() if sentence]


def main(argv: list[str] | None = None) -> None:
    """The command line: `run`, with the starts of names, or `check`, with executed notebooks."""
    parser = argparse.ArgumentParser(description="Notebooks, executed from top to bottom.")
    commands = parser.add_subparsers(dest="command", required=True)
    running = commands.add_parser("run", help="run notebooks on a small sample")
    running.add_argument("names", nargs="*", help="starts of names, such as 03; none: all")
    checking = commands.add_parser("check", help="look at executed notebooks")
    checking.add_argument("names", nargs="+", metavar="file", help="an executed notebook")
    arguments = parser.parse_args(argv)
    found = {"run": run_all, "check": check}[arguments.command](arguments.names)
    if found:
        sys.exit("\n".join(f"executed: {sentence}" for sentence in found))
