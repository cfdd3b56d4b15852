"""Clients that stall, trickle or leave cost the others nothing; SIGTERM ends everything well."""

from __future__ import annotations

import os
import signal
import socket
import threading
from urllib.parse import urlsplit

import pytest

from engine.hosting import Hosted, post, scale, variant
from engine.local import until

pytestmark = pytest.mark.slow

_HEAD = b"POST /endpoints/e/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n"
_STALLED, _HEALTHY = 300, 200


def test_healthy_requests_succeed_while_many_connections_stall(own: Hosted) -> None:
    own.model("m", scale(1))
    own.create("e", variant("m"))
    address = urlsplit(own.url)
    supervisor = own.supervisor
    before = supervisor.num_fds()
    silent = [opened(address.port, b"") for _ in range(_STALLED // 3)]
    headless = [opened(address.port, _HEAD) for _ in range(_STALLED // 3)]
    bodyless = [opened(address.port, _HEAD + b"\r\n1,2") for _ in range(_STALLED // 3)]
    stalled = silent + headless + bodyless
    until(lambda: supervisor.num_fds() >= before + _STALLED)
    connection = own.connection()
    for _ in range(_HEALTHY):
        assert post(connection, "e", "1,2") == (200, "3")
    connection.close()
    for _ in range(20):  # whole requests, whose clients do not wait for the answer
        opened(address.port, _HEAD + b"\r\n1,2,3,4,5").close()
    # Some leave, and the rest is told to: whole requests only are waited for.
    for client in stalled[::2]:
        client.close()
    until(lambda: supervisor.num_fds() < before + _STALLED * 2 // 3)
    supervisor.send_signal(signal.SIGTERM)
    supervisor.wait(30)
    for client in stalled:
        client.close()
    assert own.processes() == []
    assert "Traceback" not in own.log


def test_sigterm_waits_for_requests_that_are_under_way(own: Hosted) -> None:
    slow = scale(1).replace("return [factor", "time.sleep(1.0); return [factor")
    own.model("m", slow)
    own.create("e", variant("m"))
    answers = []

    def ask() -> None:
        connection = own.connection()
        answers.append(post(connection, "e", "1,2"))
        connection.close()

    asking = threading.Thread(target=ask)
    asking.start()
    (log,) = own.local.root.glob("endpoints/e/*/m/job.log")
    until(lambda: "serves" in log.read_text())
    threading.Event().wait(0.3)  # it is with the model by now
    supervisor = own.supervisor
    os.kill(supervisor.pid, signal.SIGTERM)
    asking.join()
    supervisor.wait(30)
    assert answers == [(200, "3")]
    assert own.processes() == []
    assert own.local.engine.endpoints.get("e").status == "InService", "the next look starts it"


def opened(port: int | None, begun: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port or 0))
    client.sendall(begun)
    return client
