"""A process's own ``/opt/ml``: what the kernel does, for the super-user and for any other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sagemaker_local.processes.forkserver import mounts

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such mounts")

# Writes and looks in a process of its own; ``covered``: as if the machine had no /opt/ml.
PROGRAM = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
import mounts
folder, covered = sys.argv[2], sys.argv[3] == "covered"
before = {"entries": sorted(os.listdir("/opt")), "user": os.getuid(), "group": os.getgid()}
if covered:
    mounts._is_folder = lambda path: False
mounts.enter(folder, os.path.dirname(folder) + "/root")
assert os.path.samefile("..", ".") and os.path.samefile("opt/ml", "/opt/ml")
open("left.txt", "w").close()
with open("/opt/ml/made.txt", "w") as stream:
    stream.write("made")
after = {"entries": sorted(os.listdir("/opt")), "user": os.getuid(), "group": os.getgid()}
os.makedirs("/opt/ml/deep/er")
try:
    open("/opt/ml/protected.txt", "a").close()
    protected = False
except PermissionError:
    protected = True
status = open("/proc/self/status").read()
rights = int(status.partition("CapEff:")[2].split()[0], 16)
print(json.dumps({"before": before, "after": after, "protected": protected, "rights": rights}))
"""
NOBODY = 65534


def entered(folder: Path, way: str, user: int) -> dict[str, object]:
    """What the program saw, run as a user by a Python that this user may run."""
    folder.chmod(0o755)
    modules = folder / "modules"
    modules.mkdir()
    shutil.copy(mounts.__file__, modules)
    own = folder / "ml"
    own.mkdir()
    protected = own / "protected.txt"
    protected.touch(mode=0o444)
    root = folder / "root"
    root.mkdir()
    for path in (own, root, protected):
        os.chown(path, user, user)
    python = (
        sys.executable if user == os.getuid() else shutil.which("python3", path="/usr/bin:/bin")
    )
    if python is None:
        pytest.skip("another user has no Python here")
    switched = {"user": user, "group": user} if user != os.getuid() else {}
    ended = subprocess.run(
        [python, "-c", PROGRAM, str(modules), str(own), way],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        **switched,  # type: ignore[call-overload]
    )
    if user != os.getuid() and "RefusedError" in ended.stderr:
        pytest.skip(f"ordinary users have no mounts of their own here: {ended.stderr[-200:]}")
    assert ended.returncode == 0, ended.stderr
    found: dict[str, object] = json.loads(ended.stdout)
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that any user may enter; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture(params=["own", "nobody"])
def user(request: pytest.FixtureRequest) -> int:
    if request.param == "nobody" and os.getuid() != 0:
        pytest.skip("only the super-user can become another one")
    return NOBODY if request.param == "nobody" else os.getuid()


@pytest.mark.parametrize("way", ["plain", "covered"])
def test_a_folder_is_at_opt_ml_and_the_machine_is_as_before(
    folder: Path, way: str, user: int
) -> None:
    machine = _looked_at()
    found = entered(folder, way, user)
    assert (folder / "ml" / "made.txt").read_text() == "made"
    assert (folder / "ml" / "deep" / "er").is_dir()
    assert (folder / "ml" / "left.txt").stat().st_uid == user
    assert not list((folder / "root").iterdir()), "it ended with the process"
    assert (folder / "ml" / "made.txt").stat().st_uid == user
    before, after = found["before"], found["after"]
    assert isinstance(before, dict) and isinstance(after, dict)
    assert set(after.pop("entries")) == {*before.pop("entries"), "ml"}
    assert after == before, "the same user and group"
    assert _looked_at() == machine


def test_an_ordinary_user_gains_no_rights(folder: Path, user: int) -> None:
    if user == 0:
        pytest.skip("the super-user has all rights anyway")
    found = entered(folder, "plain", user)
    assert found["rights"] == 0
    assert found["protected"] is True, "a large input is read-only for its job"


def test_nothing_is_mounted_where_others_look(folder: Path) -> None:
    mounted = Path("/proc/self/mounts").read_text()
    assert mounts.refusal() == "" or os.getuid() != 0
    assert Path("/proc/self/mounts").read_text() == mounted


def _looked_at() -> list[str]:
    folders = (Path("/opt"), Path("/opt/ml"))
    return sorted(str(entry) for folder in folders for entry in folder.glob("*"))
