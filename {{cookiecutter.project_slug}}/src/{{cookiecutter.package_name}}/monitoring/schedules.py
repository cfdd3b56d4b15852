"""A monitoring pipeline that EventBridge Scheduler starts, in managed sessions.

Source: Amazon EventBridge Scheduler's API reference, ``CreateSchedule``: a target whose ARN is that
of a SageMaker pipeline is started with the parameters in ``SageMakerPipelineParameters``.
"""

import re
from typing import Any

from ..deployments import states
from ..errors import ProjectError
from .watched import Watched

EVERY = re.compile(r"(\d+) *(minute|hour|day)s?")
EXPRESSION = re.compile(r"(rate|cron|at)\(.+\)")
NEWEST = {"Start": "bookmark", "End": "now"}  # parameters of the pipeline: all that is new
LONGEST = 64  # characters of a schedule's name
RETRIES = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600}


def expression(every: str) -> str:
    """When a schedule starts something, as Scheduler writes it.

    Args:
        every: such as "1 hour" or "15 minutes", or an expression such as cron(0 6 * * ? *).

    Raises:
        ProjectError: it is neither.
    """
    if EXPRESSION.fullmatch(every):
        return every
    found = EVERY.fullmatch(every.strip())
    if not found or not int(found[1]):
        raise ProjectError(
            f"--every is {every!r}; give a time such as '1 hour', or an expression of EventBridge "
            "Scheduler such as 'cron(0 6 * * ? *)'"
        )
    number = int(found[1])
    return f"rate({number} {found[2]}{'s' * (number > 1)})"


def put(session: Any, endpoint: str, every: str, role: str) -> str:
    """Have the pipeline that watches an endpoint be started again and again.

    Args:
        session: managed.
        endpoint: its name.
        every: see ``expression``.
        role: ARN of a role that Scheduler may assume, and that may start the pipeline.

    Returns:
        A sentence.

    Raises:
        ProjectError: the session is local, or there is no such pipeline yet.
    """
    scheduler = _scheduler(session)
    rate, pipeline = expression(every), Watched(endpoint, {}, "", "").pipeline
    found = states.unless_missing(session.sagemaker_client.describe_pipeline, PipelineName=pipeline)
    if found is None:
        raise ProjectError(
            f"there is no pipeline {pipeline} yet; notebook 06 defines it, with `start` false "
            "without starting it"
        )
    values = [{"Name": name, "Value": value} for name, value in NEWEST.items()]
    request = {
        "Name": _name(pipeline),
        "Description": f"Starts {pipeline}: what {endpoint} was asked since the last window",
        "ScheduleExpression": rate,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": found["PipelineArn"],
            "RoleArn": role,
            "RetryPolicy": RETRIES,
            "SageMakerPipelineParameters": {"PipelineParameterList": values},
        },
    }
    try:
        scheduler.create_schedule(**request)
    except scheduler.exceptions.ConflictException:
        scheduler.update_schedule(**request)
    return f"{pipeline} is started by the schedule {request['Name']}: {rate}"


def remove(session: Any, endpoint: str) -> str:
    """Have it be started no more; gives a sentence.

    Raises:
        ProjectError: the session is local, or there is no such schedule.
    """
    scheduler, pipeline = _scheduler(session), Watched(endpoint, {}, "", "").pipeline
    try:
        scheduler.delete_schedule(Name=_name(pipeline))
    except scheduler.exceptions.ResourceNotFoundException:
        raise ProjectError(f"there is no schedule {_name(pipeline)}") from None
    return f"the schedule {_name(pipeline)} is gone; {pipeline} stays"


def _name(pipeline: str) -> str:
    """The end of a long name tells more than its beginning, which is the project's."""
    return pipeline[-LONGEST:].lstrip("-")


def _scheduler(session: Any) -> Any:
    if session.runs_here:
        raise ProjectError(
            "EventBridge Scheduler starts managed pipelines only; on this machine `make watch` "
            "starts monitoring when an endpoint has captured requests"
        )
    return session.boto_session.client("scheduler")
