"""The image's server, as a client sees it."""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

RELAY = Path(__file__).with_name("relay.py")
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Answer:
    """What the server answered."""

    status: int
    content_type: str
    body: str


class _Connection(HTTPConnection):
    """A connection through a socket's file."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(str(self._path))


@dataclass(frozen=True)
class Server:
    """A running server."""

    process: "subprocess.Popen[bytes]"
    path: Path
    log_file: Path

    @property
    def log(self) -> str:
        """What it printed so far."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def request(
        self,
        path: str,
        body: str | bytes | None = None,
        content_type: str = "",
        accept: str = "",
    ) -> Answer:
        """GET, or POST where there is a body; headers that are "" are left out."""
        connection = _Connection(self.path)
        headers = {"Content-Type": content_type, "Accept": accept}
        given = {name: value for name, value in headers.items() if value}
        try:
            connection.request("GET" if body is None else "POST", path, body, given)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", errors="replace")
            return Answer(answer.status, answer.getheader("Content-Type") or "", text)
        finally:
            connection.close()

    def is_healthy(self) -> bool:
        """Whether /ping is answered as SageMaker wants it."""
        try:
            return self.request("/ping").status == 200
        except (OSError, HTTPException):
            return False


@contextmanager
def started(
    command: Sequence[str], environment: Mapping[str, str], scratch: Path
) -> Iterator[Server]:
    """A server, once it answers /ping; it is stopped in the end."""
    log = scratch / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=output
        )
    server = Server(process, scratch / "socket", log)
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not server.is_healthy():
            assert process.poll() is None, f"the server ended: {server.log[-3000:]}"
            assert time.monotonic() < deadline, f"no answer to /ping: {server.log[-3000:]}"
            time.sleep(0.1)
        yield server
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)
