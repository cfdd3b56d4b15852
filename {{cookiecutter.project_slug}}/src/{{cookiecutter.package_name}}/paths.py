"""Where things are in this repository, wherever the caller stands."""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = PROJECT / "notebooks"
RUNTIME = PROJECT / "runtime"
DATA = PROJECT / "data"
CONTRACTS = PROJECT / "contracts"
REPORTS = PROJECT / "reports"
PARAMS = PROJECT / "params"
LOCAL_ROOT = PROJECT / ".sagemaker-local"
CALLER = Path.cwd()  # where the notebook was started; relative paths of a person mean this folder


def go_to_notebooks() -> None:
    """Make the notebooks' folder the working directory and the runtime scripts importable.

    papermill runs a notebook in its caller's directory, where `%%writefile ../runtime/train.py`
    would write somewhere else. What such cells write from now on counts as exported.
    """
    os.chdir(NOTEBOOKS)
    if str(RUNTIME) not in sys.path:
        sys.path.insert(0, str(RUNTIME))
    from .exports import running  # needs IPython, which commands that import this module do not

    running.follow_cells()
