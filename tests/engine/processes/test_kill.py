"""Killed at any moment: the state opens, what was finished is known, and a retry finishes it.

Each case kills a process that runs a pipeline (``kill_program``): right before or after one of the
named writes to the state, at a random moment, or while a job runs, with or without the job. Then
this process looks at what is left, retries the execution, and compares with a run that nobody
disturbed. The choices are random and the same in every run of the tests.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from sagemaker_local.executions.records import ExecutionRecords
from sagemaker_local.processes.warm import shared_runner
from sagemaker_local.storage.store import TRANSITIONS

from engine import kill_program
from engine.definitions import Json, definition, processing
from engine.kill_program import KILLED, Program
from engine.local import Local, Run, until
from engine.small_pipeline import GROUP, JOBS, STEPS, jobs, objects, results, versions

SEED = 20240612
# Those that the first process of an execution makes, and those that a later one makes.
STARTING = TRANSITIONS[:6]
RECOVERING = TRANSITIONS[6:]
INTERRUPTED = "The process that ran this execution ended before the execution did"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the harness forks processes"),
]


@dataclass(frozen=True)
class Undisturbed:
    """A root in which the pipeline has run once, and what the next run there would do.

    Attributes:
        root: the folder.
        warm: how jobs were started.
        contents: of objects, by their keys without the names that each run gives.
        results: of the run.
        commits: how often the state was written, by transition.
        seconds: how long a run took.
    """

    root: Path
    warm: bool
    contents: dict[str, bytes]
    results: Json
    commits: dict[str, int]
    seconds: float


@pytest.fixture(scope="module", params=[True, False], ids=["warm", "plain"])
def undisturbed(
    request: pytest.FixtureRequest, program: Program, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    root = tmp_path_factory.mktemp("undisturbed") / "root"
    case = {"root": str(root), "warm": request.param, "must_succeed": True}
    (first,) = program.run(case | {"pipeline": "pipe"})
    assert first["code"] == 0
    before = Path(shutil.copytree(root, root.parent / "before"))
    (second,) = program.run(case)
    assert second["code"] == 0
    local = Local(root, shared_runner(request.param, ("json",)))
    run = latest(local)
    assert run.statuses == dict.fromkeys(STEPS, "Succeeded")
    return Undisturbed(
        before,
        request.param,
        {normal(key): body for key, body in objects(local).items()},
        results(run),
        json.loads((root / kill_program.COMMITS).read_text()),
        second["seconds"],
    )


@dataclass(frozen=True)
class Scene:
    """A copy of the undisturbed root, in which executions are killed."""

    undisturbed: Undisturbed
    program: Program
    root: Path

    @property
    def case(self) -> Json:
        return {"root": str(self.root), "warm": self.undisturbed.warm}

    def kill(self, **members: Any) -> None:
        """Run a case that does not survive."""
        (ended,) = self.program.run(self.case | members)
        assert ended["code"] == KILLED

    def fresh(self) -> Local:
        """An engine that opens what is there."""
        return Local(self.root, shared_runner(self.undisturbed.warm, ("json",)))

    def nothing_runs(self) -> bool:
        """Has every process ended that worked below the root?"""
        return not [process for process in psutil.process_iter() if self._is_below(process)]

    def _is_below(self, process: psutil.Process) -> bool:
        try:
            return Path(process.cwd()).is_relative_to(self.root)
        except psutil.Error:
            return False


@pytest.fixture
def scene(undisturbed: Undisturbed, program: Program, tmp_path: Path) -> Scene:
    root = shutil.copytree(undisturbed.root, tmp_path / "root")
    return Scene(undisturbed, program, Path(root))


def latest(local: Local) -> Run:
    listed = local.client.list_pipeline_executions(PipelineName="pipe")
    return Run(local, listed["PipelineExecutionSummaries"][0]["PipelineExecutionArn"])


def normal(key: str) -> str:
    """An object's key without the identifiers that each execution and job has."""
    key = re.sub(r"^runs/\w{12}/", "runs/", key)
    return re.sub(r"pipelines-\w{12}-(\w+)-\w{10}/", r"\1/", key)


def recover(scene: Scene) -> None:
    """Check all that is promised of a root in which processes were killed."""
    local = scene.fresh()
    until(scene.nothing_runs)
    run = latest(local)
    look_at_what_is_left(scene, run)
    before = finished(run)
    if run.status == "Failed":
        local.client.retry_pipeline_execution(PipelineExecutionArn=run.arn)
        run.wait()
    assert run.status == "Succeeded", run.steps
    assert before.items() <= finished(run).items(), "a finished step ran again"
    assert results(run) == scene.undisturbed.results
    look_at_the_registry(local)
    look_at_the_bucket(scene, local)
    assert all(job_status(job) in ("Completed", "Failed") for job in jobs(local))


