"""Becomes a program that the system ends when its parent does, where it can (Linux).

Run as a script: ``python with_parent.py <pid of the parent> <folder> <program> <arguments>``. The
program finds the folder at ``/opt/ml``, unless it is empty.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(argv: list[str]) -> None:
    """Replace this process by a program, unless its parent has ended already."""
    parent, ml, *command = argv[1:]
    if ml:
        _enter(ml)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == int(parent):
        os.execv(command[0], command)


def _enter(ml: str) -> None:
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "forkserver"))  # noqa: PTH100, PTH118, PTH120 - no pathlib import cost
    importlib.import_module("mounts").enter(ml)


def command(argv: list[str], ml: str = "") -> list[str]:
    """Such a command for one whose program is a path; it is its own where the system cannot.

    Args:
        argv: the command.
        ml: the folder that the program finds at ``/opt/ml``; empty: none.
    """
    if not sys.platform.startswith("linux"):
        return argv
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), ml, *argv]


if __name__ == "__main__":
    main(sys.argv)
