"""What a notebook does first."""

import os
import sys

from .. import paths
from .exports import running


def go_to_notebooks() -> None:
    """Make the notebooks' folder the working directory and the runtime scripts importable.

    papermill runs a notebook in its caller's directory, where `%%writefile ../runtime/train.py`
    would write somewhere else. What such cells write from now on counts as exported.
    """
    if note := paths.disagreement():
        print(note, file=sys.stderr)
    os.chdir(paths.NOTEBOOKS)
    paths.make_runtime_importable()
    running.follow_cells()
