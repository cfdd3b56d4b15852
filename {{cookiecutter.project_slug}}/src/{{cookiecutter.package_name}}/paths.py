"""Where things are in this repository, wherever the caller stands."""

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


def make_runtime_importable() -> None:
    """Let `import tabular` and the like find the scripts and their library in `runtime/`."""
    if str(RUNTIME) not in sys.path:
        sys.path.insert(0, str(RUNTIME))
