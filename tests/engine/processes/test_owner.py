"""Who a process is, and whether it still lives."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from sagemaker_local.processes.owner import alive, this_process

_SAYS_WHO = (
    "from sagemaker_local.processes.owner import this_process; print(this_process(), flush=True)"
)


def started(source: Path, program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(source)},
        text=True,
    )


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_this_process_lives() -> None:
    host, pid, created = this_process().rsplit(":", 2)
    assert (host, int(pid)) == (socket.gethostname(), os.getpid())
    boot, _, seconds = created.rpartition("+")
    since = psutil.boot_time() if boot else 0
    # The clock may have been set since this process asked first, and rounds the boot to a second.
    assert float(seconds) == pytest.approx(psutil.Process().create_time() - since, abs=2)
    assert alive(this_process()) is True


def test_another_process_lives_until_it_is_killed(source: Path) -> None:
    with started(source, f"{_SAYS_WHO}; input()") as process:
        owner = line_of(process)
        assert alive(owner) is True
        process.kill()
        process.wait()
    assert alive(owner) is False


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="no waitid here")
def test_a_process_that_nobody_has_waited_for_is_dead(source: Path) -> None:
    process = started(source, f"{_SAYS_WHO}; input()")
    owner = line_of(process)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    assert alive(owner) is False
    process.communicate()


def test_a_number_that_was_given_again_is_another_process() -> None:
    created = re.search(r"[\d.]+$", this_process())
    assert created
    before, seconds = this_process()[: created.start()], float(created[0])
    assert alive(f"{before}{abs(seconds - 60)}") is False
    assert alive(f"{before}{seconds + 1}") is True, "boot times jitter by a second"


@pytest.mark.skipif(sys.platform != "linux", reason="others tell no time that clocks leave alone")
def test_a_clock_that_is_set_ends_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a machine that slept, or that found a time server: the boot seems to have moved."""
    owner, boot = this_process(), psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot + 3600)
    assert psutil.boot_time() == boot + 3600
    assert alive(owner) is True


@pytest.mark.skipif(sys.platform != "linux", reason="others do not number their boots")
def test_after_a_boot_its_processes_are_gone() -> None:
    host, pid, created = this_process().rsplit(":", 2)
    assert alive(f"{host}:{pid}:0123abcd+{created.rpartition('+')[2]}") is False


def test_an_owner_that_an_earlier_version_named_is_found() -> None:
    created = psutil.Process().create_time()
    assert alive(f"{socket.gethostname()}:{os.getpid()}:{created}") is True
    assert alive(f"{socket.gethostname()}:{os.getpid()}:{created - 60}") is False


OF_OTHERS = {
    "nobody": "",
    "a host": "host",
    "no time": "host:1",
    "another host": f"elsewhere:{os.getpid()}:1.5",
    "no number": "a:b:c",
}


@pytest.mark.parametrize("owner", OF_OTHERS.values(), ids=OF_OTHERS)
def test_of_other_machines_nothing_is_known(owner: str) -> None:
    assert alive(owner) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_is_somebody_else(source: Path) -> None:
    """What its parent has asked before must not be what it is told."""
    program = """
import json, os
from sagemaker_local.processes.owner import this_process
before = this_process()
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, this_process().encode())
    os._exit(0)
os.wait()
print(json.dumps([before, os.read(read, 999).decode()]))
"""
    with started(source, program) as process:
        parent, child = json.loads(line_of(process))
    assert parent != child
    assert child.split(":")[1] != parent.split(":")[1]


def test_a_process_of_somebody_else_may_be_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: psutil.Process) -> float:
        raise psutil.AccessDenied(os.getpid())

    owner = this_process()
    monkeypatch.setattr(psutil.Process, "create_time", refuse)
    assert alive(owner) is None
