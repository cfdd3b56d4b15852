"""What boto3's client for CloudWatch Logs would give of a job's log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from sagemaker_local.client.boto import LocalS3, OfflineSession
from sagemaker_local.client.logs import LocalLogs
from sagemaker_local.errors import LocalError

from engine.definitions import processing, training
from engine.local import Local, Single, until

_MODEL = botocore.session.get_session().get_service_model("logs")
PROCESSING = "/aws/sagemaker/ProcessingJobs"
TRAINING = "/aws/sagemaker/TrainingJobs"
HALF = """
import sys, time
from pathlib import Path
print("one\\ntwo\\nth", end="", flush=True)
until = time.monotonic() + 60
while not Path(sys.argv[1]).exists() and time.monotonic() < until:
    time.sleep(0.01)
print("ree", end="")
"""


@pytest.fixture
def logs(local: Local) -> LocalLogs:
    return LocalLogs(local.jobs, local.root / "endpoints")


def finished(local: Local, script: str, name: str = "job") -> Single:
    return local.begin(processing("Job", local.code(script)), name).wait()


def events(logs: LocalLogs, group: str = PROCESSING, **request: Any) -> dict[str, Any]:
    """A GetLogEvents response of the job ``job``, which has the service's shape."""
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="job/")
    conforms("DescribeLogStreamsResponse", streams)
    (stream,) = streams["logStreams"]
    assert stream["logStreamName"].startswith("job/")
    answer = logs.get_log_events(
        logGroupName=group, logStreamName=stream["logStreamName"], **request
    )
    conforms("GetLogEventsResponse", answer)
    return answer


def conforms(shape: str, answer: dict[str, Any]) -> None:
    report = ParamValidator().validate(answer, _MODEL.shape_for(shape))
    assert not report.has_errors(), report.generate_report()


def messages(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_a_jobs_lines_are_events(local: Local, logs: LocalLogs) -> None:
    job = finished(local, "print('one\\r\\nzwei ü\\n\\nlast', end='')")
    answer = events(logs, startFromHead=True)
    assert messages(answer) == ["one", "zwei ü", " ", "last"]
    moment = job.described["CreationTime"].timestamp() * 1000
    assert {event["timestamp"] for event in answer["events"]} == {round(moment)}


def test_each_kind_of_job_has_a_group(local: Local, logs: LocalLogs) -> None:
    local.begin(training("Train", local.channels("print('trained')"))).wait()
    finished(local, "print('processed')", "other")
    assert messages(events(logs, TRAINING, startFromHead=True)) == ["trained"]
    for group in (PROCESSING, "/aws/sagemaker/Endpoints/x"):
        with pytest.raises(logs.exceptions.ResourceNotFoundException) as caught:
            events(logs, group)
        assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_tokens_go_on_where_the_last_answer_ended(local: Local, logs: LocalLogs) -> None:
    finished(local, "print(*range(5), sep='\\n')")
    first = events(logs, startFromHead=True, limit=2)
    second = events(logs, nextToken=first["nextForwardToken"], limit=2)
    third = events(logs, nextToken=second["nextForwardToken"], limit=2)
    assert [messages(each) for each in (first, second, third)] == [["0", "1"], ["2", "3"], ["4"]]
    none = events(logs, nextToken=third["nextForwardToken"])
    assert messages(none) == []
    assert none["nextForwardToken"] == third["nextForwardToken"], "so boto3 knows the end"


def test_without_a_token_the_last_lines_come(local: Local, logs: LocalLogs) -> None:
    finished(local, "print(*range(5), sep='\\n')")
    last = events(logs, limit=2)
    assert messages(last) == ["3", "4"]
    assert messages(events(logs, nextToken=last["nextForwardToken"])) == []
    assert messages(events(logs)) == ["0", "1", "2", "3", "4"]


def test_a_line_comes_when_it_is_complete(local: Local, logs: LocalLogs, tmp_path: Path) -> None:
    step = processing("Job", local.code(HALF), arguments=[str(tmp_path / "go")])
    single = local.begin(step)
    until(lambda: single.log.endswith("th"))
    answer = events(logs, startFromHead=True)
    assert messages(answer) == ["one", "two"]
    (tmp_path / "go").touch()
    single.wait()
    assert messages(events(logs, nextToken=answer["nextForwardToken"])) == ["three"]


def test_a_job_that_has_not_begun_has_no_lines(local: Local, logs: LocalLogs) -> None:
    single = local.begin(processing("Job", "s3://sagemaker-local/absent")).wait()
    assert single.status == "Failed"
    assert messages(events(logs)) == []


def test_the_boto_session_has_this_client(local: Local) -> None:
    session = OfflineSession("us-east-1", local.plain_client)
    finished(local, "print('said')")
    assert messages(events(session.client("logs", config=None))) == ["said"]


def test_files_are_uploaded_past_the_session(local: Local, tmp_path: Path) -> None:
    """A tuner does so, and needs no server for it; all else does."""
    (tmp_path / "a.tar.gz").write_text("packed")
    client = OfflineSession("us-east-1", local.plain_client).client("s3", region_name="x")
    assert isinstance(client, LocalS3)
    client.upload_file(str(tmp_path / "a.tar.gz"), "sagemaker-local", "code/a.tar.gz")
    assert local.read("s3://sagemaker-local/code/a.tar.gz") == "packed"
    with pytest.raises(LocalError, match="reaches no engine"):
        client.head_bucket(Bucket="sagemaker-local")


def test_an_endpoint_has_a_stream_for_each_variant_of_a_deployment(
    local: Local, logs: LocalLogs
) -> None:
    group = "/aws/sagemaker/Endpoints/My-Endpoint"
    for name, text in (("first/v", "one\ntwo\n"), ("second/v", "three\n"), ("second/w", "four")):
        log = local.root / "endpoints" / "my-endpoint" / name / "job.log"
        log.parent.mkdir(parents=True)
        log.write_text(text)
    listed = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="v/")["logStreams"]
    assert {stream["logStreamName"] for stream in listed} == {"v/first", "v/second"}
    assert len(logs.describe_log_streams(logGroupName=group)["logStreams"]) == 3
    events = logs.get_log_events(logGroupName=group, logStreamName="v/first", startFromHead=True)
    assert [event["message"] for event in events["events"]] == ["one", "two"]
    again = logs.get_log_events(
        logGroupName=group, logStreamName="v/first", nextToken=events["nextForwardToken"]
    )
    assert again["events"] == []
    (page,) = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    found = {(event["logStreamName"], event["message"]) for event in page["events"]}
    assert found == {("v/first", "one"), ("v/first", "two"), ("v/second", "three")}, "four is begun"
    for name in ("no", "My-Endpoint/../my-endpoint"):
        with pytest.raises(ClientError, match="does not exist"):
            logs.filter_log_events(logGroupName=f"/aws/sagemaker/Endpoints/{name}")
