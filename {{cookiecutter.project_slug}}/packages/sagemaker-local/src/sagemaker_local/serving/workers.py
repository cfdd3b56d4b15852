"""A batch transform in several processes, each with the model, as the image's server has them.

The server of SageMaker's image has a worker for each core, or as many as
``SAGEMAKER_MODEL_SERVER_WORKERS`` says (``parameters.py`` of sagemaker-inference-toolkit); a job
asks for ``MaxConcurrentTransforms`` payloads at once. The job's own process reads lines, and
writes what it gets; all else is done side by side.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from .in_order import in_order
from .model_script import ScriptError
from .options import Options
from .payloads import Block, Source
from .transformation import Transformation, Written, blocks_of, write_all

_WORKERS = "SAGEMAKER_MODEL_SERVER_WORKERS"
_THREADS = "OMP_NUM_THREADS"

# Of a worker: how it gets its model, and what it has got.
_make: Callable[[], Transformation] | None = None
_made: Transformation | None = None


def most() -> int:
    """How many processes may answer side by side; one where a process cannot fork."""
    # A script that is debugged runs in the engine's own process, and not in a job's.
    if sys.platform != "linux" or "sagemaker_local" in sys.modules:
        return 1
    asked = os.environ.get(_WORKERS, "")
    return int(asked) if asked.isdigit() and asked != "0" else len(os.sched_getaffinity(0))


def run(make: Callable[[], Transformation], options: Options, sources: Sequence[Source]) -> None:
    """``Transformation.run`` in processes of their own.

    Args:
        make: loads the model; called in each process.
        options: of the job.
        sources: the files.

    Raises:
        RecordError: a record, or a file, cannot be transformed; names it.
        ScriptError: the model does not load, or its script ended the process that it ran in.
    """
    fork = multiprocessing.get_context("fork")
    pool = ProcessPoolExecutor(options.processes, fork, _begin, (make,))
    # One block more than are answered at once, so that no process waits for the next.
    results = in_order(_transformed, blocks_of(sources, options), options.processes + 1, pool)
    try:
        write_all(results, sources)
    except BrokenProcessPool as error:
        raise ScriptError(
            "the model's script ended the process that it answered in, or it was killed"
        ) from error


def _begin(make: Callable[[], Transformation]) -> None:
    global _make
    _make = make
    # Libraries that are loaded already have read the variable; those that are not will.
    os.environ.setdefault(_THREADS, "1")
    control = sys.modules.get("threadpoolctl")
    if control is not None:
        control.threadpool_limits(int(os.environ[_THREADS]))


def _transformed(block: Block) -> Written:
    global _made
    if _made is None:
        assert _make is not None, "a worker begins before it transforms"
        _made = _make()
    return _made.transformed(block)
