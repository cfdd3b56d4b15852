"""Executions: order, branches, failures, stopping, and what the client then lists."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import textwrap
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.processes.runner import Command, Process, Runner, SpawnRunner

from engine.definitions import (
    ROLE,
    artifacts_of,
    compare,
    condition,
    definition,
    fail,
    false,
    get,
    join,
    model,
    output_of,
    parameter,
    processing,
    register,
    training,
    true,
)
from engine.local import Local, Run, until
from engine.processes.test_runner import alive

FAILED = "Step failure: One or multiple steps failed."
BROKEN = "import sys; sys.exit('broken on purpose')"


@pytest.fixture
def meeting(local: Local) -> Meeting:
    return Meeting(local)


class Meeting:
    """Scripts that say that they run, and go on when the test says so."""

    def __init__(self, local: Local) -> None:
        self._folder = local.root / "meeting"
        self._folder.mkdir(parents=True)
        script = """
            import os, sys, time
            from pathlib import Path
            folder, name = Path(sys.argv[1]), sys.argv[2]
            (folder / name).write_text(str(os.getpid()))
            while not (folder / f"{name}-go").exists():
                time.sleep(0.005)
            (folder / name).unlink()
            """
        self._code = local.code(textwrap.dedent(script))

    def step(self, name: str, **members: Any) -> dict[str, Any]:
        return processing(name, self._code, arguments=[str(self._folder), name], **members)

    @property
    def running(self) -> set[str]:
        return {f.name for f in self._folder.iterdir() if not f.name.endswith("-go")}

    def pid(self, name: str) -> int:
        until(lambda: (self._folder / name).is_file() and (self._folder / name).read_text())
        return int((self._folder / name).read_text())

    def go(self, *names: str) -> None:
        for name in names:
            (self._folder / f"{name}-go").touch()


def test_a_finished_execution_is_described(local: Local) -> None:
    run = local.run(definition(processing("Only", local.code("pass"))))
    described = run.described
    assert described["PipelineExecutionStatus"] == "Succeeded"
    assert described["PipelineArn"] == "arn:aws:sagemaker:us-east-1:000000000000:pipeline/pipe"
    assert described["CreationTime"] <= described["LastModifiedTime"]
    assert "FailureReason" not in described
    assert re.fullmatch(r".*:pipeline/pipe/execution/[a-z0-9]{12}", run.arn)
    (step,) = run.listed
    assert step["StepName"] == "Only"
    assert step["StepStatus"] == "Succeeded"
    assert step["StartTime"] <= step["EndTime"]
    assert step["AttemptCount"] in (0, 1)


def test_steps_run_in_the_order_of_their_dependencies(local: Local) -> None:
    code = local.code("pass")
    run = local.run(
        definition(
            processing("D", code, DependsOn=["B", "C"]),
            processing("C", code, inputs={"x": output_of("A", "o")}),
            processing("B", code, DependsOn=["A"]),
            processing("A", local.code("import sys; open(sys.argv[1] + '/x', 'w')"),
                       outputs=["o"], arguments=["/opt/ml/processing/output/o"]),
        )
    )  # fmt: skip
    assert run.status == "Succeeded", run.steps
    steps = run.steps
    for before, after in ("AB", "AC", "BD", "CD"):
        assert steps[before]["EndTime"] <= steps[after]["StartTime"]


def test_the_list_is_by_descending_start_time(local: Local) -> None:
    code = local.code("pass")
    names = [f"S{index}" for index in range(6)]
    steps = [
        processing(name, code, DependsOn=names[:index][-1:]) for index, name in enumerate(names)
    ]
    run = local.run(definition(*steps))
    assert [step["StepName"] for step in run.listed] == names[::-1]
    times = [step["StartTime"] for step in run.listed]
    assert times == sorted(times, reverse=True)
    ascending = local.client.list_pipeline_execution_steps(
        PipelineExecutionArn=run.arn, SortOrder="Ascending"
    )
    assert [step["StepName"] for step in ascending["PipelineExecutionSteps"]] == names


def test_steps_keep_their_display_name_and_description(local: Local) -> None:
    step = processing("S", local.code("pass"), DisplayName="Show me", Description="What it does")
    (listed,) = local.run(definition(step)).listed
    assert (listed["StepDisplayName"], listed["StepDescription"]) == ("Show me", "What it does")


def test_free_steps_run_side_by_side(local: Local, meeting: Meeting) -> None:
    run = local.start(definition(*map(meeting.step, "ABC")), parallel=3)
    until(lambda: meeting.running == {"A", "B", "C"})
    assert set(run.statuses.values()) == {"Executing"}
    assert run.status == "Executing"
    meeting.go("A", "B", "C")
    assert run.wait().status == "Succeeded"


@pytest.mark.parametrize("where", ["start", "pipeline"])
def test_no_more_than_the_limit_run_at_once(local: Local, meeting: Meeting, where: str) -> None:
    text = definition(*map(meeting.step, "ABC"))
    local.create(text)
    request: dict[str, Any] = {"PipelineName": "pipe"}
    limit = {"ParallelismConfiguration": {"MaxParallelExecutionSteps": 1}}
    if where == "pipeline":
        local.client.update_pipeline(PipelineName="pipe", RoleArn=ROLE, **limit)
    else:
        request |= limit
    run = Run(local, local.client.start_pipeline_execution(**request)["PipelineExecutionArn"])
    for name in "ABC":
        until(lambda name=name: meeting.running == {name})
        assert name in run.steps
        assert len([s for s in run.statuses.values() if s == "Executing"]) == 1
        meeting.go(name)
    assert run.wait().status == "Succeeded"


@pytest.mark.parametrize(("left", "taken"), [(1, {"If", "Yes"}), (2, {"If", "No"})])
def test_the_branch_that_is_not_taken_is_absent(local: Local, left: int, taken: set[str]) -> None:
    code = local.code("pass")
    run = local.run(
        definition(
            condition(
                "If",
                [compare("Equals", left, 1)],
                [processing("Yes", code)],
                [processing("No", code)],
            )
        )
    )
    assert set(run.statuses) == taken
    assert run.steps["If"]["Metadata"] == {"Condition": {"Outcome": str(left == 1)}}
    assert run.status == "Succeeded"


def test_nested_conditions(local: Local) -> None:
    code = local.code("pass")
    inner = false("Inner", processing("Chosen", code), if_steps=[processing("Other", code)])
    outer = true("Outer", inner, else_steps=[true("Never", processing("NeverToo", code))])
    after = processing("After", code, DependsOn=["NeverToo"])
    run = local.run(definition(outer, after))
    assert set(run.statuses) == {"Outer", "Inner", "Chosen"}
    assert run.steps["Inner"]["Metadata"]["Condition"]["Outcome"] == "False"
    assert run.status == "Succeeded"


def test_conditions_decide_on_parameters_and_outcomes(local: Local) -> None:
    gate = condition("If", [compare("GreaterThan", get("Parameters.Score"), 0.5)])
    then = condition("Then", [compare("Equals", get("Steps.If.Outcome"), True)])
    text = definition(gate, then, parameters=[parameter("Score", "Float", 0.1)])
    for given, outcome in ((None, "False"), ({"Score": "0.9"}, "True")):
        run = local.run(text, given)
        assert run.steps["If"]["Metadata"]["Condition"]["Outcome"] == outcome
        assert run.steps["Then"]["Metadata"]["Condition"]["Outcome"] == outcome


def test_a_condition_that_cannot_be_decided_fails(local: Local) -> None:
    run = local.run(definition(condition("If", [compare("Equals", "1", 1)], [fail("Never")])))
    assert run.statuses == {"If": "Failed"}
    assert run.reason("If").startswith("ClientError: Equals cannot compare")


def test_what_depends_on_a_failed_step_does_not_start(local: Local) -> None:
    code = local.code("pass")
    run = local.run(
        definition(
            processing("Bad", local.code(BROKEN)),
            processing("After", code, DependsOn=["Bad"]),
            processing("AfterAfter", code, DependsOn=["After"]),
            processing("Free", code),
        )
    )
    assert run.statuses == {"Bad": "Failed", "Free": "Succeeded"}
    assert run.status == "Failed"
    assert run.described["FailureReason"] == FAILED
    assert run.reason("Bad").startswith("ClientError: ")
    assert "broken on purpose" in run.reason("Bad")


def test_a_fail_step_says_why(local: Local) -> None:
    message = join(" ", "score", get("Parameters.Score"), "is too low")
    run = local.run(definition(fail("Stop", message), parameters=[parameter("Score", "Float", 1)]))
    assert run.status == "Failed"
    (step,) = run.listed
    assert step["StepStatus"] == "Failed"
    assert step["FailureReason"] == "score 1.0 is too low"
    assert step["Metadata"] == {"Fail": {"ErrorMessage": "score 1.0 is too low"}}
    assert run.described["FailureReason"] == FAILED


def test_a_fail_step_without_a_message_has_no_reason(local: Local) -> None:
    run = local.run(definition(fail("Stop", "")))
    assert run.statuses == {"Stop": "Failed"}
    assert "FailureReason" not in run.steps["Stop"]


def test_a_long_message_of_a_fail_step_is_refused_and_cut(local: Local) -> None:
    message = join("", "x" * 5000, get("Execution.PipelineName"))
    run = local.run(definition(fail("Stop", message)))
    assert run.statuses == {"Stop": "Failed"}
    assert "ErrorMessage has 5004 characters" in run.reason("Stop")


def test_a_fail_step_ends_the_run_after_what_runs_beside_it(local: Local, meeting: Meeting) -> None:
    text = definition(
        meeting.step("Slow"),
        fail("Stop"),
        processing("Later", local.code("pass"), DependsOn=["Slow"]),
    )
    run = local.start(text, parallel=2)
    until(lambda: run.statuses.get("Stop") == "Failed" and "Slow" in meeting.running)
    assert run.status == "Executing"
    assert run.statuses["Slow"] == "Executing"
    meeting.go("Slow")
    assert run.wait().status == "Failed"
    assert run.statuses == {"Stop": "Failed", "Slow": "Succeeded"}


def test_stop_ends_running_jobs_and_starts_nothing_more(local: Local, meeting: Meeting) -> None:
    run = local.start(
        definition(meeting.step("A"), meeting.step("B"), meeting.step("C", DependsOn=["A"])),
        parallel=2,
    )
    pids = [meeting.pid(name) for name in "AB"]
    run.stop()
    assert run.wait().status == "Stopped"
    assert run.statuses == {"A": "Stopped", "B": "Stopped"}
    assert "FailureReason" not in run.described
    assert all("FailureReason" not in step for step in run.listed)
    assert not any(map(alive, pids))
    jobs = local.client.list_processing_jobs()["ProcessingJobSummaries"]
    assert {job["ProcessingJobStatus"] for job in jobs} == {"Stopped"}


PARENT = """
import os, subprocess, sys, time
from pathlib import Path
child = "import time; time.sleep(1000)"
process = subprocess.Popen([sys.executable, "-c", child])
Path(sys.argv[1]).write_text(f"{os.getpid()} {process.pid} ")
process.wait()
"""


@pytest.mark.parametrize("kind", ["warm", "spawn"])
def test_stop_ends_what_a_job_has_started(either: Local, kind: str) -> None:
    pids = either.root / "pids"
    run = either.start(definition(processing("S", either.code(PARENT), arguments=[str(pids)])))
    until(lambda: pids.is_file() and pids.read_text().endswith(" "))
    job, child = map(int, pids.read_text().split())
    assert alive(job)
    assert alive(child)
    run.stop()
    assert run.wait().status == "Stopped"
    until(lambda: not alive(job) and not alive(child))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["processing", "training"])
def test_a_job_that_runs_for_too_long_is_ended_and_says_so(local: Local, kind: str) -> None:
    limit = {"StoppingCondition": {"MaxRuntimeInSeconds": 1}}
    script = "import time; print('began', flush=True); time.sleep(1000)"
    if kind == "processing":
        step = processing("S", local.code(script))
    else:
        step = training("S", local.channels(script))
    step["Arguments"] |= limit
    after = processing("After", local.code("pass"), DependsOn=["S"])
    run = local.run(definition(step, after))
    assert run.statuses == {"S": "Failed"}
    reason = "MaxRuntimeExceeded: it ran longer than 1 seconds, its stopping condition"
    assert run.reason("S").startswith(f"ClientError: {reason}")
    job = run.job("S")
    assert job["FailureReason"].startswith(reason)
    assert job["StoppingCondition"] == limit["StoppingCondition"]
    assert job[f"{kind.capitalize()}JobStatus"] == "Failed"
    if kind == "training":
        assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert local.log(run, "S") == "began\n"


def test_a_job_within_its_time_is_left_alone(local: Local) -> None:
    step = processing("S", local.code("print('done')"))
    step["Arguments"]["StoppingCondition"] = {"MaxRuntimeInSeconds": 60}
    assert local.run(definition(step)).status == "Succeeded"


def test_a_failure_starts_nothing_that_depends_on_it_and_everything_else(
    local: Local, meeting: Meeting
) -> None:
    """What ran beside it ends, and steps that need nothing of it start even later."""
    text = definition(
        processing("Bad", local.code(BROKEN)),
        meeting.step("Beside"),
        processing("AfterBad", local.code("pass"), DependsOn=["Bad"]),
        processing("AfterBoth", local.code("pass"), DependsOn=["Bad", "Beside"]),
        processing("AfterBeside", local.code("pass"), DependsOn=["Beside"]),
    )
    run = local.start(text, parallel=2)
    until(lambda: run.statuses == {"Bad": "Failed", "Beside": "Executing"})
    assert run.status == "Executing"
    meeting.go("Beside")
    assert run.wait().status == "Failed"
    assert run.statuses == {"Bad": "Failed", "Beside": "Succeeded", "AfterBeside": "Succeeded"}


def test_a_stop_after_a_failure_is_a_stop(local: Local, meeting: Meeting) -> None:
    bad = processing("Bad", local.code(BROKEN))
    run = local.start(definition(bad, meeting.step("A")), parallel=2)
    meeting.pid("A")
    until(lambda: run.statuses.get("Bad") == "Failed")
    run.stop()
    assert run.wait().status == "Stopped"
    assert run.statuses == {"Bad": "Failed", "A": "Stopped"}


def test_an_execution_that_has_ended_cannot_be_stopped(local: Local) -> None:
    run = local.run(definition(true("If")))
    with pytest.raises(Exception, match="has already ended: it is Succeeded"):
        run.stop()
    assert run.status == "Succeeded"


@pytest.mark.slow
def test_stopping_at_any_moment_ends_in_a_final_status(local: Local) -> None:
    """A stop that comes just when the execution ends must not leave it in Stopping."""
    text = definition(true("If"))
    local.create(text)
    for pause in range(30):
        run = local.start(text)
        time.sleep(pause / 10_000)
        try:
            run.stop()
        except Exception as error:
            assert "already ended" in str(error)
        run.wait()
        assert run.status in {"Succeeded", "Stopped"}


@pytest.mark.parametrize("kind", ["warm", "spawn"])
def test_both_runners_run_the_same_pipeline(either: Local, kind: str) -> None:
    """The whole way: processing, training, gate, model, registry."""
    write = "import sys; open(sys.argv[1] + '/x.csv', 'w').write('1')"
    save = """
