"""Whom a server on this machine answers: nobody's browser, and no name that a stranger gave out.

Nobody is asked for a key. So that no page of a browser on this machine can use a server, requests
with an ``Origin``, and those for a host by a name that somebody's name server may have given out
for loopback, are refused.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import lru_cache

LOOPBACK = "127.0.0.1"
_LOCAL_NAMES = ("localhost",)
_BEHIND_LOCALHOST = ".localhost"


def refusal(origin: str, host: str, listening: str) -> str:
    """Why a request is not answered; empty if it is.

    Args:
        origin: its header ``Origin``.
        host: its header ``Host``.
        listening: the address, or the name, that the server was told.
    """
    if origin:
        return "Pages of a browser are not answered here: anyone may write one."
    name = _name(host)
    if not _is_known(name, listening):
        told = f"The host {name[:80]!r} is not this machine by a name that is known here"
        return f"{told}; use its address, such as {LOOPBACK}."
    return ""


def url(host: str, port: int) -> str:
    """Where a client on this machine finds a server that listens at an address."""
    name = {"0.0.0.0": LOOPBACK, "::": "::1"}.get(host, host)
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def _name(host: str) -> str:
    """A Host header without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host


@lru_cache(maxsize=256)
def _is_known(host: str, listening: str) -> bool:
    """An address, or a name that no name server gives out."""
    name = host.lower().rstrip(".")
    if name in (*_LOCAL_NAMES, listening.lower()) or name.endswith(_BEHIND_LOCALHOST):
        return True
    if listening != LOOPBACK and name == socket.gethostname().lower():
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
