"""What a managed session asks AWS: logs of jobs, fingerprints of objects."""

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from {{ cookiecutter.package_name }}.sessions import managed


class Logs:
    """CloudWatch with one job on two machines; pages of two lines, as tokens tell them apart."""

    LINES: ClassVar = {
        "job/algo-1": ["one", "two", "three"],
        "job/algo-2": ["four"],
        "job-2/algo-1": ["no"],
    }

    def get_paginator(self, _: str) -> Any:
        return SimpleNamespace(paginate=self.streams)

    def streams(self, logGroupName: str, logStreamNamePrefix: str) -> list[dict[str, Any]]:
        if logGroupName != "/aws/sagemaker/TrainingJobs":
            response: Any = {"Error": {"Code": "ResourceNotFoundException"}}
            raise ClientError(response, "DescribeLogStreams")
        names = [name for name in self.LINES if name.startswith(logStreamNamePrefix)]
        return [{"logStreams": [{"logStreamName": name} for name in names]}]

    def get_log_events(self, logStreamName: str, **request: Any) -> dict[str, Any]:
        lines = self.LINES[logStreamName]
        first = int(request.get("nextToken", 0))
        last = min(first + 2, len(lines))
        chosen = slice(first, last) if request["startFromHead"] else slice(-request["limit"], None)
        events = [{"message": line} for line in lines[chosen]]
        return {"events": events, "nextForwardToken": str(last)}


@pytest.mark.parametrize(
    ("instance_type", "cores"),
    [
        ("ml.t3.medium", 1),
        ("ml.m5.large", 2),
        ("ml.m5.xlarge", 4),
        ("ml.c7i.2xlarge", 8),
        ("ml.m5.24xlarge", 16),
    ],
)
def test_a_batch_job_has_a_request_for_each_core(instance_type: str, cores: int) -> None:
    assert managed.requests_at_once(instance_type) == cores


def test_every_line_of_every_machine() -> None:
    assert managed.job_log(Logs(), "Training", "job") == ["one", "two", "three", "four"]


def test_the_last_lines_only() -> None:
    assert managed.job_log(Logs(), "Training", "job", tail=2) == ["three", "four"]


def test_a_job_that_has_logged_nothing_yet() -> None:
    assert managed.job_log(Logs(), "Processing", "job") == []


@pytest.mark.parametrize(("tag", "same"), [("a", True), ("b", False)])
def test_objects_are_told_apart_without_reading_them(tag: str, same: bool) -> None:
    def client(etag: str) -> Any:
        pages = [{"Contents": [{"Key": "cars.csv", "ETag": etag}]}, {}]
        return SimpleNamespace(
            get_paginator=lambda _: SimpleNamespace(paginate=lambda Bucket, Prefix: pages)
        )

    first = managed.fingerprint(client("a"), "s3://bucket/cars.csv")
    assert (first == managed.fingerprint(client(tag), "s3://bucket/cars.csv")) is same