def look_at_what_is_left(scene: Scene, run: Run) -> None:
    """The interrupted execution says so, and every step that had succeeded is known."""
    status, steps = run.status, run.steps
    assert status in ("Succeeded", "Failed")
    if status == "Failed":
        assert INTERRUPTED in run.described["FailureReason"]
    for name, step in steps.items():
        assert step["StepStatus"] in ("Succeeded", "Failed")
        if step["StepStatus"] == "Failed":
            assert INTERRUPTED in step["FailureReason"]
            assert name not in finished(run)
    journal = scene.root / kill_program.JOURNAL
    for execution, name in json.loads(journal.read_text().splitlines()[-1]):
        assert Run(run.local, execution).statuses[name] == "Succeeded"
    completed = {job_name(job) for job in jobs(run.local) if job_status(job) == "Completed"}
    known = {arn.rsplit("/", 1)[1] for arn in finished(run).values() if "-job/" in arn}
    identity = run.arn.rsplit("/", 1)[1]
    assert {name for name in completed if identity in name} == known
    look_at_the_bucket(scene, run.local)


def look_at_the_bucket(scene: Scene, local: Local) -> None:
    """Every object is whole, and nothing is left of writing them."""
    for key, body in objects(local).items():
        assert scene.undisturbed.contents[normal(key)] == body, key
    assert [folder.name for folder in local.bucket.root.iterdir()] == [local.bucket.name]


def look_at_the_registry(local: Local) -> None:
    """One whole package for each execution in each group, numbered from 1."""
    client = local.client
    executions = client.list_pipeline_executions(PipelineName="pipe")["PipelineExecutionSummaries"]
    count = len(executions)
    for group, step in ((GROUP, "Register"), ("of-pipe", "RegisterOwn")):
        assert versions(local, group) == list(range(1, count + 1))
        runs = [Run(local, execution["PipelineExecutionArn"]) for execution in executions]
        arns = {run.steps[step]["Metadata"]["RegisterModel"]["Arn"] for run in runs}
        assert len(arns) == count
    assert len(local.store.resources("model")) == count


def finished(run: Run) -> dict[str, str]:
    """What each succeeded step made, by the step's name: an ARN, or a condition's outcome."""
    made = {}
    for name, step in run.steps.items():
        if step["StepStatus"] == "Succeeded":
            (value,) = step["Metadata"].values()
            made[name] = value.get("Arn") or value["Outcome"]
    return made


def job_name(job: Json) -> str:
    return str(job.get("ProcessingJobName") or job.get("TrainingJobName"))


def job_status(job: Json) -> str:
    return str(job.get("ProcessingJobStatus") or job.get("TrainingJobStatus"))


def choice(*about: object) -> random.Random:
    """Numbers that are the same in every run of the tests."""
    return random.Random(f"{SEED} {about}")


def test_every_transition_is_made(undisturbed: Undisturbed) -> None:
    """The harness kills at what really happens, and a new name of a transition is not forgotten."""
    assert set(STARTING) <= set(undisturbed.commits)
    assert RECOVERING == ("execution interrupted", "execution resumed")
    assert undisturbed.commits["step ended"] == len(STEPS)
    assert undisturbed.commits["job ended"] == len(JOBS)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("name", STARTING)
def test_the_engine_is_killed_at_a_transition(scene: Scene, name: str, side: str) -> None:
    count = scene.undisturbed.commits[name]
    occurrence = choice(name, side, scene.undisturbed.warm).randint(1, count)
    scene.kill(moment=[name, side, occurrence])
    recover(scene)


def test_the_engine_is_killed_after_each_of_its_other_writes(
    undisturbed: Undisturbed, program: Program, tmp_path: Path
) -> None:
    """How many there are differs: the lease is renewed each second, however long a run takes."""
    for occurrence in itertools.count(1):
        root = Path(shutil.copytree(undisturbed.root, tmp_path / str(occurrence)))
        scene = Scene(undisturbed, program, root)
        (ended,) = program.run(scene.case | {"moment": ["", "after", occurrence]})
        if ended["code"] == 0:
            break
        assert ended["code"] == KILLED
        recover(scene)
    assert occurrence > len(JOBS), "each job is written down in its step before it runs"


@pytest.mark.parametrize("occurrence", range(1, len(JOBS) + 1))
def test_the_engine_is_killed_while_it_writes_an_output(scene: Scene, occurrence: int) -> None:
    scene.kill(writing=occurrence)
    left = list((scene.root / "s3").glob(".writing-*"))
    assert any(any(folder.iterdir()) for folder in left)
    recover(scene)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("name", RECOVERING)
def test_the_engine_is_killed_again_while_it_recovers(scene: Scene, name: str, side: str) -> None:
    numbers = choice(name, side, scene.undisturbed.warm)
    first = numbers.choice(["job created", "job ended", "step ended"])
    occurrence = numbers.randint(1, scene.undisturbed.commits[first] - 1)
    scene.kill(moment=[first, "after", occurrence])
    arn = latest_arn_as_stored(scene)
    scene.kill(retry=arn, moment=[name, side, 1])
    recover(scene)


