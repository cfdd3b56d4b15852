"""Runs a program that drives the SDK where only this machine can be reached, and nothing is set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1]


def seen_by(program: str, folder: Path, source: Path) -> dict[str, Any]:
    """What ``<folder>/seen.json`` holds after ``python <program> <folder>``.

    Args:
        program: a file beside this one.
        folder: the program's own.
        source: the folder that holds the package ``sagemaker_local``.

    Returns:
        What it saw; ``network`` has what it, or a library, tried to reach, ``errors`` what it wrote
        to standard error.
    """
    paths = [source, TESTS, TESTS / "offline"]
    report = folder / "offline.txt"
    ended = subprocess.run(
        [sys.executable, str(Path(__file__).with_name(program)), str(folder)],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "OFFLINE_REPORT": str(report),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    found: dict[str, Any] = json.loads((folder / "seen.json").read_text(encoding="utf-8"))
    reached = report.read_text() if report.is_file() else ""
    return found | {"network": reached, "errors": ended.stderr}
