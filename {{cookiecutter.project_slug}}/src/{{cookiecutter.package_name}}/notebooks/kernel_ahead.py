"""The process of notebook 03, started before what runs a notebook is imported: both take a second.

So this module imports little. The process imports what the notebook's first cell needs while
papermill is imported here.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import paths
from ..runs import FOLDERS_FILE

# With these, papermill starts another process, or none.
OTHERWISE = ("-k", "--kernel", "--cwd", "--engine", "--prepare-only", "--version", "-h")
# tornado shows an error where ipykernel closes its sockets before it has said its last word.
STARTED = (
    "import pandas, boto3, logging; logging.getLogger('tornado.general').setLevel('CRITICAL'); "
    "del pandas, boto3, logging"
)
QUIET = [
    "--log-level=CRITICAL",  # of the kernel's own application
    "--HistoryManager.hist_file=:memory:",
    f"--IPKernelApp.exec_lines={STARTED}",
]


@dataclass(frozen=True)
class Ahead:
    """What there is of a run before it begins: its folder for a while, and a process, if any."""

    folder: Path
    kernel: Any = None

    @property
    def announced(self) -> Path:
        """Where the notebook names the runs that it starts."""
        return self.folder / "runs.txt"


@contextmanager
def started(options: list[str]) -> Iterator[Ahead]:
    """A folder and a process for the notebook, both gone afterwards.

    Args:
        options: papermill's.
    """
    runs = paths.REPORTS / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # the kernel is this interpreter
    with tempfile.TemporaryDirectory(dir=runs, prefix=".running-") as folder:
        ahead = Ahead(Path(folder))
        os.environ[FOLDERS_FILE] = str(ahead.announced)
        kernel = None if _starts_otherwise(options) else _start()
        try:
            yield Ahead(ahead.folder, kernel)
        finally:
            del os.environ[FOLDERS_FILE]
            if kernel:
                _end(kernel)


def _starts_otherwise(options: list[str]) -> bool:
    words = [word.partition("=")[0] for word in options]
    return any(word in OTHERWISE or word.startswith("--help") for word in words)


def _start() -> Any:
    from jupyter_core.utils import ensure_event_loop

    from .kernel import Kernel

    kernel = Kernel(kernel_name="python3")
    ensure_event_loop().run_until_complete(kernel.start_kernel(extra_arguments=QUIET))
    return kernel


def _end(kernel: Any) -> None:
    """End the process where the notebook has not done so: it was never run."""
    from jupyter_core.utils import ensure_event_loop

    if kernel.has_kernel:
        ensure_event_loop().run_until_complete(kernel.shutdown_kernel(now=True))
