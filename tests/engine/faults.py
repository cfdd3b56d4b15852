"""What tests of faults share: programs that run pipelines, and archives to unpack."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import textwrap
from pathlib import Path
from typing import Any

from engine.definitions import Json, processing
from engine.local import Local


def program_output(script: str, source: Path, *arguments: str, before: tuple[str, ...] = ()) -> Any:
    """What a program that runs pipelines in a process of its own prints, as JSON."""
    paths = [str(source), str(Path(__file__).parents[1])]
    done = subprocess.run(
        [*before, sys.executable, "-c", textwrap.dedent(script), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def start_unpacking(local: Local, source: Any, **members: Any) -> Json:
    """A step that unpacks ``sourcedir.tar.gz``, as a FrameworkProcessor has it done."""
    entry = local.put('python3 main.py "$@"\n', "entry/runproc.sh")
    step = processing("Full", source, inputs={"entrypoint": entry}, **members)
    step["Arguments"]["AppSpecification"]["ContainerEntrypoint"] = [
        "/bin/bash",
        "/opt/ml/processing/input/entrypoint/runproc.sh",
    ]
    return step


def packed(*members: tarfile.TarInfo, **files: str) -> bytes:
    """A tarball of members, and of files by their names without ``.py``."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{name}.py")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        for member in members:
            tar.addfile(member)
    return stream.getvalue()
