"""What a job leaves running ends with it, however it hides, and harms no other job."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest
from sagemaker_local.processes.runner import Runner, SpawnRunner
from sagemaker_local.processes.warm import shared_runner

from engine import kill_program
from engine.definitions import Json, definition, processing
from engine.kill_program import KILLED, Program
from engine.local import Local, Run, until
from engine.processes.test_runner import alive

FAMILY = """
import os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])

def stay(name):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (folder / f"{name}.new").write_text(str(os.getpid()))
    (folder / f"{name}.new").rename(folder / name)
    time.sleep(1000)

def forked(name, *preparations):
    if os.fork() == 0:
        for prepare in preparations:
            prepare()
        stay(name)

def again():
    if os.fork():
        os._exit(0)

if len(sys.argv) == 4:
    stay(sys.argv[3])
forked("child")
forked("grandchild", again)
forked("session", os.setsid)
forked("daemon", os.setsid, again)
forked("daemon of a daemon", again, os.setsid, again)
subprocess.Popen([sys.executable, __file__, str(folder), "", "program"])
subprocess.Popen(["setsid", sys.executable, __file__, str(folder), "", "program in a session"])
while len(list(folder.iterdir())) < 7 or list(folder.glob("*.new")):
    time.sleep(0.005)
if sys.argv[2] != "ends":
    stay("main")
"""
MEMBERS = 7


@pytest.fixture(params=["warm", "plain", "spawn"])
def any_local(request: pytest.FixtureRequest, tmp_path: Path, runner: Runner) -> Local:
    """With every way to start a job."""
    runners = {"warm": runner, "plain": shared_runner(warm=False), "spawn": SpawnRunner()}
    return Local(tmp_path / "root", runners[request.param])


class Family:
    """A job with many descendants, none of which ends when it is asked to."""

    def __init__(self, local: Local) -> None:
        self.folder = local.root / "family"
        self.folder.mkdir(parents=True)
        self._code = local.code(FAMILY)

    def step(self, ends: bool, seconds: int = 1000) -> Json:
        arguments = [str(self.folder), "ends" if ends else "stays"]
        step = processing("Family", self._code, arguments=arguments)
        step["Arguments"]["StoppingCondition"] = {"MaxRuntimeInSeconds": seconds}
        return step

    @property
    def pids(self) -> list[int]:
        return [int(file.read_text()) for file in self.folder.iterdir()]

    @property
    def is_there(self) -> bool:
        return (self.folder / "main").exists()


@pytest.fixture
def family(any_local: Local, monkeypatch: pytest.MonkeyPatch) -> Family:
    monkeypatch.setattr("sagemaker_local.processes.runner._GRACE_SECONDS", 0.1)
    return Family(any_local)


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@pytest.mark.slow
@needs_fork
def test_what_a_job_leaves_running_ends_with_it(any_local: Local, family: Family) -> None:
    """As in a container. It is gone before the step has ended: it cannot change an output."""
    run = any_local.run(definition(family.step(ends=True)))
    assert run.status == "Succeeded", run.steps
    assert len(family.pids) == MEMBERS
    assert not [pid for pid in family.pids if alive(pid)]


@needs_fork
@pytest.mark.slow
def test_a_job_that_never_ends_is_stopped_with_all_that_it_started(
    any_local: Local, family: Family
) -> None:
    run = any_local.start(definition(family.step(ends=False)))
    until(lambda: family.is_there)
    run.stop()
    assert run.wait().status == "Stopped"
    assert len(family.pids) == MEMBERS + 1
    assert not [pid for pid in family.pids if alive(pid)]


@pytest.mark.slow
@needs_fork
def test_a_job_that_never_ends_runs_into_its_time_limit(any_local: Local, family: Family) -> None:
    run = any_local.run(definition(family.step(ends=False, seconds=2)))
    assert run.status == "Failed"
    assert "MaxRuntimeExceeded" in run.reason("Family")
    assert len(family.pids) == MEMBERS + 1
    assert not [pid for pid in family.pids if alive(pid)]


@needs_fork
@pytest.mark.slow
def test_a_job_that_ends_harms_no_other_jobs_processes(any_local: Local, family: Family) -> None:
    """Two jobs side by side: what one of them leaves is not what the other one still needs."""
    any_local.root.joinpath("other").mkdir()
    other = Family(Local(any_local.root / "other", any_local.runner))
    stays = processing("Stays", other._code, arguments=[str(other.folder), "stays"])
    run = any_local.start(definition(stays, family.step(ends=True)), parallel=2)
    until(lambda: run.statuses.get("Family") == "Succeeded" and other.is_there)
    assert not [pid for pid in family.pids if alive(pid)]
    assert all(map(alive, other.pids))
    run.stop()
    run.wait()
    assert not [pid for pid in other.pids if alive(pid)]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere, jobs of a killed process run on")
@pytest.mark.parametrize("warm", [True, False], ids=["warm", "plain"])
def test_a_killed_engine_takes_all_that_its_jobs_started_with_it(
    program: Program, runner: Runner, tmp_path: Path, warm: bool
) -> None:
    local = Local(tmp_path / "root", runner)
    family = Family(local)
    local.create(definition(family.step(ends=False)))
    program.begin({"root": str(local.root), "warm": warm})
    until(lambda: family.is_there)
    os.kill(int((local.root / kill_program.ENGINE).read_text()), signal.SIGKILL)
    assert program.end()[0]["code"] == KILLED
    until(lambda: not [pid for pid in family.pids if psutil.pid_exists(pid)])
    listed = local.client.list_pipeline_executions(PipelineName="pipe")
    (summary,) = listed["PipelineExecutionSummaries"]
    assert Run(local, summary["PipelineExecutionArn"]).status == "Failed"
