"""The SDK's waits for a job, as they should be for one that runs on this machine.

``Processor.run`` looks at a job after ten seconds, then every thirty; ``TrainingJob.wait`` every
five, and reads logs by a client of its own that always calls AWS. Neither can be told otherwise.
So their functions are replaced by ones that first follow a local job to its end, with its lines as
they come, and then do what they always did: raise the SDK's own error if it failed. Jobs of any
other session are waited for as before.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import wraps
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError
from sagemaker.core import processing, resources
from sagemaker.core.helper import session_helper
from sagemaker.core.helper.session_helper import _check_job_status
from sagemaker.core.utils.utils import SageMakerClient
from sagemaker_local.client.boto import OfflineSession
from sagemaker_local.client.client import SageMakerClient as LocalClient
from sagemaker_local.storage.store import Document

_POLL_SECONDS = 0.05
_RUNNING = ("InProgress", "Stopping")
_RESOURCES = ("ProcessingJob", "TrainingJob", "TransformJob", "HyperParameterTuningJob")
# Set on what stands for a function of the SDK's.
_PROMPT = "knows_local_jobs"

Function = Callable[..., Any]


def make_prompt() -> None:
    """Replace the SDK's waits, once in a process; and those of a module that is loaded by now."""
    functions = sys.modules.get("sagemaker.core.remote_function.job")  # it takes seconds to import
    if functions is not None and not hasattr(functions._logs_for_job, _PROMPT):
        vars(functions)["_logs_for_job"] = _function_logs(functions._logs_for_job)
    if hasattr(processing.logs_for_processing_job, _PROMPT):
        return
    processing.logs_for_processing_job = _processing_logs(processing.logs_for_processing_job)
    processing._wait_for_processing_job = _processing_wait(processing._wait_for_processing_job)
    session_helper._wait_until = _until(session_helper._wait_until)
    builder = sys.modules.get("sagemaker.serve.model_builder")  # it takes seconds to import
    if builder is not None:
        vars(builder)["_wait_until"] = session_helper._wait_until
    for noun in _RESOURCES:
        resource = getattr(resources, noun)
        resource.wait = _resource_wait(noun, resource.wait)


def _processing_logs(original: Function) -> Function:
    @wraps(original)
    def logs(sagemaker_session: Any, job_name: str, wait: bool = False, poll: int = 10) -> None:
        if not isinstance(sagemaker_session.boto_session, OfflineSession):
            original(sagemaker_session, job_name, wait, poll)
            return
        _follow_processing(sagemaker_session, job_name, show=True, wait=wait)

    setattr(logs, _PROMPT, True)
    return logs


def _function_logs(original: Function) -> Function:
    """Of ``@remote``, which looks every half minute."""

    @wraps(original)
    def logs(sagemaker_session: Any, job_name: str, wait: bool = False, **options: Any) -> Document:
        session, timeout = sagemaker_session.boto_session, options.get("timeout")
        if not isinstance(session, OfflineSession):
            found: Document = original(sagemaker_session, job_name, wait, **options)
            return found
        job = follow(session, "TrainingJob", job_name, True, timeout if wait else 0)
        if wait:
            _check_job_status(job_name, job, "TrainingJobStatus")
        return job

    setattr(logs, _PROMPT, True)
    return logs


def _processing_wait(original: Function) -> Function:
    @wraps(original)
    def wait(sagemaker_session: Any, job_name: str, poll: int = 10) -> None:
        if not isinstance(sagemaker_session.boto_session, OfflineSession):
            original(sagemaker_session, job_name, poll)
            return
        _follow_processing(sagemaker_session, job_name, show=False, wait=True)

    return wait


def _follow_processing(sagemaker_session: Any, job_name: str, show: bool, wait: bool) -> None:
    timeout = None if wait else 0
    job = follow(sagemaker_session.boto_session, "ProcessingJob", job_name, show, timeout)
    if wait:
        # The copy that the module ``processing`` has looks for the exception where it is not.
        _check_job_status(job_name, job, "ProcessingJobStatus")


