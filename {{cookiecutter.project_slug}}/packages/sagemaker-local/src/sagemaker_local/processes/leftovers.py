"""Processes that outlive the program that started them, found by a variable that they inherit.

The fork server adopts what its jobs leave behind; where it does not run, this is how they are
found, whatever session or group they moved to.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress

import psutil
from sagemaker_local.names import random_id

_VARIABLE = "SAGEMAKER_LOCAL_JOB"
_POLL_SECONDS = 0.005


def mark() -> dict[str, str]:
    """A variable for a new program; it is inherited, and no other program has the same.

    It names the outer programs as well: a job may itself run jobs.
    """
    return {_VARIABLE: f"{os.environ.get(_VARIABLE, '')}/{random_id(12)}"}


def own() -> dict[str, str]:
    """The variable that this process inherited: with it, all that it started can be ended."""
    return {_VARIABLE: os.environ.get(_VARIABLE, "")}


def end(marked: Mapping[str, str]) -> None:
    """Kill every process that inherited the variable of a program that has ended."""
    name = marked[_VARIABLE].rpartition("/")[2]
    while name and (found := [process for process in psutil.process_iter() if _has(process, name)]):
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        time.sleep(_POLL_SECONDS)  # until they are gone, and what they forked meanwhile


def _has(process: psutil.Process, name: str) -> bool:
    with suppress(psutil.Error, OSError):
        return name in process.environ().get(_VARIABLE, "").split("/")
    return False
