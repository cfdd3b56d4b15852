"""What a person runs in a terminal: a job that stops at a breakpoint.

Run by ``test_debug`` on a pseudo-terminal: ``python debug_program.py <folder>``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sagemaker_local.processes.runner import SpawnRunner

from engine.definitions import processing
from engine.local import Local

SCRIPT = """
import os
rows = [1, 2, 3]
breakpoint()
print("the sum is", sum(rows), os.getpid())
"""

if __name__ == "__main__":
    local = Local(Path(sys.argv[1]), SpawnRunner(), debug=True)
    single = local.begin(processing("Job", local.code(SCRIPT)))
    print(single.status, os.getpid(), "terminal" if sys.stdout.isatty() else "file")