def _until(original: Function) -> Function:
    """Of an endpoint: ``ModelBuilder.deploy`` first sleeps for half a minute, and then looks."""

    @wraps(original)
    def until(callable_fn: Function, poll: float = 5) -> Any:
        held = [cell.cell_contents for cell in getattr(callable_fn, "__closure__", None) or ()]
        is_local = any(isinstance(item, LocalClient) for item in held)
        return original(callable_fn, _POLL_SECONDS if is_local else poll)

    return until


def _resource_wait(noun: str, original: Function) -> Function:
    @wraps(original)
    def wait(self: Any, poll: int = 5, timeout: int | None = None, **options: Any) -> None:
        session = SageMakerClient(session=self._session, region_name=self._region).session
        if isinstance(session, OfflineSession):
            follow(session, noun, self.get_name(), options.pop("logs", False), timeout)
            timeout = None if timeout is None else 0
        original(self, poll, timeout, **options)

    return wait


def follow(
    session: OfflineSession, noun: str, name: str, show: bool, timeout: float | None = None
) -> Document:
    """Wait until a job has ended, and print its lines meanwhile; gives its last description.

    A person's interrupt stops the job too: it would end with this process anyway, and until then
    run on unseen.

    Args:
        session: whose job it is.
        noun: the job's, such as ``TrainingJob``.
        name: the job's.
        show: print what it prints.
        timeout: seconds after which to give up waiting; None: never.
    """
    try:
        return _follow(session, noun, name, show, timeout)
    except KeyboardInterrupt:
        with suppress(ClientError):  # it has ended, or another session runs it
            _call(session, "stop", noun, name)
        raise


def _follow(
    session: OfflineSession, noun: str, name: str, show: bool, timeout: float | None
) -> Document:
    deadline = None if timeout is None else time.monotonic() + timeout
    # A job that is debugged has shown its lines already.
    show = show and not session.client("sagemaker").debug
    tokens: dict[str, str] = {}
    while True:
        job = _call(session, "describe", noun, name)
        if show:
            _print_lines(session, noun, name, tokens)
        running = job[f"{noun}Status"] in _RUNNING
        if not running or (deadline is not None and time.monotonic() >= deadline):
            return job
        time.sleep(_POLL_SECONDS)


def _call(session: OfflineSession, verb: str, noun: str, name: str) -> Document:
    method = getattr(session.client("sagemaker"), f"{verb}_{xform_name(noun)}")
    response: Document = method(**{f"{noun}Name": name})
    return response


def _print_lines(session: OfflineSession, noun: str, name: str, tokens: dict[str, str]) -> None:
    """Print what came since the tokens, one for each stream, and set them to the next ones.

    Of several hosts, each line begins with its host's name.
    """
    group = f"/aws/sagemaker/{noun}s"
    streams = session.client("logs").describe_log_streams(
        logGroupName=group, logStreamNamePrefix=f"{name}/"
    )["logStreams"]
    for stream in (found["logStreamName"] for found in streams):
        host = stream.partition("/")[2].rpartition("-")[0]
        start = f"{host}: " if len(streams) > 1 else ""
        for lines in _new_lines(session, group, stream, tokens):
            print(*(f"{start}{line}" for line in lines), sep="\n", flush=True)


def _new_lines(
    session: OfflineSession, group: str, stream: str, tokens: dict[str, str]
) -> Iterator[list[str]]:
    """What came since a stream's token, in parts, each of which is worth a write."""
    while True:
        found = session.client("logs").get_log_events(
            logGroupName=group,
            logStreamName=stream,
            startFromHead=True,
            nextToken=tokens.get(stream, ""),
        )
        tokens[stream] = found["nextForwardToken"]
        if not found["events"]:
            return
        yield [event["message"] for event in found["events"]]
