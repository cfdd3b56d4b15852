"""Where things are in this repository, wherever in it the caller stands.

The project is the one around the working directory: in a copy of a project whose package is
installed from elsewhere, the copy's files are meant. Outside of any, it is the package's own.
"""

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
INSTALLED = PACKAGE.parents[1]  # the project whose code this is


def around(folder: Path) -> Path:
    """The project of this package's name that a folder is in; else the one that is installed."""
    for place in (folder, *folder.parents):
        if (place / "src" / PACKAGE.name / "settings.py").is_file():
            return place
    return INSTALLED


PROJECT = around(Path.cwd().resolve())
NOTEBOOKS = PROJECT / "notebooks"
RUNTIME = PROJECT / "runtime"
DATA = PROJECT / "data"
CONTRACTS = PROJECT / "contracts"
REPORTS = PROJECT / "reports"
PARAMS = PROJECT / "params"
STATE = "SAGEMAKER_LOCAL_ROOT"  # a variable that names another folder for local sessions
LOCAL_ROOT = Path(os.environ.get(STATE) or PROJECT / ".sagemaker-local")
CALLER = Path.cwd()  # where the notebook was started; relative paths of a person mean this folder


def make_runtime_importable() -> None:
    """Let `import tabular` and the like find the scripts and their library in `runtime/`."""
    if str(RUNTIME) not in sys.path:
        sys.path.insert(0, str(RUNTIME))


def disagreement() -> str:
    """A sentence where the project's files and the running code are of two projects, else ""."""
    if PROJECT == INSTALLED:
        return ""
    return (
        f"the files are those of {PROJECT}, and the code of {PACKAGE.name} that runs is that of "
        f"{INSTALLED}: make setup in {PROJECT} installs its own"
    )
