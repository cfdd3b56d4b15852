"""Runs a function that the SDK stored, in a job's process: ``invoke.py <runtime scripts> ...``.

It does what the SDK's ``job_driver.sh`` does: the SDK's own scripts in the job's channel prepare
the workspace, and the SDK's own module loads the function, calls it, and stores what it gave. Done
here, so that the function finds libraries that are loaded, and so that a failure is written down
where this job's ``/opt/ml`` is, which need not be there by that name.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_BOOTSTRAP = "bootstrap_runtime_environment.py"
_WORKSPACE = "sagemaker_remote_function_workspace"
# Below ``/opt/ml/input``: what the bootstrap script would have a shell export.
_EXPORTS = "sm_training.env"
# Any other user is thought to be a container's, for whom the script calls sudo; and what a person's
# commands ask of pip must not change the environment that runs this.
_PREPARING = {"LOGNAME": "root", "PIP_NO_INDEX": "1"}


def main() -> None:
    scripts, arguments = Path(sys.argv[1]), sys.argv[2:]
    own = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != own]
    _prepare(scripts, arguments)
    ml = scripts.parents[2]
    os.environ.update(_exported(ml / "input" / _EXPORTS))
    if Path(_WORKSPACE).is_dir():
        os.chdir(_WORKSPACE)
    sys.path.insert(0, str(Path.cwd()))  # as ``python -m`` has it
    _call(ml, arguments)


def _prepare(scripts: Path, arguments: list[str]) -> None:
    command = [sys.executable, str(scripts / _BOOTSTRAP), *arguments]
    ended = subprocess.run(command, env={**os.environ, **_PREPARING}, check=False)
    if ended.returncode != 0:
        sys.exit(ended.returncode)


def _exported(file: Path) -> Iterator[tuple[str, str]]:
    """Its variables; each line is ``export NAME='value'``."""
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        _, pair = shlex.split(line)
        name, _, value = pair.partition("=")
        yield name, value


def _call(ml: Path, arguments: list[str]) -> None:
    import boto3
    from sagemaker.core.remote_function import errors, invoke_function

    boto3.DEFAULT_SESSION = None  # made when the SDK was loaded, which knew no address
    errors.FAILURE_REASON_PATH = str(ml / "output" / "failure")
    invoke_function.main(arguments)  # it exits


if __name__ == "__main__":
    main()
