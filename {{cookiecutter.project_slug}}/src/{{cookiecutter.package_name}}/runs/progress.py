"""Following an execution: a table that lives in a notebook, plain lines elsewhere."""

import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from IPython.core.getipython import get_ipython

from .executions import ENDED, PipelineFailed, failure, listed
from .step_table import Step, display, line, log_tail, note, remarks, row, table

REDRAW_SECONDS = 0.5  # a table is drawn anew for a log line at most this often
STILL_SECONDS = 30.0  # after that long without news, a terminal hears of what runs
STOP_SECONDS = 10.0


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
                lines = log_tail(self.session, step)
                self.notes[name] = note(self.session, step, lines)
                for remark in remarks(lines):
                    print(f"{name}: {remark}", flush=True)
        return [row(self.session, step, self.notes.get(step["StepName"])) for step in found]


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
