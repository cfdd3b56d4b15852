"""The program of an endpoint's process: a model's own script behind HTTP, as a container has it.

``GET /ping`` and ``POST /invocations`` on the port that ``SAGEMAKER_BIND_TO_PORT`` says. A front
stands before it, which sends whole requests only; one is with the model at a time, as in a worker
of SageMaker's image, and ``/ping`` is answered meanwhile.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from .model_script import ModelScript, ScriptError, default_accept, say
from .records import JSON

_HOST = "127.0.0.1"
_WAITING = 256  # connections that were not accepted yet
# What Flask, in SageMaker's image, calls an answer without a type.
_NO_TYPE = "text/html; charset=utf-8"
_NO_TYPE_NOTE = (
    "[local session] {program} gives an answer without its type, which is {kind} then, here and on "
    "SageMaker: let output_fn give (body, content type)."
)
_MOST_REASON = 1000


def main(arguments: list[str]) -> int:
    """Serve as ``arguments[0]``, a JSON file, says, until SIGTERM; gives the exit code.

    Its members: ``model``, ``code`` and ``program``, where the model's files and its script are;
    ``announced``, a file that gets the port, if somebody waits for it.
    """
    task = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    try:
        model = ModelScript(Path(task["code"]), task["program"], Path(task["model"]))
    except ScriptError as error:
        say(error)
        return 1
    server = _Server((_HOST, int(os.environ["SAGEMAKER_BIND_TO_PORT"])), model, task["program"])
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"{task['program']} serves at port {server.server_port}.", flush=True)
    _announce(server.server_port, task.get("announced", ""))
    server.serve_forever(poll_interval=0.05)
    return 0


def _announce(port: int, file: str) -> None:
    if file:
        partial = Path(f"{file}.partial")
        partial.write_text(str(port), encoding="utf-8")
        partial.replace(file)


class _Server(ThreadingHTTPServer):
    request_queue_size = _WAITING
    daemon_threads = True

    def __init__(self, address: tuple[str, int], model: ModelScript, program: str) -> None:
        super().__init__(address, _Connection)
        self.model = model
        self.program = program
        self.accept = default_accept()
        self.turn = threading.Lock()
        self._told = False

    def tell_once(self, text: str) -> None:
        if not self._told:
            self._told = True
            print(text, flush=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who went away does not wait for an answer."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one write

    def setup(self) -> None:
        super().setup()
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._send(200, b"", JSON)
        else:
            self._send(404, b"", JSON)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/invocations":
            self._send(404, b"", JSON)
            return
        self._send(*self._answer(body))

    def _answer(self, body: bytes) -> tuple[int, bytes, str]:
        """The model's answer; an error as one sentence, its traceback in the log."""
        server = cast(_Server, self.server)
        content_type = self.headers.get("Content-Type") or JSON
        accept = self.headers.get("Accept") or "*/*"
        try:
            with server.turn:
                answer, kind = server.model.respond(
                    body, content_type, server.accept if accept == "*/*" else accept
                )
        except Exception as error:
            traceback.print_exc()
            status, reason = _refusal(error)
            return status, json.dumps({"error": reason[:_MOST_REASON]}).encode(), JSON
        if not kind:
            server.tell_once(_NO_TYPE_NOTE.format(program=server.program, kind=_NO_TYPE))
        return 200, answer, kind or _NO_TYPE

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _refusal(error: Exception) -> tuple[int, str]:
    """A status and a sentence: 500, as in SageMaker's images, unless the error says a status.

    Its toolkit's errors have ``status_code`` and ``message``; others call it ``status``.
    """
    for name in ("status_code", "status"):
        status = getattr(error, name, None)
        if isinstance(status, int) and 400 <= status < 600:
            return status, str(getattr(error, "message", error))
    return 500, f"{type(error).__name__}: {error}"
