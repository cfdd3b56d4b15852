"""What is not read here of any job's inputs, in the words of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def source_refusals(where: str, mode: Any, data_type: Any) -> Iterator[str]:
    """Why an input's mode or data type is not one that is read here; expressions are left out."""
    if mode not in (None, "File", "FastFile") and not isinstance(mode, dict):
        yield f"{where}: input mode {mode} is not run locally; use File"
    if data_type not in (None, "S3Prefix") and not isinstance(data_type, dict):
        yield f"{where}: data type {data_type} is not read locally; use S3Prefix"
