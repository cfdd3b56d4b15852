"""Following an execution: a line for each change of a step, and one sentence if it fails."""

import time
from typing import Any

from .errors import ProjectError

ENDED = ("Succeeded", "Failed", "Stopped", "CompletedWithFailures")


class PipelineFailed(ProjectError):
    """An execution that did not succeed; the message names the step and its reason."""


def follow(execution: Any, session: Any) -> None:
    """Print each step as it starts and ends, until the execution has ended.

    Args:
        execution: what ``pipeline.start()`` returned.
        session: its session; says how often to look.

    Raises:
        PipelineFailed: it ended in another way than by success.
    """
    shown: dict[str, str] = {}
    while True:
        status = execution.describe()["PipelineExecutionStatus"]
        steps = execution.list_steps()
        for step in reversed(steps):
            if shown.get(step["StepName"]) != step["StepStatus"]:
                shown[step["StepName"]] = step["StepStatus"]
                print(line(step), flush=True)
        if status in ENDED:
            break
        time.sleep(session.poll_seconds)
    if status != "Succeeded":
        raise PipelineFailed(failure(execution, status, steps))


def line(step: dict[str, Any]) -> str:
    """One step's name, state and, once it has ended, seconds, or a condition's outcome."""
    text = f"{step['StepName']:<20} {step['StepStatus']:<10}"
    outcome = step.get("Metadata", {}).get("Condition", {}).get("Outcome")
    if outcome:
        return f"{text} {outcome}"
    if "EndTime" not in step:
        return text.rstrip()
    return f"{text} {(step['EndTime'] - step['StartTime']).total_seconds():.1f} s"


def failure(execution: Any, status: str, steps: list[dict[str, Any]]) -> str:
    """Why an execution did not succeed: the reasons of the steps that failed."""
    reasons = [
        f"{step['StepName']}: {step['FailureReason']}" for step in steps if "FailureReason" in step
    ]
    described = execution.describe().get("FailureReason", "")
    return f"the pipeline {status.lower()}: {'; '.join(reasons) or described}"
