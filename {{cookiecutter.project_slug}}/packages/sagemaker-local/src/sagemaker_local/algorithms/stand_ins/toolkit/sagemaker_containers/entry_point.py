"""What scripts of several hosts call before they train."""

from __future__ import annotations


def _wait_hostname_resolution() -> None:
    """Hosts find each other by their names at once, here."""
