"""What goes wrong between a client and the server: a proper error each, and no traceback."""

from __future__ import annotations

import gc
import json
import logging
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.processes.runner import Runner
from sagemaker_local.wire import server
from sagemaker_local.wire.face import Face

from engine.local import Local, until
from engine.wire.conftest import Wired

TARGET = "X-Amz-Target: SageMaker.ListPipelines"


@pytest.fixture(autouse=True)
def nothing_is_logged(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert "Traceback" not in capfd.readouterr().err


def spoken(wired: Wired, text: str | bytes, end: bool = True) -> tuple[int, str]:
    """The status and the body that a server answers to these very bytes."""
    sent = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
    with closing(socket.create_connection(wired.address, timeout=20)) as connection:
        with suppress(OSError):
            connection.sendall(sent)
            if end:
                connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(1 << 16):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def posted(wired: Wired, body: bytes, *headers: str, target: str = TARGET) -> tuple[int, str]:
    lines = ["POST / HTTP/1.1", "Host: 127.0.0.1", target, f"Content-Length: {len(body)}", *headers]
    return spoken(wired, "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body)


def error(answer: tuple[int, str]) -> tuple[int, str]:
    """The status and the code of a JSON error, which has a message too."""
    document = json.loads(answer[1])
    assert document["message"]
    return answer[0], document["__type"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"3", b"\xff\xfe", b"[" * 100_000, b'{"a":'])
def test_broken_json(wired: Wired, body: bytes) -> None:
    assert error(posted(wired, body)) == (400, "SerializationException")


def test_members_that_the_service_does_not_know(wired: Wired) -> None:
    for body in (b'{"No": 1}', b'{"MaxResults": "x"}', b'{"self": 1}'):
        assert error(posted(wired, body)) == (400, "ValidationException")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("SageMaker.CreateDomain", "'CreateDomain'"),
        ("SageMaker.NoSuchThing", "'NoSuchThing'"),
        ("SageMaker.__init__", "'__init__'"),
        ("SageMaker.GetWaiter", "'GetWaiter'"),
        ("Logs_20140328.PutLogEvents", "'PutLogEvents'"),
        ("DynamoDB_20120810.ListTables", "'DynamoDB_20120810'"),
        ("nonsense", "'nonsense'"),
    ],
)
def test_an_unknown_operation_says_what_to_do(wired: Wired, target: str, said: str) -> None:
    answer = posted(wired, b"{}", target=f"X-Amz-Target: {target}")
    assert error(answer) == (400, "UnknownOperationException")
    assert said in answer[1] and "managed session" in answer[1]


QUERY = {
    "MetricName": "loss",
    "ResourceArn": "arn:aws:sagemaker:us-east-1:000000000000:training-job/t",
    "MetricStat": "Last",
    "Period": "OneMinute",
    "XAxisType": "Timestamp",
}


@pytest.mark.parametrize(
    ("service", "call", "members"),
    [
        ("sagemaker-metrics", "batch_get_metrics", {"MetricQueries": [QUERY]}),
        ("sqs", "list_queues", {}),
        ("lambda", "list_functions", {}),
        (
            "sts",
            "assume_role",
            {"RoleArn": f"arn:aws:iam::{'0' * 12}:role/r", "RoleSessionName": "rr"},
        ),
    ],
)
def test_other_services_are_refused_by_name(
    wired: Wired, service: str, call: str, members: dict[str, object]
) -> None:
    with pytest.raises(ClientError, match="does not run here") as refused:
        getattr(wired.client(service), call)(**members)
    assert refused.value.response["Error"]["Code"] == "UnknownOperationException"


@pytest.mark.slow
def test_who_calls_and_what_a_role_may(wired: Wired) -> None:
    arns = wired.local.engine.arns
    assert wired.client("sts").get_caller_identity()["Account"] == arns.account
    iam = wired.client("iam")
    assert iam.get_role(RoleName="any")["Role"]["Arn"] == arns.role
    actions = ["s3:GetObject", "s3:PutObject"]
    pages = iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=arns.role, ActionNames=actions
    )
    found = pages.build_full_result()["EvaluationResults"]
    assert [(item["EvalActionName"], item["EvalDecision"]) for item in found] == [
        (action, "allowed") for action in actions
    ]


@pytest.mark.slow
def test_twenty_megabytes_of_a_request(wired: Wired) -> None:
    large = json.dumps({"NamePrefix": "x" * (20 << 20)}).encode()
    assert error(posted(wired, large)) == (413, "RequestEntityTooLarge")


def test_a_body_that_is_shorter_than_its_length(wired: Wired) -> None:
    head = f"POST / HTTP/1.1\nHost: 127.0.0.1\n{TARGET}\nContent-Length: 99\n\n"
    assert error(spoken(wired, head + "{}")) == (400, "IncompleteBody")
    put = "PUT /sagemaker-local/cut HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 99\n\ncut"
    status, answer = spoken(wired, put)
    assert status == 400 and "<Code>IncompleteBody</Code>" in answer
    assert not (wired.local.bucket.root / "sagemaker-local" / "cut").exists()


