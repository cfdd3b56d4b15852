"""A server out of a model's own `code/`, as tests start and ask it."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import psutil
from engine.local import until

SECONDS = 3.0  # in which a request must be whole
HEAD = b"POST /invocations HTTP/1.1\r\nHost: model\r\nContent-Type: application/json\r\n"
PATIENCE = 60.0


@dataclass(frozen=True)
class Serving:
    """A server's process, and where it is."""

    process: psutil.Popen
    port: int
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def connection(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def opened(self, sent: bytes) -> socket.socket:
        """A connection on which something was sent."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        client.sendall(sent)
        return client


@contextmanager
def served(python: Path, model: Path, folder: Path, *options: str) -> Iterator[Serving]:
    """A server out of the model's own code, in a process whose only code of ours that is."""
    log = folder / "server.log"
    environment = {n: v for n, v in os.environ.items() if n not in ("PYTHONPATH", "SM_MODEL_DIR")}
    command = [str(python), "serve.py", "--port=0", f"--seconds={SECONDS:g}", *options]
    with log.open("wb") as output:
        process = psutil.Popen(
            command, cwd=model / "code", env=environment, stdout=output, stderr=output
        )
    try:
        until(lambda: re.search(r"http://\S+:(\d+)", log.read_text()) or process.poll() is not None)
        found = re.search(r"http://\S+:(\d+)", log.read_text())
        assert found, log.read_text()
        server = Serving(process, int(found[1]), log)
        until(lambda: answer(server.connection(), "GET", "/ping")[0] == 200)
        yield server
    finally:
        with suppress(psutil.NoSuchProcess):
            process.kill()
        process.wait()


def answer(
    connection: HTTPConnection, method: str, path: str, body: bytes | None = None
) -> tuple[int, bytes]:
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    reply = connection.getresponse()
    return reply.status, reply.read()
