"""Starts ``program`` in a job's process; run as a script, with the task's file as argument.

The job finds what a plain run of the model's script would, and of this folder only the package
``sagemaker_serving``: on the path, its modules would hide a model's own ``records``.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

_PACKAGE = "sagemaker_serving"


def _make_importable(folder: Path) -> None:
    """Make a folder a package, wherever it is, and take it off the path."""
    init = folder / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        _PACKAGE, init, submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None, "a folder with an __init__.py has both"
    module = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = module
    spec.loader.exec_module(module)
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != folder]


def run(program: str) -> None:
    """Run a module of this folder, and end with its exit code."""
    _make_importable(Path(__file__).resolve().parent)
    sys.exit(importlib.import_module(f"{_PACKAGE}.{program}").main(sys.argv[1:]))


if __name__ == "__main__":
    run("program")
