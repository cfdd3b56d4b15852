"""Which data contract belongs to which data: a file in contracts/, named after the task.

The sample data has one for each problem type. Your own data has one under its `task`, or, without
a task, under the name of its file or folder, so that no data is held to another's contract.
"""

import re
from pathlib import Path, PurePosixPath

from .. import paths
from . import inputs

NONE = "none"


def place(task: str, input_data: str, problem_type: str) -> Path:
    """Where the contract of this data is, or would be."""
    own = task or PurePosixPath(Path(input_data).as_posix()).stem
    name = re.sub(r"[^\w-]+", "-", own) if input_data else f"used_cars-{problem_type}"
    return paths.CONTRACTS / f"{name}.json"


def find(asked: str, task: str, input_data: str, problem_type: str) -> Path | None:
    """The contract to hold this data to; None where there is none.

    Args:
        asked: a contract's file; "none" for no contract; empty for the data's own, if it has one.

    Raises:
        ProjectError: the file that was asked for is not there.
    """
    if asked == NONE:
        return None
    if asked:
        return inputs.find(asked, "contract")
    own = place(task, input_data, problem_type)
    return own if own.is_file() else None
