"""Runs that did not come to their end here: completed later, or gone on with."""

import secrets
from collections.abc import Iterator

from botocore.exceptions import ClientError

from ..errors import ProjectError
from ..sessions.open import open_session
from . import comparison, executions, progress
from .record import Run, all_runs, finish, tell


def update() -> Iterator[str]:
    """Complete the runs that nobody waited for; yields a line for each."""
    waiting = [run for run in all_runs() if run.status in ("Executing", "Stopping")]
    for run in waiting:
        session = open_session(str(run.parameters.get("session", "local")), "unused", warm=False)
        tell(session, finish(run, session))
        yield f"{run.name} is {Run(run.folder).status}"
    if not waiting:
        yield "no run is waited for"


def retry(name: str) -> None:
    """Go on with a run that failed or was stopped, from what had succeeded, and follow it.

    Args:
        name: the run's; see ``find``.

    Raises:
        ProjectError: it started no execution, it cannot be retried, or it failed again.
    """
    run = comparison.find(name)
    if "execution" not in run.lineage:
        raise ProjectError(f"{run.name} started no execution; run the pipeline again")
    session = open_session(str(run.parameters.get("session", "local")), role="unused")
    started = executions.Started(run.lineage["execution"], session)
    ended_by = executions.ended_by_fail_step(session, started.arn)
    if ended_by:
        raise ProjectError(
            f"{run.name} was ended by its Fail step {ended_by}, and SageMaker retries no such run; "
            "run the pipeline again"
        )
    try:
        session.sagemaker_client.retry_pipeline_execution(
            PipelineExecutionArn=started.arn, ClientRequestToken=secrets.token_hex(16)
        )
    except ClientError as error:
        raise ProjectError(error.response["Error"]["Message"]) from error
    try:
        progress.follow(started, session)
    finally:
        tell(session, finish(run, session))
