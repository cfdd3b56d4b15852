"""Following an execution: a table that lives in a notebook, plain lines elsewhere, and logs.

``python -m <package> progress log Train`` prints the log of a step of the latest execution.
"""

import argparse
import html
import secrets
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from IPython.core.getipython import get_ipython

from .. import settings
from ..errors import ProjectError

ENDED = ("Succeeded", "Failed", "Stopped", "CompletedWithFailures")
JOBS = ("Processing", "Training", "Tuning", "Transform")  # what has a log
REDRAW_SECONDS = 0.5  # a table is drawn anew for a log line at most this often
STILL_SECONDS = 30.0  # after that long without news, a terminal hears of what runs
STOP_SECONDS = 10.0
WIDTH = 100
COLOURS = {
    "Succeeded": "#2e7d4f",
    "Executing": "#2f6f9f",
    "Failed": "#b3372f",
    "Stopped": "#8a6d1f",
}


class PipelineFailed(ProjectError):
    """An execution that did not succeed; the message names the step and its reason."""


@dataclass(frozen=True)
class Step:
    """One row of the table.

    Attributes:
        name: of the step.
        state: ``Executing``, ``Succeeded``, ``Failed`` ...
        seconds: since it started, or that it took.
        cached: whether its result is that of an earlier execution.
        note: its last log line, its outcome, what it registered, or why it failed.
    """

    name: str
    state: str
    seconds: float
    cached: bool
    note: str


@dataclass(frozen=True)
class Started:
    """An execution that is known by its ARN alone, to be followed like one just started."""

    arn: str
    session: Any

    def stop(self) -> None:
        self.session.sagemaker_client.stop_pipeline_execution(
            PipelineExecutionArn=self.arn, ClientRequestToken=secrets.token_hex(16)
        )


class View(Protocol):
    """Where the steps of an execution are shown."""

    def show(self, steps: list[Step]) -> None: ...

    def close(self, steps: list[Step]) -> None: ...


def follow(execution: Any, session: Any) -> None:
    """Show each step's state, seconds and last log line, until the execution has ended.

    An interrupt (Ctrl-C, or the stop button of a notebook) stops an execution that runs on this
    machine; a managed one goes on.

    Args:
        execution: what ``pipeline.start()`` returned.
        session: its session; says how often to look.

    Raises:
        PipelineFailed: it ended in another way than by success, or nobody waits for it any more.
    """
    watch = Watch(session, execution.arn, Table() if has_audience() else Lines())
    try:
        status = watch.until_ended()
    except KeyboardInterrupt:
        if not session.runs_here:
            raise PipelineFailed(
                f"nobody waits for {execution.arn} any more, and it goes on; "
                "execution.stop() would stop it"
            ) from None
        execution.stop()
        watch.until_ended(STOP_SECONDS)
        raise PipelineFailed("the pipeline was stopped by an interrupt (Ctrl-C)") from None
    if status != "Succeeded":
        raise PipelineFailed(failure(session, execution.arn, status))


@dataclass
class Watch:
    """Looks at an execution again and again, and shows what changed."""

    session: Any
    arn: str
    view: View
    notes: dict[str, str] = field(default_factory=dict)  # of steps that have ended

    def until_ended(self, seconds: float = float("inf")) -> str:
        """The execution's last status; after so many seconds, whatever it then is."""
        client, drawn = self.session.sagemaker_client, 0.0
        shown: list[tuple[str, str]] = []
        deadline = time.monotonic() + seconds
        while True:
            status = client.describe_pipeline_execution(PipelineExecutionArn=self.arn)[
                "PipelineExecutionStatus"
            ]
            found = listed(self.session, self.arn)
            states = [(step["StepName"], step["StepStatus"]) for step in found]
            if states != shown or time.monotonic() - drawn > REDRAW_SECONDS:
                self.view.show(self.rows(found))
                shown, drawn = states, time.monotonic()
            if status in ENDED or time.monotonic() > deadline:
                self.view.close(self.rows(found))
                return str(status)
            time.sleep(self.session.poll_seconds)

    def rows(self, found: list[dict[str, Any]]) -> list[Step]:
        """The steps as rows; a log that cannot grow any more is read once."""
        for step in found:
            name = step["StepName"]
            if step["StepStatus"] in ENDED and name not in self.notes:
                self.notes[name] = note(self.session, step)
        return [row(self.session, step, self.notes.get(step["StepName"])) for step in found]


