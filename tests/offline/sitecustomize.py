"""Put on PYTHONPATH, this lets a process and its children reach this machine only.

Every other attempt raises, and is written to the file that OFFLINE_REPORT names, because a library
may swallow the exception.
"""

import os
import socket
from typing import Any

LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")

_connect = socket.socket.connect
_getaddrinfo = socket.getaddrinfo


def _refuse(target: object) -> None:
    with open(os.environ["OFFLINE_REPORT"], "a", encoding="utf-8") as report:  # noqa: PTH123
        report.write(f"{target}\n")
    raise OSError(f"{target} is not on this machine")


def connect(self: socket.socket, address: Any) -> None:
    if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
        _refuse(address)
    _connect(self, address)


def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    if host is not None and not str(host).startswith(LOOPBACK):
        _refuse(host)
    return _getaddrinfo(host, *args, **kwargs)


socket.socket.connect = connect  # type: ignore[method-assign, assignment]
socket.getaddrinfo = getaddrinfo
