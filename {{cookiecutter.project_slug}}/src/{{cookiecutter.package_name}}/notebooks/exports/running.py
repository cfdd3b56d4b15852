"""A `%%writefile` cell that is run is an export too, and the next comparison has to know of it."""

from typing import Any

from IPython.core.getipython import get_ipython


def follow_cells() -> None:
    """Remember from now on what `%%writefile` cells of this notebook write."""
    shell = get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", remember_cell)


def remember_cell(result: Any) -> None:
    """Remember the file of the cell that IPython has just run, if it was a `%%writefile` cell."""
    source = str(result.info.raw_cell)
    if result.success and source.lstrip().startswith("%%"):
        from . import last_export  # most notebooks have no such cell, and need not wait for it

        last_export.remember_cell(source)
