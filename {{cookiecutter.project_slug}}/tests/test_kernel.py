"""A notebook's process is spoken to through sockets in a folder of its own."""

import os
from pathlib import Path

import pytest
from jupyter_core.utils import ensure_event_loop

from {{ cookiecutter.package_name }}.notebooks.kernel import Kernel


@pytest.mark.skipif(os.name != "posix", reason="ZeroMQ has no such sockets on Windows")
def test_no_port_is_taken_and_the_folder_goes_with_the_process() -> None:
    kernel, loop = Kernel(kernel_name="python3"), ensure_event_loop()
    loop.run_until_complete(kernel.start_kernel())
    folder = Path(kernel.ip).parent
    try:
        client = kernel.client()
        client.start_channels()
        loop.run_until_complete(client.wait_for_ready(timeout=60))
        assert kernel.transport == "ipc"
        assert len(list(folder.glob("socket-*"))) == 5
        assert folder.stat().st_mode & 0o077 == 0, "nobody else can speak to the process"
        client.stop_channels()
    finally:
        loop.run_until_complete(kernel.shutdown_kernel(now=True))
    assert not folder.exists()
