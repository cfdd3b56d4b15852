"""Programs that run notebooks, started with their libraries loaded.

Of the time that a small notebook takes alone, two thirds are imports. Programs started here are
forks of one process that has them, as the engine's own jobs are; it is the engine's fork server.
Tests that are about environments, servers or what an import does start programs as people do.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from sagemaker_local.processes.runner import Command, Runner
from sagemaker_local.processes.warm import WarmRunner

PROGRAM = Path(__file__).with_name("preloaded_program.py")
MODULES = "preloaded_modules"


@cache
def _runner() -> Runner:
    variables = {
        "AWS_DEFAULT_REGION": "us-east-1",  # without one the SDK cannot be imported
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a kernel's debugger is silent, too
        "PYTHONPATH": str(PROGRAM.parent),
    }
    with patch.dict(os.environ, variables):
        return WarmRunner((MODULES,))


def run_module(
    words: list[str], cwd: Path, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m`` with these words, in a fork on Linux and plainly elsewhere."""
    if not sys.platform.startswith("linux"):
        return subprocess.run(
            [sys.executable, "-m", *words],
            cwd=cwd,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
    with TemporaryDirectory() as folder:
        output, errors, log = (Path(folder, name) for name in ("output", "errors", "log"))
        argv = ("python", str(PROGRAM), str(output), str(errors), *words)
        code = _runner().start(Command(argv, cwd, log, environment)).wait()
        assert code is not None
        said = [
            path.read_text(encoding="utf-8") if path.exists() else "" for path in (output, errors)
        ]
        return subprocess.CompletedProcess(words, code, *said)
