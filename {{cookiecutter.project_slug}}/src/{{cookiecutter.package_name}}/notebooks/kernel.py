"""A notebook's process that is spoken to through sockets in a folder, which nobody else opens.

jupyter_client picks five free TCP ports and closes them again, for the process to open them later:
another program can take one in between, and the notebook fails before its first cell
(papermill, issue 511). On Windows, which has no such sockets for ZeroMQ, ports stay.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager

SOCKETS = os.name == "posix"


class Kernel(AsyncKernelManager):
    """The process of one notebook; its folder of sockets goes when it ends."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._folder = ""
        if SOCKETS:
            # Not in the project: a socket's path may have about a hundred characters.
            self._folder = tempfile.mkdtemp(prefix="kernel-")
            self.transport = "ipc"
            self.ip = str(Path(self._folder, "socket"))

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart=restart)
        if self._folder and not restart:
            shutil.rmtree(self._folder, ignore_errors=True)

    cleanup_resources = _async_cleanup_resources