def steps(session: Any, arn: str) -> list[Step]:
    """The steps of an execution as they are now, in the order in which they started."""
    return [row(session, step) for step in listed(session, arn)]


def listed(session: Any, arn: str) -> list[dict[str, Any]]:
    """The steps of an execution as the service describes them, first started first."""
    pages = session.sagemaker_client.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending"
    )
    return [step for page in pages for step in page["PipelineExecutionSteps"]]


def row(session: Any, step: dict[str, Any], known_note: str | None = None) -> Step:
    """A described step as a row of the table."""
    started = step.get("StartTime")
    ended = step.get("EndTime") or datetime.now(UTC)
    return Step(
        name=step["StepName"],
        state=step["StepStatus"],
        seconds=(ended - started).total_seconds() if started else 0.0,
        cached="CacheHitResult" in step,
        note=note(session, step) if known_note is None else known_note,
    )


def note(session: Any, step: dict[str, Any]) -> str:
    """What there is to say about a step: why it failed, its outcome, its last log line."""
    metadata = step.get("Metadata", {})
    if "FailureReason" in step:
        return str(step["FailureReason"])
    if "Condition" in metadata:
        return str(metadata["Condition"].get("Outcome", ""))
    if "RegisterModel" in metadata:
        return "version {1} of {0}".format(*metadata["RegisterModel"]["Arn"].split("/")[-2:])
    if "Lambda" in metadata:
        outputs = metadata["Lambda"].get("OutputParameters", [])
        return ", ".join(f"{output['Name']}={output['Value']}" for output in outputs)
    job = job_of(step)
    lines = session.job_log(*job, tail=5) if job else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def job_of(step: dict[str, Any]) -> tuple[str, str] | None:
    """Kind and name of the job that a described step runs, or None."""
    for kind in JOBS:
        arn = step.get("Metadata", {}).get(f"{kind}Job", {}).get("Arn")
        if arn:
            return kind, arn.rpartition("/")[2]
    return None


def log(session: Any, execution: Any, step_name: str) -> str:
    """The full log of a step's job, as far as it is written.

    Args:
        session: local or managed.
        execution: what ``pipeline.start()`` returned, or an execution's ARN.
        step_name: of the pipeline, such as ``Train``.

    Raises:
        ProjectError: the execution has no such step, or the step runs no job.
    """
    found = {
        step["StepName"]: step for step in listed(session, getattr(execution, "arn", execution))
    }
    if step_name not in found:
        names = ", ".join(found) or "none yet"
        raise ProjectError(f"the execution has no step {step_name!r}; its steps are: {names}")
    job = job_of(found[step_name])
    if job is None:
        with_log = ", ".join(name for name, step in found.items() if job_of(step)) or "none"
        raise ProjectError(f"step {step_name} runs no job; these have a log: {with_log}")
    return "\n".join(session.job_log(*job))


def failure(session: Any, arn: str, status: str) -> str:
    """Why an execution did not succeed: the reasons of the steps that failed."""
    reasons = [
        f"{step['StepName']}: {step['FailureReason']}"
        for step in listed(session, arn)
        if "FailureReason" in step
    ]
    described = session.sagemaker_client.describe_pipeline_execution(PipelineExecutionArn=arn)
    reason = "; ".join(reasons) or described.get("FailureReason", "")
    ended = "was stopped" if status == "Stopped" else status.lower()
    return f"the pipeline {ended}: {reason}" if reason else f"the pipeline {ended}"


def has_audience() -> bool:
    """Whether somebody looks at this notebook: batch runners do not let a cell ask for input."""
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None:
        return False
    return bool(kernel.get_parent().get("content", {}).get("allow_stdin"))


