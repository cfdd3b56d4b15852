"""Data capture has SageMaker's keys, lines and encodings, and stops before a disk is full."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.endpoints import capture as module
from sagemaker_local.endpoints.capture import Capture, line
from sagemaker_local.endpoints.deployment import Deployment, Variant
from sagemaker_local.endpoints.flusher import Flusher
from sagemaker_local.endpoints.invocation import Invocation, Question
from sagemaker_local.registry.models import Container
from sagemaker_local.storage import disk
from sagemaker_local.storage.bucket import Bucket

from engine.definitions import Json

TYPES = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]}
KEY = re.compile(r"in/e/v/2026/11/26/05/07-09-012-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl")
# 2026-11-26T05:07:09.012Z
RECEIVED = 1795669629.012


def config(*modes: str, **members: Any) -> Json:
    return {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://b/in/",
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes or ("InputAndOutput",)],
        "CaptureContentTypeHeader": TYPES,
        **members,
    }


def invocation(capture: Json, body: bytes = b"1,2", **question: Any) -> Invocation:
    variant = Variant("v", Container("s3://b/m", True, {}), "", 1.0, 1, False, 1.0)
    asked = Question("text/csv", "", "", "", "", body, RECEIVED)
    return Invocation(
        "e",
        Deployment("d", "c", (variant,), capture),
        variant,
        replace(asked, **question),
        200,
        "text/csv; charset=utf-8",
        b"30\n",
        0.001,
    )


@pytest.fixture
def bucket(tmp_path: Path) -> Bucket:
    return Bucket(tmp_path / "s3", "b")


@pytest.fixture
def told() -> list[tuple[str, bool, str]]:
    return []


@pytest.fixture
def make(bucket: Bucket, told: list[Any]) -> Callable[..., Capture]:
    return lambda **options: Capture(bucket, lambda *words: told.append(words), **options)


def test_a_line_is_sagemakers() -> None:
    found = invocation(config(), inference_id="me", custom_attributes="a=b")
    record = json.loads(line(found))
    assert record == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "text/csv",
                "mode": "INPUT",
                "data": "1,2",
                "encoding": "CSV",
            },
            "endpointOutput": {
                "observedContentType": "text/csv; charset=utf-8",
                "mode": "OUTPUT",
                "data": "30\n",
                "encoding": "CSV",
            },
        },
        "eventMetadata": {
            "eventId": found.question.id,
            "customAttributes": ["a=b"],
            "inferenceId": "me",
            "inferenceTime": "2026-11-26T05:07:09Z",
        },
        "eventVersion": "0",
    }
    assert line(found).endswith("}\n")
    assert line(found).count("\n") == 1


@pytest.mark.parametrize(
    ("modes", "sides"),
    [
        (("Input",), {"endpointInput"}),
        (("Output",), {"endpointOutput"}),
        (("Input", "Output"), {"endpointInput", "endpointOutput"}),
        (("InputAndOutput",), {"endpointInput", "endpointOutput"}),
    ],
)
def test_the_modes_say_which_sides_are_kept(modes: tuple[str, ...], sides: set[str]) -> None:
    record = json.loads(line(invocation(config(*modes))))
    assert set(record["captureData"]) == sides
    assert set(record["eventMetadata"]) == {"eventId", "inferenceTime"}


@pytest.mark.parametrize(
    ("content_type", "body", "encoding"),
    [
        ("text/csv", b"1", "CSV"),
        ("Text/CSV; charset=utf-8", b"1", "CSV"),
        ("application/json", '{"ä": 1}'.encode(), "JSON"),
        ("application/jsonlines", b'{"a": 1}', "BASE64"),
        ("", b"1", "BASE64"),
        ("text/csv", b"\xff", "BASE64"),
    ],
)
def test_encodings_follow_the_listed_types(content_type: str, body: bytes, encoding: str) -> None:
    found = json.loads(line(invocation(config(), body, content_type=content_type)))
    side = found["captureData"]["endpointInput"]
    assert (side["observedContentType"], side["encoding"]) == (content_type, encoding)
    data = base64.b64decode(side["data"]) if encoding == "BASE64" else side["data"].encode()
    assert data == body


def test_without_listed_types_everything_is_base64() -> None:
    capture = config()
    del capture["CaptureContentTypeHeader"]
    record = json.loads(line(invocation(capture)))
    assert {side["encoding"] for side in record["captureData"].values()} == {"BASE64"}


def test_an_object_has_the_lines_of_one_hour(
    bucket: Bucket, make: Callable[..., Capture], told: list[Any]
) -> None:
    capture = make()
    for _ in range(3):
        capture.observe(invocation(config()))
    capture.observe(invocation(config(), received=RECEIVED + 3600))
    capture.observe(replace(invocation(config()), status=500))
    capture.observe(invocation(config(EnableCapture=False)))
    capture.observe(invocation({}))
    assert bucket.keys("s3://b/in") == []
    capture.flush()
    first, second = bucket.keys("s3://b/in")
    assert KEY.fullmatch(first)
    assert second.startswith("in/e/v/2026/11/26/06/")
    assert len(bucket.path(f"s3://b/{first}").read_text().splitlines()) == 3
    capture.flush()
    assert len(bucket.keys("s3://b/in")) == 2
    assert told == []


def test_a_share_of_requests_is_captured(make: Callable[..., Capture], bucket: Bucket) -> None:
    capture = make()
    for _ in range(2000):
        capture.observe(invocation(config(InitialSamplingPercentage=20)))
    capture.flush()
    (key,) = bucket.keys("s3://b/in")
    lines = bucket.path(f"s3://b/{key}").read_text().splitlines()
    assert 290 < len(lines) < 510  # 400 are expected, within six standard deviations
    capture.observe(invocation(config(InitialSamplingPercentage=0)))
    capture.flush()
    assert len(bucket.keys("s3://b/in")) == 1


def test_a_nearly_full_disk_stops_it_which_is_said_once(
    make: Callable[..., Capture],
    bucket: Bucket,
    told: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = [disk._NEARLY_FULL_BYTES - 1]

    class Usage:
        total = 100 << 30

        @property
        def free(self) -> int:
            return free[0]

    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: Usage())
    capture = make()
    for _ in range(2):
        capture.observe(invocation(config()))
        capture.flush()
    ((name, is_capturing, words),) = told
    assert (name, is_capturing) == ("e", False)
    assert "data capture has stopped: The disk is full" in words
    assert bucket.keys("s3://b/in") == []
    free[0] += 1
    capture.observe(invocation(config()))
    capture.flush()
    assert told[1][:2] == ("e", True)
    assert len(bucket.keys("s3://b/in")) == 1
    again = make(stopped=["e"])
    again.observe(invocation(config()))
    again.flush()
    assert told[2][:2] == ("e", True)


def test_what_comes_faster_than_it_can_be_written_is_counted(
    make: Callable[..., Capture], told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING_BYTES", 20)
    capture = make()
    for _ in range(5):
        capture.observe(invocation(config()))
    capture.flush()
    assert told == [
        ("e", True, "2 requests came faster than they can be written, and are not captured")
    ]


def test_stopping_writes_what_waits(make: Callable[..., Capture], bucket: Bucket) -> None:
    capture = make()
    flusher = Flusher("capture", capture.flush, 1000)
    flusher.start()
    capture.observe(invocation(config()))
    flusher.stop()
    assert len(bucket.keys("s3://b/in")) == 1
