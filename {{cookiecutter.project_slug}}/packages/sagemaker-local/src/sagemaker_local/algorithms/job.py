"""A training job as an algorithm's program finds it: configuration, folders, and its failure."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .hyperparameters import UserError


def run(train: Callable[[], None]) -> int:
    """Run it; gives the exit code. What a person can mend becomes the job's failure message."""
    try:
        train()
    except UserError as error:
        print(error, file=sys.stderr)
        folder("SM_OUTPUT_DIR").joinpath("failure").write_text(str(error), encoding="utf-8")
        return 1
    return 0


def configured(name: str) -> dict[str, Any]:
    """``hyperparameters`` or ``inputdataconfig``."""
    file = folder("SM_INPUT_CONFIG_DIR") / f"{name}.json"
    return dict(json.loads(file.read_text(encoding="utf-8")))


def folder(variable: str) -> Path:
    """The folder that a variable names."""
    return Path(os.environ[variable])
