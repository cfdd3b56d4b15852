"""What a launcher shares among the jobs that it starts: the cores."""

from __future__ import annotations

from typing import Any

import pytest

from engine.definitions import definition, processing
from engine.local import Local


def threads_of(
    local: Local, monkeypatch: pytest.MonkeyPatch, cores: int = 4, **members: Any
) -> dict[str, str]:
    """The threads that the cores give to two jobs side by side, and to one that comes after."""
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    show = "import os; print('threads', os.environ['OMP_NUM_THREADS'])\n"
    # Each of the two ends when both run: a share is given when a program starts.
    meet = """
import sys, time
from pathlib import Path
own, other = Path(sys.argv[1]), Path(sys.argv[2])
own.touch()
while not other.exists():
    time.sleep(0.005)
"""
    left, right = str(local.root / "left"), str(local.root / "right")
    code = local.code(show + meet)
    alone = processing("Alone", local.code(show), DependsOn=["Left", "Right"])
    sides = (
        processing("Left", code, arguments=[left, right], **members),
        processing("Right", code, arguments=[right, left]),
    )
    run = local.run(definition(*sides, alone), parallel=2)
    return {name: local.log(run, name).split()[-1] for name in ("Left", "Right", "Alone")}


@pytest.mark.slow
def test_jobs_side_by_side_share_the_cores(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert threads_of(local, monkeypatch) == {"Left": "2", "Right": "2", "Alone": "4"}


def test_more_jobs_than_cores_have_one_thread_each(
    local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = threads_of(local, monkeypatch, cores=1)
    assert found == {"Left": "1", "Right": "1", "Alone": "1"}


@pytest.mark.slow
def test_a_jobs_own_number_of_threads_stands(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = threads_of(local, monkeypatch, environment={"OMP_NUM_THREADS": "7"})
    assert found == {"Left": "7", "Right": "2", "Alone": "4"}


def test_a_persons_number_of_threads_stands(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert threads_of(local, monkeypatch) == {"Left": "3", "Right": "3", "Alone": "3"}
