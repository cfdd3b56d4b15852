"""The modules of the XGBoost algorithm, which is without a script what this package is with one."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path
from typing import Any

_PACKAGE = "sagemaker_algorithms"


def module(name: str) -> Any:
    """One of them, such as ``xgboost_data``."""
    if _PACKAGE not in sys.modules:
        package = types.ModuleType(_PACKAGE)
        package.__path__ = [str(Path(__file__).resolve().parents[3])]
        sys.modules[_PACKAGE] = package
    return importlib.import_module(f"{_PACKAGE}.{name}")
