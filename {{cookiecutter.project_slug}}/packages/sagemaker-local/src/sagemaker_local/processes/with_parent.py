"""Becomes a program that the system ends when its parent does, where it can (Linux).

Run as a script: ``python with_parent.py <pid of the parent> <program> <arguments>``.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Replace this process by a program, unless its parent has ended already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent, program = int(argv[1]), argv[2]
    if os.getppid() == parent:
        os.execv(program, argv[2:])


def command(argv: list[str]) -> list[str]:
    """Such a command for one whose program is a path; it is its own where the system cannot."""
    if not sys.platform.startswith("linux"):
        return argv
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *argv]


if __name__ == "__main__":
    main(sys.argv)