import os
from pathlib import Path
rows = (Path(os.environ["SM_CHANNEL_TRAIN"]) / "x.csv").read_text()
Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(rows)
print("r2=0.5")
"""
    prepare = processing(
        "Prepare",
        either.code(write),
        outputs=["train"],
        arguments=["/opt/ml/processing/output/train"],
    )
    channels = {"train": output_of("Prepare", "train"), **either.channels(save)}
    train = training("Train", channels, metrics={"r2": "r2=(.*)"})
    gate = condition(
        "Gate",
        [compare("GreaterThan", get("Steps.Train.FinalMetricDataList['r2'].Value"), 0.1)],
        [
            model("Create", artifacts_of("Train")),
            register("Register", "group", artifacts_of("Train"), status=get("Parameters.Status")),
        ],
        [fail("Missed")],
    )
    parameters = [parameter("Status", "String", "Approved")]
    run = either.run(definition(prepare, train, gate, parameters=parameters))
    assert run.status == "Succeeded", run.steps
    assert set(run.statuses) == {"Prepare", "Train", "Gate", "Create", "Register"}
    arn = run.steps["Register"]["Metadata"]["RegisterModel"]["Arn"]
    package = either.client.describe_model_package(ModelPackageName=arn)
    artifacts = run.job("Train")["ModelArtifacts"]["S3ModelArtifacts"]
    assert package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == artifacts
    assert package["ModelApprovalStatus"] == "Approved"
    name = run.steps["Create"]["Metadata"]["Model"]["Arn"].rsplit("/", 1)[-1]
    created = either.client.describe_model(ModelName=name)
    assert created["PrimaryContainer"]["ModelDataUrl"] == artifacts


@pytest.mark.parametrize(
    ("status", "group", "expected"),
    [("Aproved", "group", "ModelApprovalStatus"), ("Approved", "a/b", "ModelPackageGroupName")],
)
def test_what_the_registry_refuses_does_not_start(
    local: Local, status: str, group: str, expected: str
) -> None:
    step = register(
        "Register", get("Parameters.G"), "s3://sagemaker-local/m.tar.gz", status=get("Parameters.S")
    )
    parameters = [parameter("G", "String", group), parameter("S", "String", status)]
    with pytest.raises(ClientError, match=f"step 'Register': {expected} is"):
        local.run(definition(step, parameters=parameters))
    assert local.client.list_model_package_groups()["ModelPackageGroupSummaryList"] == []


def test_a_model_without_its_artifact_fails(local: Local) -> None:
    run = local.run(definition(model("Create", "s3://sagemaker-local/absent.tar.gz")))
    assert "There is nothing at s3://sagemaker-local/absent.tar.gz" in run.reason("Create")


def test_execution_variables(local: Local) -> None:
    names = ["PipelineName", "PipelineExecutionId", "PipelineExecutionArn", "PipelineArn"]
    names += ["StartDateTime", "CurrentDateTime"]
    show = local.code("import sys; print(*sys.argv[1:], sep='\\n')")
    run = local.run(
        definition(processing("S", show, arguments=[get(f"Execution.{name}") for name in names]))
    )
    name, execution, arn, pipeline, started, current = local.log(run, "S").splitlines()
    assert (name, arn, pipeline) == ("pipe", run.arn, run.described["PipelineArn"])
    assert arn.endswith(execution)
    assert started <= current


def test_an_ended_execution_lets_go_of_its_state(tmp_path: Path, runner: Runner) -> None:
    """A process that runs pipelines for days would have ever more open files."""
    local = Local(tmp_path / "root", runner)
    run = local.run(definition(processing("S", local.code("pass"))))
    assert run.status == "Succeeded"
    store = weakref.ref(local.store)
    del local, run

    def is_gone() -> bool:
        gc.collect()
        return store() is None

    until(is_gone)


class Crashing:
    """A runner that breaks in a way that no step foresees."""

    def start(self, command: Command) -> Process:
        raise RuntimeError("not foreseen")


def test_a_bug_in_the_engine_fails_the_step_and_nothing_hangs(tmp_path: Path) -> None:
    local = Local(tmp_path / "root", Crashing())
    run = local.run(definition(processing("S", local.code("pass"))))
    assert run.statuses == {"S": "Failed"}
    assert run.reason("S") == "InternalServerError: RuntimeError: not foreseen"


OWNER = r"""
import sys, time
from pathlib import Path
from engine.local import Local
from engine.definitions import definition, processing
from sagemaker_local.processes.warm import shared_runner
local = Local(Path(sys.argv[1]), shared_runner(warm=False))
script = "import sys, time, os\nwhile not os.path.exists(sys.argv[1]): time.sleep(0.01)"
go = str(local.root / "go")
run = local.start(definition(processing("S", local.code(script), arguments=[go])))
while run.statuses.get("S") != "Executing":
    time.sleep(0.01)
