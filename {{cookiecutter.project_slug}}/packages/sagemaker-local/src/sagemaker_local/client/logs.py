"""The logs of jobs and endpoints, as boto3's client for CloudWatch Logs gives them.

A job has a stream for each host, an endpoint one for each variant of a deployment.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from sagemaker_local.client.endpoint_logs import GROUP, LogStream, streams
from sagemaker_local.client.exceptions import Modeled, modeled
from sagemaker_local.errors import client_error
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.hosts import hosts_of
from sagemaker_local.jobs.jobs import Jobs
from sagemaker_local.jobs.kind import JobKind
from sagemaker_local.steps.job_step import JobStep
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.store import Document

_LIMIT = 10_000
_STREAM = re.compile(r"(?P<host>algo-[0-9]+)(-[0-9]+)?")


class LocalLogs(Modeled):
    """``/aws/sagemaker/ProcessingJobs`` and so on; events are the lines of a job's log.

    ``describe_log_streams``, ``get_log_events`` and ``filter_log_events`` are there: what the SDK
    calls. Tokens are positions in the file, so that asking again with the last one gives what came
    since.

    Args:
        jobs: the jobs.
        endpoints: the folder of endpoints' files.
    """

    service = "logs"

    def __init__(self, jobs: Jobs, endpoints: Path) -> None:
        self._jobs = jobs
        self._endpoints = endpoints

    def describe_log_streams(
        self, *, logGroupName: str, logStreamNamePrefix: str = "", **_: Any
    ) -> Document:
        """The streams of the job ``<name>`` of the prefix ``<name>/``, the first host's first.

        They are called as CloudWatch calls them: ``<name>/algo-1-<seconds of its start>``.

        Raises:
            ClientError: ResourceNotFoundException, there is no such job.
        """
        if logGroupName.startswith(GROUP):
            found = self._streams(logGroupName, logStreamNamePrefix, "DescribeLogStreams")
            return {"logStreams": [{"logStreamName": stream.name} for stream in found]}
        name = logStreamNamePrefix.partition("/")[0]
        kind, job = self._job(logGroupName, name, "DescribeLogStreams")
        started = int(job["CreationTime"].timestamp())
        hosts = hosts_of(JobFolder(self._jobs.folder / name), kind.hosts(job))
        return {
            "logStreams": [{"logStreamName": f"{name}/{host.name}-{started}"} for host in hosts]
        }

    def get_log_events(
        self,
        *,
        logGroupName: str,
        logStreamName: str,
        nextToken: str = "",
        startFromHead: bool = False,
        limit: int = _LIMIT,
        **_: Any,
    ) -> Document:
        """Lines from a token on; without one, the first of the log or the last.

        A line that is still being written comes when it is complete, or when its job has ended.

        Raises:
            ClientError: ResourceNotFoundException, there is no such job.
        """
        log, moment, running = self._log_of(logGroupName, logStreamName)
        start = int(nextToken.partition("/")[2] or 0)
        lines = _lines(log, start, complete=running)
        if nextToken or startFromHead:
            found = list(islice(lines, limit))
        else:
            start, found = _last(lines, limit)
        return {
            "events": [_event(line, moment) for line in found],
            "nextForwardToken": f"f/{start + sum(map(len, found))}",
            "nextBackwardToken": f"b/{start}",
        }

    def filter_log_events(
        self, *, logGroupName: str, logStreamNamePrefix: str = "", **_: Any
    ) -> Document:
        """All lines of an endpoint's streams.

        Raises:
            ClientError: ResourceNotFoundException, there is no log of such an endpoint.
        """
        found = self._streams(logGroupName, logStreamNamePrefix, "FilterLogEvents")
        return {
            "events": [
                _event(line, stream.created) | {"logStreamName": stream.name}
                for stream in found
                for line in _lines(stream.file, 0, complete=True)
            ]
        }

    def get_paginator(self, operation_name: str) -> LocalLogs:
        """Of ``filter_log_events``, whose pages are one."""
        return self

    def paginate(self, **request: Any) -> Iterator[Document]:
        yield self.filter_log_events(**request)

    def _streams(self, group: str, prefix: str, operation: str) -> list[LogStream]:
        found = streams(self._endpoints, group, prefix)
        if not found:
            raise _no_stream(operation)
        return found

    def _log_of(self, group: str, stream: str) -> tuple[Path, int, bool]:
        """A stream's file, when it began, and whether there may be more."""
        if group.startswith(GROUP):
            (found, *_) = self._streams(group, stream, "GetLogEvents")
            return found.file, found.created, True
        name, host = stream.rpartition("/")[::2]
        kind, job = self._job(group, name, "GetLogEvents")
        running = job[f"{kind.noun}Status"] in ("InProgress", "Stopping")
        created = round(job["CreationTime"].timestamp() * 1000)
        return self._log(kind, job, host), created, running

    def _job(self, group: str, name: str, operation: str) -> tuple[JobKind, Document]:
        """The kind whose logs a group has, and a job of it.

        ``/aws/sagemaker/ProcessingJobs`` holds the logs of jobs of the kind ``ProcessingJob``.
        """
        noun = group.rpartition("/")[2].removesuffix("s")
        kinds = [found.kind for found in STEP_TYPES.values() if isinstance(found, JobStep)]
        for kind in kinds:
            job = self._jobs.find(kind, name) if kind.noun == noun else None
            if job is not None:
                return kind, job
        raise _no_stream(operation)

    def _log(self, kind: JobKind, job: Document, stream: str) -> Path:
        """The log of the host that a stream is named after."""
        folder = JobFolder(self._jobs.folder / kind.name_of(job))
        named = _STREAM.fullmatch(stream)
        for host in hosts_of(folder, kind.hosts(job)):
            if named and named["host"] == host.name:
                return host.folder.log
        raise _no_stream("GetLogEvents")


def _event(line: bytes, moment: int) -> Document:
    """A line; the service has no empty events."""
    message = line.decode("utf-8", "replace").rstrip("\r\n") or " "
    return {"timestamp": moment, "message": message, "ingestionTime": moment}


def _no_stream(operation: str) -> ClientError:
    message = "The specified log stream does not exist."
    return modeled(client_error("ResourceNotFoundException", message, operation), "logs")


def _lines(file: Path, start: int, complete: bool) -> Iterator[bytes]:
    """Lines from a position on, with their ends; ``complete`` leaves out one that has none yet."""
    if file.is_file():
        with file.open("rb") as stream:
            stream.seek(start)
            yield from (line for line in stream if line.endswith(b"\n") or not complete)


def _last(lines: Iterator[bytes], limit: int) -> tuple[int, list[bytes]]:
    """How many bytes come before the last lines, and these."""
    skipped, kept = 0, deque[bytes]()
    for line in lines:
        kept.append(line)
        if len(kept) > limit:
            skipped += len(kept.popleft())
    return skipped, list(kept)
