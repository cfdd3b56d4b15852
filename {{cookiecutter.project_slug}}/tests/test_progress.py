"""Following an execution: lines, the live table, the log of a step, interrupts."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pipelines
import pytest

from {{ cookiecutter.package_name }} import cli, errors, paths, settings
from {{ cookiecutter.package_name }}.runs import executions, progress, step_table
from {{ cookiecutter.package_name }}.sessions import open as opening

STARTED = datetime(2026, 1, 1, tzinfo=UTC)
ANSWERS = [{"Name": "sent", "Value": "3"}, {"Name": "to", "Value": "all"}]


def step(name: str, state: str, **members: Any) -> dict[str, Any]:
    """A step as the service describes it; one that has ended took two seconds."""
    ended = {} if state == "Executing" else {"EndTime": STARTED + timedelta(seconds=2)}
    return {"StepName": name, "StartTime": STARTED, "StepStatus": state, **ended, **members}


class Service:
    """A session whose one execution is at the next stage each time it is looked at."""

    poll_seconds = 0
    runs_here = False

    def __init__(self, *stages: tuple[str, list[dict[str, Any]]]) -> None:
        self.stages = list(stages)
        self.sagemaker_client = self

    def describe_pipeline_execution(self, **_: str) -> dict[str, str]:
        return {"PipelineExecutionStatus": self.stages[0][0]}

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=lambda **_: [{"PipelineExecutionSteps": self.listed()}])

    def listed(self) -> list[dict[str, Any]]:
        return self.stages.pop(0)[1] if len(self.stages) > 1 else self.stages[0][1]

    def job_log(self, kind: str, name: str, tail: int = 0) -> list[str]:
        return [f"{kind} {name} began", f"last line of {name}", ""]


EXECUTION = SimpleNamespace(arn="arn:pipeline/p/execution/abc")
JOB = {"Metadata": {"TrainingJob": {"Arn": "arn:training-job/job-1"}}}


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A local session with nothing in it."""
    monkeypatch.setattr(paths, "LOCAL_ROOT", tmp_path)
    return opening.open_session("local", warm=False)


def test_a_line_for_each_change(capsys: pytest.CaptureFixture[str]) -> None:
    service = Service(
        ("Executing", [step("Train", "Executing", **JOB)]),
        ("Executing", [step("Train", "Executing", **JOB)]),
        ("Succeeded", [step("Train", "Succeeded", **JOB)]),
    )
    progress.follow(EXECUTION, service)
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert printed == [
        ["Train", "Executing"],
        ["Train", "Succeeded", "2.0", "s", "last", "line", "of", "job-1"],
    ]


def test_what_a_job_says_of_the_data_is_shown_in_whole(capsys: pytest.CaptureFixture[str]) -> None:
    service = Service(("Succeeded", [step("Preprocess", "Succeeded", **JOB)]))
    said = "no training row has 'castle' (1) as its target" + ", as can be seen in this log" * 5
    read = []

    def job_log(kind: str, name: str, tail: int = 0) -> list[str]:
        read.append(name)
        return ["rows: 3", f"note: {said}"]

    service.job_log = job_log  # type: ignore[method-assign]
    progress.follow(EXECUTION, service)
    shown, row = capsys.readouterr().out.splitlines()
    assert shown == f"Preprocess: {said}"
    assert row.endswith("rows: 3")
    assert read == ["job-1"], "a log that cannot grow any more is read once"


def test_a_terminal_hears_of_a_step_that_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "STILL_SECONDS", 0.0)
    lines = progress.Lines()
    row = step_table.Step("Train", "Executing", 31.0, False, "round 200")
    for _ in range(2):
        time.sleep(0.001)
        lines.show([row])
    assert "31.0 s  round 200" in capsys.readouterr().out.splitlines()[1]


def test_a_failed_execution_says_which_step_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    service = Service(("Failed", [step("Train", "Failed", FailureReason="no such column")]))
    with pytest.raises(executions.PipelineFailed, match="pipeline failed: Train: no such column"):
        progress.follow(EXECUTION, service)
    assert capsys.readouterr().out.split()[:5] == ["Train", "Failed", "2.0", "s", "no"]


def test_what_each_kind_of_step_says() -> None:
    described = [
        step("Prepare", "Succeeded", CacheHitResult={"SourcePipelineExecutionArn": "arn"}, **JOB),
        step("Gate", "Succeeded", Metadata={"Condition": {"Outcome": "True"}}),
        step("Register", "Succeeded", Metadata={"RegisterModel": {"Arn": "arn:x/cars/3"}}),
        step("Tell", "Succeeded", Metadata={"Lambda": {"OutputParameters": ANSWERS}}),
    ]
    found = [step_table.row(Service(("", [])), each) for each in described]
    assert [(row.cached, row.note) for row in found] == [
        (True, "last line of job-1"),
        (False, "True"),
        (False, "version 3 of cars"),
        (False, "sent=3, to=all"),
    ]
    assert "cached" in step_table.line(found[0])


