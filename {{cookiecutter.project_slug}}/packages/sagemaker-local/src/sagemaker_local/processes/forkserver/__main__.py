"""Starts the server; run as a script, with the modules to load as arguments."""

from __future__ import annotations

import importlib
import os
import sys
import types

_PACKAGE = "sagemaker_forkserver"


def main() -> None:
    package = types.ModuleType(_PACKAGE)
    package.__path__ = [os.path.dirname(os.path.abspath(__file__))]  # noqa: PTH100, PTH120 - no pathlib import cost
    sys.modules[_PACKAGE] = package
    importlib.import_module(f"{_PACKAGE}.server").main(sys.argv[1:])


if __name__ == "__main__":
    main()
