"""What the project adds to JupyterLab's server: a notebook hears of its kernel, and forgets it."""

import copy
import importlib
import json
import platform
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager

from {{ cookiecutter.package_name }} import paths
from {{ cookiecutter.package_name }}.notebooks import jupyterlab


def test_what_a_notebook_hears_of_its_kernel_is_not_saved() -> None:
    for path in sorted(paths.NOTEBOOKS.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        before = copy.deepcopy(notebook)
        told = jupyterlab.kernel_metadata(KernelSpecManager(), "python3")
        assert told["language_info"]["version"] == platform.python_version()
        assert told["kernelspec"] != before["metadata"]["kernelspec"]

        notebook["metadata"] |= told
        jupyterlab.forget_kernel({"type": "notebook", "content": notebook})
        assert notebook == before


def test_other_files_and_unknown_kernels_are_left_alone() -> None:
    text = {"type": "file", "content": "language_info"}
    jupyterlab.forget_kernel(text)
    assert text == {"type": "file", "content": "language_info"}
    assert jupyterlab.kernel_metadata(KernelSpecManager(), "no-such-kernel") == {}


def test_the_server_finds_its_part_under_the_name_that_is_installed() -> None:
    installed = Path(jupyterlab.__file__).with_suffix(".json")
    enabled = json.loads(installed.read_text(encoding="utf-8"))["ServerApp"]["jpserver_extensions"]
    [name] = enabled
    part = importlib.import_module(name)
    assert part is jupyterlab and enabled[name]
    assert part._jupyter_server_extension_points() == [{"module": name}]
