"""The logs of jobs, as boto3's client for CloudWatch Logs gives them: a job has one stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from sagemaker_local.errors import client_error
from sagemaker_local.jobs.folder import JobFolder
from sagemaker_local.jobs.jobs import Jobs
from sagemaker_local.steps.job_step import JobStep
from sagemaker_local.steps.step_types import STEP_TYPES
from sagemaker_local.storage.store import Document

_LIMIT = 10_000
_STREAM = "algo-1"


class LocalLogs:
    """``/aws/sagemaker/ProcessingJobs`` and so on; events are the lines of a job's log.

    Only ``describe_log_streams`` and ``get_log_events`` are there: what the SDK calls. Tokens are
    positions in the file, so that asking again with the last one gives what came since.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def describe_log_streams(
        self, *, logGroupName: str, logStreamNamePrefix: str, **_: Any
    ) -> Document:
        """The stream of the job ``<name>`` of the prefix ``<name>/``.

        Raises:
            ClientError: ResourceNotFoundException, there is no such job.
        """
        name = logStreamNamePrefix.partition("/")[0]
        self._job(logGroupName, name, "DescribeLogStreams")
        return {"logStreams": [{"logStreamName": f"{name}/{_STREAM}"}]}

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
        name = logStreamName.partition("/")[0]
        job = self._job(logGroupName, name, "GetLogEvents")
        noun = _noun(logGroupName)
        running = job[f"{noun}Status"] in ("InProgress", "Stopping")
        start = int(nextToken.partition("/")[2] or 0)
        lines = _lines(JobFolder(self._jobs.folder / name).log, start, complete=running)
        if nextToken or startFromHead:
            found = list(islice(lines, limit))
        else:
            start, found = _last(lines, limit)
        moment = round(job["CreationTime"].timestamp() * 1000)
        return {
            "events": [
                {
                    "timestamp": moment,
                    # The service has no empty events.
                    "message": line.decode("utf-8", "replace").rstrip("\r\n") or " ",
                    "ingestionTime": moment,
                }
                for line in found
            ],
            "nextForwardToken": f"f/{start + sum(map(len, found))}",
            "nextBackwardToken": f"b/{start}",
        }

    def _job(self, group: str, name: str, operation: str) -> Document:
        kinds = [found.kind for found in STEP_TYPES.values() if isinstance(found, JobStep)]
        kind = next((kind for kind in kinds if kind.noun == _noun(group)), None)
        job = kind and self._jobs.find(kind, name)
        if not job:
            message = "The specified log stream does not exist."
            raise client_error("ResourceNotFoundException", message, operation)
        return job


def _noun(group: str) -> str:
    """``/aws/sagemaker/ProcessingJobs`` holds the logs of jobs of the kind ``ProcessingJob``."""
    return group.rpartition("/")[2].removesuffix("s")


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
