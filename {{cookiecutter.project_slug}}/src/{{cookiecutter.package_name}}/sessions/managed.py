"""What a managed session asks AWS beside SageMaker: who it is, logs, fingerprints of objects."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

from ..s3 import bucket_and_key

HEAD_BYTES = 1 << 20
MOST_AT_ONCE = 16  # requests of up to 6 MB; the service allows 100 MB of them
NO_LOG = "ResourceNotFoundException"  # nothing was logged yet


class BotoSession(boto3.Session):
    """A session whose STS is where AWS_ENDPOINT_URL says, or else the region's.

    The SDK names AWS's public address itself when it asks whose account and role these are, which
    leads past any other one that a person has chosen.
    """

    def client(self, service_name: str, *args: Any, **kwargs: Any) -> Any:
        if service_name == "sts":
            kwargs.pop("endpoint_url", None)
        return super().client(service_name, *args, **kwargs)


def poll_seconds(client: Any) -> float:
    """How often to look: SageMaker slows down who asks often, `make aws` need not be spared."""
    host = urlsplit(str(client.meta.endpoint_url)).hostname
    return 0.5 if host in ("localhost", "127.0.0.1", "::1") else 15.0


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


def requests_at_once(instance_type: str) -> int:
    """How many requests an instance of a batch job answers side by side: as many as it has cores.

    By its size, as nearly all instances have them: 2 (large), 4 (xlarge), n times 4 (<n>xlarge).
    """
    size = instance_type.rpartition(".")[2]
    times = re.fullmatch(r"(\d*)xlarge", size)
    if not times:
        return 2 if size == "large" else 1
    return min(4 * int(times[1] or 1), MOST_AT_ONCE)


def first_lines(client: Any, uri: str, count: int) -> list[str]:
    """The first lines of an object, of which no more than a megabyte is read."""
    bucket, key = bucket_and_key(uri)
    body = client.get_object(Bucket=bucket, Key=key, Range=f"bytes=0-{HEAD_BYTES - 1}")["Body"]
    text = body.read()
    lines = text.decode("utf-8", "replace").splitlines()
    whole = lines[:-1] if len(text) == HEAD_BYTES else lines
    return whole[:count]


def is_object(client: Any, bucket: str, key: str) -> bool:
    """Whether an object has exactly this key."""
    if not key or key.endswith("/"):
        return False
    listed = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    return any(item["Key"] == key for item in listed.get("Contents", []))


def explain(client: Any, arn: str) -> str:
    """A line for each step of an execution: reused, and from where, or run."""
    pages = client.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=arn, SortOrder="Ascending"
    )
    return "\n".join(_explained(step) for page in pages for step in page["PipelineExecutionSteps"])


def _explained(step: dict[str, Any]) -> str:
    source = step.get("CacheHitResult", {}).get("SourcePipelineExecutionArn", "")
    if not source:
        return f"{step['StepName']}: run"
    return f"{step['StepName']}: hit, as in execution {source.rpartition('/')[2]}"


def fingerprint(client: Any, uri: str) -> str:
    """What tells the objects below an S3 URI from any others, without reading them.

    Args:
        client: ``boto3.client("s3")``.
        uri: of an object or a prefix.
    """
    bucket, key = bucket_and_key(uri)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    total = hashlib.sha256()
    for page in pages:
        for item in page.get("Contents", []):
            total.update(f"{item['Key']}\0{item['ETag']}\0".encode())
    return f"etags:{total.hexdigest()}"
