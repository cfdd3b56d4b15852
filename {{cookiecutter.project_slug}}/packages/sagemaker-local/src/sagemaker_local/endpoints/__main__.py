"""The supervisor's program: a guardian, and its child, which supervises and is started again.

Run as a script, with ``-P``: models must find what a plain run finds, not this folder.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

# Not of an installed engine perhaps: of the one that this file belongs to.
_SOURCE = str(Path(__file__).resolve().parents[2])
if _SOURCE not in sys.path:
    sys.path.insert(0, _SOURCE)

from sagemaker_local.processes import leftovers  # noqa: E402

_WORKER = "--worker"
_PAUSE_SECONDS = 0.5
# A child that lives shorter than this has not recovered anything.
_SHORT_SECONDS = 10.0
_MOST_SHORT_LIVES = 5


def main(argv: list[str]) -> int:
    """Supervise, or guard a child that does; gives the exit code."""
    if _WORKER not in argv:
        return _guard([sys.executable, "-P", __file__, *argv, _WORKER])
    parser = argparse.ArgumentParser(prog="endpoints")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument(_WORKER, action="store_true")
    options = parser.parse_args(argv)
    from sagemaker_local.endpoints.supervisor import supervise

    return supervise(options.root, options.region, options.host)


def _guard(command: list[str]) -> int:
    """Start a child again for as long as it ends by a crash; end what it leaves behind."""
    short_lives = 0
    while True:
        marked = leftovers.mark()
        began = time.monotonic()
        child = subprocess.Popen(command, env={**os.environ, **marked})
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, partial(_pass_on, child))
        code = child.wait()
        leftovers.end(marked)
        short_lives = short_lives + 1 if time.monotonic() - began < _SHORT_SECONDS else 0
        if code == 0 or short_lives == _MOST_SHORT_LIVES:
            return code
        print(f"The supervisor ended with code {code}; it is started again.", flush=True)
        time.sleep(_PAUSE_SECONDS)


def _pass_on(child: subprocess.Popen[bytes], number: int, frame: object) -> None:
    child.send_signal(number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
