"""An execution's steps for people: a row for each, as lines of text and as a table of HTML."""

import html
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .executions import job_of, listed, reason

WIDTH = 100
TAIL = 50  # lines of a log that are looked at
REMARK = "note: "
FOR_THE_SERVICE = "[0]#011"  # metrics of a search, which SageMaker reads
COLOURS = {
    "Succeeded": "#2e7d4f",
    "Executing": "#2f6f9f",
    "Failed": "#b3372f",
    "Stopped": "#8a6d1f",
}


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


def steps(session: Any, arn: str) -> list[Step]:
    """The steps of an execution as they are now, in the order in which they started."""
    return [row(session, step) for step in listed(session, arn)]


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


def log_tail(session: Any, step: dict[str, Any]) -> list[str]:
    """The last lines that a step's job has printed so far; none of a step without a job."""
    job = job_of(step)
    return session.job_log(*job, tail=TAIL) if job else []


def note(session: Any, step: dict[str, Any], lines: list[str] | None = None) -> str:
    """What there is to say about a step: why it failed, its outcome, its last log line.

    Args:
        session: local or managed.
        step: as the service describes it.
        lines: the tail of its log, where that is known already.
    """
    metadata = step.get("Metadata", {})
    if "FailureReason" in step:
        return reason(session, step)
    if "Condition" in metadata:
        return str(metadata["Condition"].get("Outcome", ""))
    if "RegisterModel" in metadata:
        return "version {1} of {0}".format(*metadata["RegisterModel"]["Arn"].split("/")[-2:])
    if "Lambda" in metadata:
        outputs = metadata["Lambda"].get("OutputParameters", [])
        return ", ".join(f"{output['Name']}={output['Value']}" for output in outputs)
    lines = log_tail(session, step) if lines is None else lines
    unread = (REMARK, FOR_THE_SERVICE)
    spoken = (line.strip() for line in reversed(lines) if not line.startswith(unread))
    return next(filter(None, spoken), "")


def remarks(lines: list[str]) -> list[str]:
    """What a job says of the data, in whole: lines of its log that begin so."""
    return [line.removeprefix(REMARK).strip() for line in lines if line.startswith(REMARK)]


def display(steps: list[Step], **options: Any) -> None:
    """Show the table in a notebook, and its lines where there is no HTML."""
    from IPython.display import display as show

    plain = "\n".join(line(step) for step in steps)
    show({"text/html": table(steps), "text/plain": plain}, raw=True, **options)


def line(step: Step, still: bool = False) -> str:
    """One step's name, state, seconds once it has some, and note, cut to the width of a page."""
    running = step.state == "Executing"
    seconds = "" if running and not still else f"{step.seconds:.1f} s"
    text = f"{step.name:<28} {step.state:<10} {seconds:>8}  {'cached  ' if step.cached else ''}"
    text = (text if running and not still else f"{text}{step.note}").rstrip()
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3].rstrip()}..."


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