def test_a_body_that_is_longer_than_its_length(wired: Wired) -> None:
    """What is left is read as the next request, and is none."""
    head = f"POST / HTTP/1.1\nHost: 127.0.0.1\n{TARGET}\nContent-Length: 2\n\n"
    status, answer = spoken(wired, head + "{}and more\n\n")
    assert status == 200 and "BadRequest" in answer


def test_no_length_at_all(wired: Wired) -> None:
    status, answer = spoken(wired, "PUT /sagemaker-local/none HTTP/1.1\nHost: 127.0.0.1\n\n")
    assert status == 411 and "<Code>MissingContentLength</Code>" in answer


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("GET / HTTP/1.1\nHost: 127.0.0.1\nContent-Length: many\n\n", 400),
        ("nonsense\n\n", 400),
        ("GET / HTTP/9\n\n", 400),
        ("PATCH / HTTP/1.1\nHost: 127.0.0.1\n\n", 501),
        ("OPTIONS / HTTP/1.1\nHost: 127.0.0.1\n\n", 501),
        ("GET /" + "x" * 70_000 + " HTTP/1.1\nHost: 127.0.0.1\n\n", 414),
        ("GET / HTTP/1.1\n" + "".join(f"X-{n}: y\n" for n in range(200)) + "\n", 431),
        ("GET /sagemaker-local/%ff HTTP/1.1\nHost: 127.0.0.1\nConnection: close\n\n", 400),
        ("GET /sagemaker-local/../../etc/passwd HTTP/1.1\nHost: 127.0.0.1\n\n", 400),
        ("GET /../../etc/passwd HTTP/1.1\nHost: 127.0.0.1\n\n", 404),
        ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\nHost: 127.0.0.1\n\n", 404),
        ("POST /sagemaker-local?delete HTTP/1.1\nHost: 127.0.0.1\nContent-Length: 3\n\n<a>", 400),
    ],
)
def test_what_is_no_request(wired: Wired, text: str, status: int) -> None:
    answer = spoken(wired, text)
    assert answer[0] == status and "<html" not in answer[1].lower()


SLOW = f"POST / HTTP/1.1\nHost: 127.0.0.1\n{TARGET}\nContent-Length: 2\nConnection: close\n\n" + "{"


def test_a_slow_client_keeps_nobody_waiting(wired: Wired) -> None:
    with closing(socket.create_connection(wired.address, timeout=20)) as slow:
        slow.sendall(SLOW.replace("\n", "\r\n").encode())
        assert wired.sagemaker.list_pipelines()["PipelineSummaries"] == []
        slow.sendall(b"}")
        assert slow.recv(99).startswith(b"HTTP/1.1 200 ")


@pytest.mark.slow
def test_a_client_that_is_too_slow_is_told(wired: Wired, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PATIENCE_SECONDS", 0.2)
    assert error(spoken(wired, SLOW, end=False)) == (400, "RequestTimeout")


@pytest.mark.slow
def test_a_client_that_goes_away_is_no_error(wired: Wired) -> None:
    wired.local.put(b"x" * (8 << 20), "large")
    with closing(socket.create_connection(wired.address)) as connection:
        connection.sendall(b"GET /sagemaker-local/large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        connection.recv(10)
    with closing(socket.create_connection(wired.address)) as connection:
        connection.sendall(b"PUT /sagemaker-local/large HTTP/1.1\r\n")
    assert len(wired.s3.get_object(Bucket="sagemaker-local", Key="large")["Body"].read()) == 8 << 20


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ("Host: localhost:1", 200),
        ("Host: [::1]:1", 200),
        ("Host: 192.168.0.7", 200),
        ("Host: sagemaker-local.localhost:99", 200),
        ("Host: evil.example.com", 403),
        ("Host: 127.0.0.1.evil.example.com:80", 403),
        ("Host: localhost.evil.example.com", 403),
        ("Host: 127.0.0.1\nOrigin: http://evil.example.com", 403),
        ("Host: 127.0.0.1\nOrigin: null", 403),
        ("X-No: host", 403),
    ],
)
def test_pages_of_a_browser_are_not_answered(wired: Wired, headers: str, status: int) -> None:
    """Neither by a name that leads to loopback, nor by a form that they send to it."""
    answer = spoken(wired, f"GET / HTTP/1.1\n{headers}\nConnection: close\n\n")
    assert answer[0] == status


def test_it_listens_on_loopback_only(wired: Wired) -> None:
    assert wired.url.startswith("http://127.0.0.1:")
    _, port = wired.address
    hosts = {item[4][0] for item in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for host in hosts - {"127.0.0.1", "127.0.1.1"}:
        with pytest.raises(OSError):
            socket.create_connection((str(host), port), timeout=5)


@pytest.mark.slow
def test_a_face_ends_with_its_engine(tmp_path: Path, runner: Runner) -> None:
    wired = Wired(Local(tmp_path, runner, address=Face))
    address = wired.address
    wired.sagemaker.list_pipelines()
    del wired
    gc.collect()

    def is_closed() -> bool:
        try:
            socket.create_connection(address, timeout=1).close()
        except OSError:
            return True
        return False

    until(is_closed)
