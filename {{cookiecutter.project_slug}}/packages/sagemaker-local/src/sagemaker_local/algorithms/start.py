"""Starts an algorithm in a job's process, as a script, and answers for its models, as their script.

Of this folder such a process finds only the package ``sagemaker_algorithms``, which is off the
path. ``SAGEMAKER_ALGORITHM`` names the module that answers.
"""

from __future__ import annotations

import importlib
import os
import sys
import types
from pathlib import Path
from typing import Any

_PACKAGE = "sagemaker_algorithms"
_SERVING = "SAGEMAKER_ALGORITHM"


def model_fn(model_dir: str) -> Any:
    """The model of an archive."""
    return _serving().model_fn(model_dir)


def input_fn(body: str | bytes, content_type: str) -> Any:
    """The records of a body."""
    return _serving().input_fn(body, content_type)


def predict_fn(records: Any, model: Any) -> Any:
    """A prediction for each record."""
    return _serving().predict_fn(records, model)


def output_fn(predictions: Any, accept: str) -> Any:
    """The answer, and its type."""
    return _serving().output_fn(predictions, accept)


def main() -> None:
    """Train: the first argument names the module, and the others are its."""
    folder = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != folder]
    sys.exit(_module(sys.argv[1]).main(sys.argv[2:]))


def _serving() -> Any:
    return _module(os.environ[_SERVING])


def _module(name: str) -> Any:
    if _PACKAGE not in sys.modules:
        package = types.ModuleType(_PACKAGE)
        package.__path__ = [str(Path(__file__).resolve().parent)]
        sys.modules[_PACKAGE] = package
    return importlib.import_module(f"{_PACKAGE}.{name}")


if __name__ == "__main__":
    main()
