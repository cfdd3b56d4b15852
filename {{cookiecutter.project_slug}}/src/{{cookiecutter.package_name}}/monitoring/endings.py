"""How a pipeline has ended, told to whom it matters."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from . import alerts
from .alerts import Message

SUCCEEDED, FAILED, REJECTED = "success", "failure", "rejection"
NOT_ENDED = ("Executing", "Stopping", "Stopped")  # what a person has stopped needs no telling


def kind(status: str, gate: str | None) -> str:
    """One of this module's words for how an execution ended, or "".

    Args:
        status: of the execution.
        gate: the step that ended it because a question was answered by no, if one did.
    """
    if status == "Succeeded":
        return SUCCEEDED
    if status in NOT_ENDED:
        return ""
    return REJECTED if gate else FAILED


def message(ending: str, name: str, reason: str, facts: Mapping[str, str]) -> Message:
    """What is told of an ending.

    Args:
        ending: one of this module's words.
        name: of the pipeline.
        reason: why it did not succeed.
        facts: what else there is to know, by what it is.
    """
    said = {
        SUCCEEDED: "has succeeded",
        FAILED: "has failed",
        REJECTED: "has rejected its model",
    }[ending]
    lines = [reason] if reason else []
    lines += [f"{what}: {value}" for what, value in facts.items() if value]
    return Message(f"{name} {said}", "\n".join(lines))


def tell(session: Any, ending: str, name: str, reason: str, facts: Mapping[str, str]) -> None:
    """Tell of an ending where that is set; the log has it anyway."""
    settings = alerts.settings()
    wanted = {
        SUCCEEDED: settings.success,
        FAILED: settings.failure,
        REJECTED: settings.rejection,
    }
    if wanted.get(ending):
        quiet = replace(settings, log=False)
        alerts.send(message(ending, name, reason, facts), quiet, session)


def of_run(session: Any, run: Mapping[str, Any], gate: str | None) -> None:
    """Tell how a run's execution has ended.

    Args:
        session: of the run.
        run: its record, ``lineage.json``.
        gate: the step that ended it because a question was answered by no, if one did.
    """
    registered = [arn.rpartition("/")[2] for arn in run.get("model_packages", [])]
    facts = {
        "registered": ", ".join(f"version {each}" for each in registered),
        "run": f"reports/runs/{run['run']}",
        "execution": run["execution"],
    }
    tell(session, kind(run["status"], gate), run["pipeline"], run.get("reason", ""), facts)


def of_notebook(notebook: str, run: str, reason: str) -> None:
    """Tell of a notebook that failed although its execution, if there was one, did not."""
    tell(None, FAILED, notebook, reason, {"run": f"reports/runs/{run}"})
