"""Channels as XGBoost's matrices, the label first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ._algorithm import module


def get_dmatrix(
    data_path: str, content_type: str, csv_weights: int = 0, is_pipe: bool = False
) -> Any:
    """The data of a channel's folder, or of a file; None: there is none.

    Raises:
        UserError: it cannot be read as that.
    """
    kind = module("xgboost_channels").kind_of(content_type)
    return module("xgboost_data").Source(kind, csv_weights == 1).matrix([Path(data_path)])


def get_size(data_path: str, is_pipe: bool = False) -> int:
    """The bytes of a channel's files."""
    return sum(file.stat().st_size for file in module("files").data_files(Path(data_path)))
