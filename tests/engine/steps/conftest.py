"""What tests of steps share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.definitions import (
    Json,
)
from engine.local import Local


@pytest.fixture
def with_functions(tmp_path: Path, runner: Any) -> Callable[..., Local]:
    """An engine that knows functions: ``with_functions(name=handler)``."""

    def make(functions: Json | None = None, **named: Any) -> Local:
        return Local(tmp_path / "root", runner, {**(functions or {}), **named})

    return make