class Lines:
    """A line for each change of a step; where a notebook is recorded, a table at the end."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._spoken = time.monotonic()

    def show(self, steps: list[Step]) -> None:
        silent = time.monotonic() - self._spoken > STILL_SECONDS
        for step in steps:
            still = silent and step.state == "Executing"
            if still or self._states.get(step.name) != step.state:
                self._states[step.name] = step.state
                self._spoken = time.monotonic()
                print(line(step, still), flush=True)

    def close(self, steps: list[Step]) -> None:
        self.show(steps)
        if hasattr(get_ipython(), "kernel"):
            display(steps)


class Table:
    """A table that changes in place."""

    def __init__(self) -> None:
        self._id = f"steps-{time.time_ns()}"
        self._drawn = ""

    def show(self, steps: list[Step]) -> None:
        drawn = table(steps)
        if drawn != self._drawn:
            display(steps, display_id=self._id, update=bool(self._drawn))
            self._drawn = drawn

    def close(self, steps: list[Step]) -> None:
        self.show(steps)


def display(steps: list[Step], **options: Any) -> None:
    """Show the table in a notebook, and its lines where there is no HTML."""
    from IPython.display import display as show

    plain = "\n".join(line(step) for step in steps)
    show({"text/html": table(steps), "text/plain": plain}, raw=True, **options)


def line(step: Step, still: bool = False) -> str:
    """One step's name, state, seconds once it has some, and note, cut to the width of a page."""
    running = step.state == "Executing"
    seconds = "" if running and not still else f"{step.seconds:.1f} s"
    text = f"{step.name:<20} {step.state:<10} {seconds:>8}  {'cached  ' if step.cached else ''}"
    return (text if running and not still else f"{text}{step.note}")[:WIDTH].rstrip()


def table(steps: list[Step]) -> str:
    """The steps as an HTML table."""
    cell = "text-align:left;padding:2px 12px 2px 0"
    head = "".join(
        f'<th style="{cell}">{name}</th>'
        for name in ("Step", "State", "Seconds", "Cached", "Last line")
    )
    body = "".join(_table_row(step, cell) for step in steps)
    return (
        '<table class="pipeline-steps" style="border-collapse:collapse">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _table_row(step: Step, cell: str) -> str:
    colour = COLOURS.get(step.state, "inherit")
    seconds = f"{step.seconds:.0f}" if step.state == "Executing" else f"{step.seconds:.1f}"
    return (
        f'<tr><td style="{cell}">{html.escape(step.name)}</td>'
        f'<td style="{cell};color:{colour};font-weight:600">{html.escape(step.state)}</td>'
        f'<td style="{cell};text-align:right">{seconds}</td>'
        f'<td style="{cell}">{"yes" if step.cached else ""}</td>'
        f'<td style="{cell};font-family:monospace">{html.escape(step.note)}</td></tr>'
    )


def latest(session: Any) -> str:
    """The ARN of this project's execution that started last.

    Raises:
        ProjectError: nothing was started yet.
    """
    client = session.sagemaker_client
    pages = client.get_paginator("list_pipelines").paginate(
        PipelineNamePrefix=settings.PROJECT_SLUG
    )
    names = [item["PipelineName"] for page in pages for item in page["PipelineSummaries"]]
    found = [
        execution
        for name in names
        for execution in client.list_pipeline_executions(
            PipelineName=name, SortOrder="Descending", MaxResults=1
        )["PipelineExecutionSummaries"]
    ]
    if not found:
        raise ProjectError("no pipeline was started yet; `make pipeline` starts one")
    return str(max(found, key=lambda item: item["StartTime"])["PipelineExecutionArn"])


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    from ..sessions.open import MODES

    parser = argparse.ArgumentParser(
        prog="progress", description="Steps of an execution, and their logs."
    )
    parser.add_argument("--session", choices=MODES, default="local")
    parser.add_argument("--execution", metavar="ARN", help="default: the one that started last")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("steps", help="show each step's state, seconds and last log line")
    commands.add_parser("explain", help="why each step ran, or was reused from an earlier run")
    logs = commands.add_parser("log", help="print the full log of a step")
    logs.add_argument("step", help="such as Train")
    return parser


def main(argv: list[str] | None = None) -> None:
    """Run the command line; a mistake is one sentence and exit code 1."""
    from ..sessions.open import open_session

    options = arguments().parse_args(argv)
    try:
        session = open_session(options.session, role="unused", warm=False)
        arn = options.execution or latest(session)
        if options.command == "log":
            print(log(session, arn, options.step))
        elif options.command == "explain":
            print(session.explain(arn))
        else:
            print("\n".join(line(step, still=True) for step in steps(session, arn)))
    except ProjectError as error:
        sys.exit(f"progress: {error}")