@pytest.mark.parametrize("number", range(3))
def test_the_retry_is_killed_at_a_transition_too(scene: Scene, number: int) -> None:
    numbers = choice("retry", number, scene.undisturbed.warm)
    scene.kill(moment=["job ended", numbers.choice(["before", "after"]), 1])
    name = numbers.choice(["job created", "job ended", "step started", "step ended"])
    scene.kill(retry=latest_arn_as_stored(scene), moment=[name, "after", numbers.randint(1, 2)])
    recover(scene)


@pytest.mark.parametrize("number", range(10))
def test_the_engine_is_killed_at_a_random_moment(scene: Scene, number: int) -> None:
    share = choice("moment", number, scene.undisturbed.warm).random()
    seconds = share * scene.undisturbed.seconds
    (ended,) = scene.program.run(scene.case | {"seconds": seconds})
    assert ended["code"] in (0, KILLED)
    recover(scene)


@pytest.mark.parametrize(
    "killed", ["job", "engine", "job and engine", "server", "server and engine"]
)
def test_processes_are_killed_while_a_job_runs(scene: Scene, killed: str) -> None:
    hold = scene.root / "hold"
    hold.mkdir()
    scene.program.begin(scene.case | {"hold": str(hold)})
    until((hold / "pid").exists)
    job = psutil.Process(int((hold / "pid").read_text()))
    server = job.parent()
    assert server is not None
    engine = psutil.Process(int((scene.root / kill_program.ENGINE).read_text()))
    until(lambda: latest(scene.fresh()).statuses.get("Beside") == "Succeeded")
    if "engine" in killed:
        engine.suspend()  # it must not see the others' end before its own
    for name, process in (("job", job), ("server", server), ("engine", engine)):
        if name in killed:
            process.kill()
    (ended,) = scene.program.end()
    assert ended["code"] == (KILLED if "engine" in killed else 0)
    until(scene.nothing_runs)
    (hold / "go").touch()
    if "engine" in killed:
        recover(scene)
        return
    run = latest(scene.fresh())
    assert run.statuses == {"Beside": "Succeeded", "Prepare": "Succeeded", "Train": "Failed"}
    assert "script.py was ended by signal 9" in run.reason("Train")
    assert job_status(run.job("Train")) == "Failed"
    kept = finished(run)
    run.local.client.retry_pipeline_execution(PipelineExecutionArn=run.arn)
    assert run.wait().status == "Succeeded"
    assert kept.items() <= finished(run).items()
    assert results(run) == scene.undisturbed.results
    look_at_the_registry(run.local)


def latest_arn_as_stored(scene: Scene) -> str:
    """Of the newest execution, without a look at it, which would mark it as interrupted."""
    return ExecutionRecords(scene.fresh().store).of_pipeline("pipe")[0].arn


DIES_ONCE = """
import os, pathlib, signal, sys
mark = pathlib.Path(sys.argv[1])
if not mark.exists():
    mark.touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_job_is_tried_again_where_a_policy_says_so(either: Local) -> None:
    policy = {"ExceptionType": ["SageMaker.JOB_INTERNAL_ERROR"], "IntervalSeconds": 0.01}
    mark = str(either.root / "died")
    step = processing("S", either.code(DIES_ONCE), arguments=[mark], RetryPolicies=[policy])
    run = either.run(definition(step))
    assert run.status == "Succeeded", run.steps
    assert sorted(map(job_status, jobs(either))) == ["Completed", "Failed"]


def test_leftovers_of_killed_writers_are_swept_and_those_of_living_ones_are_not(
    local: Local, source: Path
) -> None:
    """A writer is killed between the copy and the move; another one is still at it."""
    program = """
import os, signal, sys
from pathlib import Path
from sagemaker_local.storage.bucket import Bucket
with Bucket(Path(sys.argv[1]), "b").replacing("s3://b/key") as new:
    new.write_bytes(b"half")
    print(new, flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    local.bucket.root.mkdir(parents=True)
    dead, living = (
        subprocess.Popen(
            [sys.executable, "-c", program, str(local.bucket.root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(source)},
        )
        for _ in range(2)
    )
    assert dead.stdout and living.stdout
    half, other = (Path(out.readline().strip()) for out in (dead.stdout, living.stdout))
    dead.communicate()
    assert half.read_bytes() == b"half"
    local.put("", "the first write of this process")
    assert not half.parent.exists()
    assert other.read_bytes() == b"half"
    living.communicate()
    local.bucket.sweep()
    assert not other.parent.exists()
    assert not local.bucket.path("s3://b/key").exists()


def test_the_pipeline_has_what_it_should(undisturbed: Undisturbed) -> None:
    assert undisturbed.results["metrics"] == {"total": 480_000.0}
    assert undisturbed.results["registered is what was trained"]
    assert len(undisturbed.results["objects"]) == 5
