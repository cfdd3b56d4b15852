"""Names of a job's hosts, which are processes of this machine, found by Python's ``socket``.

A host of the service finds the others by names such as ``algo-1``, which no resolver here knows.
A variable has their addresses; with it, look-ups, connections and listening sockets take these
names, and ``gethostname`` is the host's own. Names that native code looks up by itself stay
unknown.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

# JSON: ``current``, the name of this host, and ``addresses``, those of all by their names.
VARIABLE = "SAGEMAKER_LOCAL_HOSTS"


def variable(current: str, addresses: Mapping[str, str]) -> dict[str, str]:
    """The variable of one host's process."""
    return {VARIABLE: json.dumps({"current": current, "addresses": dict(addresses)})}


def make_known() -> None:
    """Have this process find the hosts that its variable names; without one, nothing changes."""
    text = os.environ.get(VARIABLE, "")
    if not text:
        return
    hosts = json.loads(text)
    _resolve(hosts["current"], hosts["addresses"])


def _resolve(current: str, addresses: Mapping[str, str]) -> None:
    import socket  # jobs of one host do without it

    def numeric(host: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        return addresses.get(name, host) if isinstance(name, str) else host

    def by_first(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def look_up(host: Any, *arguments: Any, **options: Any) -> Any:
            return original(numeric(host), *arguments, **options)

        return look_up

    def by_address(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def use(self: Any, *arguments: Any) -> Any:
            *others, address = arguments
            if isinstance(address, tuple) and address:
                address = (numeric(address[0]), *address[1:])
            return original(self, *others, address)

        return use

    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        setattr(socket, name, by_first(getattr(socket, name)))
    for name in ("bind", "connect", "connect_ex", "sendto"):
        setattr(socket.socket, name, by_address(getattr(socket.socket, name)))
    socket.gethostname = lambda: current