def test_a_step_that_runs_has_no_line_of_its_log_yet() -> None:
    """Unless somebody waits: its last line and its seconds will be others at its end."""
    running = step_table.Step("Train", "Executing", 3.44, False, "round 200")
    assert step_table.line(running).split() == ["Train", "Executing"]
    assert step_table.line(running, still=True).split()[2:] == ["3.4", "s", "round", "200"]


def test_a_line_is_as_wide_as_a_page() -> None:
    ended = step_table.Step("Train", "Failed", 3.0, False, "no such column " * 20)
    assert len(step_table.line(ended)) <= step_table.WIDTH


def test_the_table_shows_what_programs_print_as_text() -> None:
    row = step_table.Step("Train", "Executing", 3.4, False, "<script>alert(1)</script>")
    table = step_table.table([row])
    assert "<script>" not in table and "&lt;script&gt;" in table


def test_the_table_changes_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook that somebody looks at: one table, drawn anew only when there is news."""
    shown: list[tuple[str, bool]] = []
    kernel = SimpleNamespace(get_parent=lambda: {"content": {"allow_stdin": True}})
    monkeypatch.setattr(progress, "get_ipython", lambda: SimpleNamespace(kernel=kernel))
    monkeypatch.setattr(
        progress,
        "display",
        lambda _, display_id, update: shown.append((display_id, update)),
    )
    train = step("Train", "Succeeded", **JOB)
    service = Service(
        ("Executing", [train]),
        ("Executing", [train]),
        ("Succeeded", [train, step("Evaluate", "Succeeded")]),
    )
    progress.follow(EXECUTION, service)
    assert [update for _, update in shown] == [False, True]
    assert len({name for name, _ in shown}) == 1


@pytest.mark.parametrize(
    ("content", "expected"), [({"allow_stdin": True}, True), ({"allow_stdin": False}, False)]
)
def test_batch_runners_are_no_audience(
    content: dict[str, bool], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = SimpleNamespace(get_parent=lambda: {"content": content})
    monkeypatch.setattr(progress, "get_ipython", lambda: SimpleNamespace(kernel=kernel))
    assert progress.has_audience() is expected


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_log_of_a_step_that_is_still_running(local: Any) -> None:
    code = "import time; print('first'); print('second'); time.sleep(60)"
    execution = pipelines.start(local, pipelines.processing(local, "Slow", code))
    wait_for(lambda: [row.note for row in step_table.steps(local, execution.arn)] == ["second"])
    assert executions.log(local, execution, "Slow") == "first\nsecond"
    execution.stop()


def test_there_is_no_such_log(local: Any) -> None:
    execution = pipelines.start(local, pipelines.evaluate(local), pipelines.register())
    progress.follow(execution, local)
    with pytest.raises(errors.ProjectError, match="no step 'Tain'; its steps are: Evaluate, Reg"):
        executions.log(local, execution, "Tain")
    with pytest.raises(errors.ProjectError, match="runs no job; these have a log: Evaluate"):
        executions.log(local, execution.arn, "RegisterModel")


def test_an_interrupt_stops_what_runs_here(
    local: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import time; time.sleep(60)"
    execution = pipelines.start(local, pipelines.processing(local, "Slow", code))
    interrupts = iter([KeyboardInterrupt()])

    def sleep(_: float) -> None:
        for interrupt in interrupts:
            raise interrupt

    monkeypatch.setattr(progress.time, "sleep", sleep)
    with pytest.raises(executions.PipelineFailed, match="stopped by an interrupt"):
        progress.follow(execution, local)
    described = local.sagemaker_client.describe_pipeline_execution(
        PipelineExecutionArn=execution.arn
    )
    assert described["PipelineExecutionStatus"] == "Stopped"
    assert "Stopped" in capsys.readouterr().out


def test_an_interrupt_leaves_a_managed_execution_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(progress.time, "sleep", sleep)
    service = Service(("Executing", [step("Train", "Executing")]), ("Executing", []))
    with pytest.raises(executions.PipelineFailed, match="abc any more, and it goes on"):
        progress.follow(EXECUTION, service)


def test_the_command_line(
    local: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(opening, "open_session", lambda *_, **__: local)
    with pytest.raises(SystemExit, match="no pipeline was started yet"):
        cli.main(["progress", "steps"])
    name = settings.PROJECT_SLUG
    progress.follow(pipelines.start(local, pipelines.evaluate(local), name=name), local)
    capsys.readouterr()
    cli.main(["progress", "log", "Evaluate"])
    assert capsys.readouterr().out == "test:r2=0.9\n"
    cli.main(["progress", "steps"])
    assert capsys.readouterr().out.split()[:2] == ["Evaluate", "Succeeded"]
