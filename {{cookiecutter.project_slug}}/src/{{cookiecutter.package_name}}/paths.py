"""Where things are in this repository, wherever the caller stands."""

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
