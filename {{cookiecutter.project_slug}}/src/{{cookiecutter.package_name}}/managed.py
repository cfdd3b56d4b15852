"""What a managed session asks AWS beside SageMaker: logs of jobs, fingerprints of objects."""

import hashlib
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

NO_LOG = "ResourceNotFoundException"  # nothing was logged yet


def job_log(client: Any, kind: str, name: str, tail: int = 0) -> list[str]:
    """The lines that a job has logged so far; of several machines, one after the other.

    Args:
        client: ``boto3.client("logs")``.
        kind: of job, such as ``Processing`` or ``Training``.
        name: the job's.
        tail: this many of the last lines only; 0: all.
    """
    group = f"/aws/sagemaker/{kind}Jobs"
    read = _last if tail else _all
    try:
        return [
            line
            for stream in _streams(client, group, f"{name}/")
            for line in read(client, group, stream, tail)
        ][-tail:]
    except ClientError as error:
        if error.response["Error"]["Code"] == NO_LOG:
            return []
        raise


def _streams(client: Any, group: str, prefix: str) -> list[str]:
    pages = client.get_paginator("describe_log_streams").paginate(
        logGroupName=group, logStreamNamePrefix=prefix
    )
    return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]


def _last(client: Any, group: str, stream: str, count: int) -> list[str]:
    response = client.get_log_events(
        logGroupName=group, logStreamName=stream, limit=count, startFromHead=False
    )
    return [event["message"] for event in response["events"]]


def _all(client: Any, group: str, stream: str, _: int) -> Iterator[str]:
    """Every line; the last page is the one whose token is that of the page before it."""
    request = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
    token = None
    while True:
        response = client.get_log_events(**request)
        yield from (event["message"] for event in response["events"])
        if response["nextForwardToken"] == token:
            return
        token = request["nextToken"] = response["nextForwardToken"]


def fingerprint(client: Any, uri: str) -> str:
    """What tells the objects below an S3 URI from any others, without reading them.

    Args:
        client: ``boto3.client("s3")``.
        uri: of an object or a prefix.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    total = hashlib.sha256()
    for page in pages:
        for item in page.get("Contents", []):
            total.update(f"{item['Key']}\0{item['ETag']}\0".encode())
    return f"etags:{total.hexdigest()}"
