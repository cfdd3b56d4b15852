"""A Python script in this very process, as ``python script.py ...`` would run it."""

from __future__ import annotations

import os
import runpy
import sys
import traceback


def run_script(script: str, arguments: list[str]) -> int:
    """Run a script; gives its exit code."""
    sys.argv = [script, *arguments]
    paths = [os.path.dirname(os.path.abspath(script))]  # noqa: PTH100, PTH120 - no pathlib import cost
    paths += [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = paths
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ending:
        return _exit_code(ending)
    except BaseException:
        _print_traceback(script)
        return 1
    return 0


def _exit_code(ending: SystemExit) -> int:
    if ending.code is None:
        return 0
    if isinstance(ending.code, int):
        return ending.code & 0xFF
    print(ending.code, file=sys.stderr)
    return 1


def _print_traceback(script: str) -> None:
    """The traceback from the script's first frame on, as a plain run would show it."""
    kind, value, trace = sys.exc_info()
    start = trace
    while start is not None and start.tb_frame.f_code.co_filename != script:
        start = start.tb_next
    traceback.print_exception(kind, value, start or trace)
