"""Starts ``xgboost_training`` in a job's process; run as a script, with its arguments.

Of this folder the job finds only the package ``sagemaker_algorithms``, which is off the path.
"""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

_PACKAGE = "sagemaker_algorithms"


def main() -> None:
    folder = Path(__file__).resolve().parent
    package = types.ModuleType(_PACKAGE)
    package.__path__ = [str(folder)]
    sys.modules[_PACKAGE] = package
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != folder]
    sys.exit(importlib.import_module(f"{_PACKAGE}.xgboost_training").main(sys.argv[1:]))


if __name__ == "__main__":
    main()