print(run.arn, flush=True)
time.sleep(1000)
"""


@pytest.fixture
def owner(local: Local, source: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs an execution, whose ARN it prints; its step waits for a file."""
    tests = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(local.root)],
        env={"PYTHONPATH": f"{source}:{tests}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    (local.root / "go").touch()
    process.kill()
    process.wait()


def execution_of(owner: subprocess.Popen[str], local: Local) -> Run:
    assert owner.stdout is not None
    return Run(local, owner.stdout.readline().strip())


@pytest.mark.slow
def test_an_execution_is_stopped_from_another_process(
    local: Local, owner: subprocess.Popen[str]
) -> None:
    run = execution_of(owner, local)
    run.stop()
    assert run.wait().status == "Stopped"
    assert run.statuses == {"S": "Stopped"}


@pytest.mark.slow
def test_a_stop_that_comes_after_the_end_leaves_the_ending(
    local: Local, owner: subprocess.Popen[str]
) -> None:
    """Two processes ask at once; the execution has stopped for one before the other writes."""
    run = execution_of(owner, local)
    first = Run(local.other(), run.arn)

    def stop_first() -> None:
        first.stop()
        first.wait()

    local.meanwhile(stop_first)
    run.stop()
    assert first.status == run.status == "Stopped"


@pytest.mark.slow
def test_an_execution_whose_owner_was_killed_is_interrupted(
    local: Local, owner: subprocess.Popen[str]
) -> None:
    run = execution_of(owner, local)
    assert run.status == "Executing"
    owner.kill()
    owner.wait()
    assert run.status == "Failed"
    assert "The process that ran this execution ended" in run.described["FailureReason"]
    assert run.statuses == {"S": "Failed"}
    assert run.reason("S").startswith("ClientError: The process that ran this execution ended")
    (summary,) = local.client.list_pipeline_executions(PipelineName="pipe")[
        "PipelineExecutionSummaries"
    ]
    assert summary["PipelineExecutionStatus"] == "Failed"
    assert "ended" in summary["PipelineExecutionFailureReason"]


@pytest.mark.slow
def test_of_an_owner_on_another_machine_its_lease_tells(
    local: Local, owner: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its process cannot be looked at from here; it renews the lease while it lives."""
    begun = time.time()
    run = execution_of(owner, local)
    owner.kill()
    owner.wait()
    monkeypatch.setattr("sagemaker_local.processes.owner.alive", lambda _: None)
    with monkeypatch.context() as patch:
        patch.setattr("time.time", lambda: begun)
        assert run.status == "Executing"
        patch.setattr("time.time", lambda: begun + 3600)
        assert run.status == "Failed"


@pytest.mark.slow
def test_an_interrupted_execution_that_goes_on_already_is_left_alone(
    local: Local, owner: subprocess.Popen[str]
) -> None:
    """Two processes find it abandoned; one has resumed it before the other marks it."""
    run = execution_of(owner, local)
    owner.kill()
    owner.wait()
    first = Run(local.other(), run.arn)

    def resume() -> None:
        assert first.status == "Failed"
        first.local.client.retry_pipeline_execution(PipelineExecutionArn=run.arn)

    local.meanwhile(resume)
    assert run.status == "Executing"
    run.stop()
    assert run.wait().status == "Stopped"


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("sagemaker_local.executions.executions.notices.announce", KeyboardInterrupt()),
        ("threading.Thread.start", RuntimeError("can't start new thread")),
    ],
    ids=["interrupted by a person", "no thread"],
)
def test_an_execution_that_never_began_can_be_retried(
    local: Local, monkeypatch: pytest.MonkeyPatch, place: str, error: BaseException
) -> None:
    """The state says that this process runs it, which lives on."""

    def fail(*_: Any) -> None:
        raise error

    text = definition(processing("S", local.code("pass")))
    local.create(text)
    with monkeypatch.context() as patch, pytest.raises(type(error)):
        patch.setattr(place, fail)
        local.client.start_pipeline_execution(PipelineName="pipe")
    listed = local.client.list_pipeline_executions(PipelineName="pipe")
    (execution,) = listed["PipelineExecutionSummaries"]
    assert execution["PipelineExecutionStatus"] == "Failed"
    assert Run(local, execution["PipelineExecutionArn"]).retry().status == "Succeeded"


def test_an_execution_that_runs_here_is_not_called_interrupted(
    local: Local, meeting: Meeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop that slept wakes with leases that ran out; its own executions still run."""
    run = local.start(definition(meeting.step("A")))
    meeting.pid("A")
    with monkeypatch.context() as patch:
        later = time.time() + 3600
        patch.setattr("sagemaker_local.executions.executions.time.time", lambda: later)
        assert run.status == "Executing"
    meeting.go("A")
    assert run.wait().status == "Succeeded"


def test_several_executions_at_once_do_not_mix(local: Local) -> None:
    show = local.code("import sys; open(sys.argv[2] + '/x', 'w').write(sys.argv[1])")
    text = definition(
        processing(
            "S",
            show,
            outputs=["o"],
            arguments=[get("Parameters.Name"), "/opt/ml/processing/output/o"],
        ),
        parameters=[parameter("Name", "String")],
    )
    runs = {name: local.start(text, {"Name": name}) for name in "abcdef"}
    for name, run in runs.items():
        assert run.wait().status == "Succeeded"
        output = run.job("S")["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
        assert local.read(f"{output}/x") == name


@pytest.mark.slow
def test_many_small_steps(local: Local) -> None:
    gates = [true("C0")] + [true(f"C{i}", DependsOn=[f"C{i - 1}"]) for i in range(1, 150)]
    run = local.run(definition(*gates))
    assert run.status == "Succeeded"
    assert len(run.listed) == 150


def test_a_plain_runner_is_enough(tmp_path: Path) -> None:
    local = Local(tmp_path / "root", SpawnRunner())
    run = local.run(definition(processing("S", local.code("print('plain')"))))
    assert local.log(run, "S") == "plain\n"
