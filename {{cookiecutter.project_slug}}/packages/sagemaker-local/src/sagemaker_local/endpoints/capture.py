"""Data capture: requests and answers in SageMaker's own format, one line each, beside their path.

Keys, lines and encodings: "Capture data from real-time endpoint" in the SageMaker Developer Guide.
A request hands over what it has; a ``Flusher``'s thread makes lines of it, and writes them as
objects. What is not written yet when the process is killed is lost: that of one interval at most.
"""

from __future__ import annotations

import base64
import json
import random
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sagemaker_local.endpoints.invocation import Invocation
from sagemaker_local.errors import LocalError
from sagemaker_local.serving.records import media_type
from sagemaker_local.storage import disk
from sagemaker_local.storage.bucket import Bucket
from sagemaker_local.storage.store import Document

# What waits to be written has at most so many bytes of bodies; more is not captured.
_MOST_WAITING_BYTES = 64 << 20
_BOTH = "InputAndOutput"

# What is told of an endpoint: is it capturing, and what a person should know.
Tell = Callable[[str, bool, str], None]


@dataclass(frozen=True)
class _Place:
    """Where a line goes: one object for each hour of a variant."""

    destination: str
    endpoint: str
    variant: str
    hour: str


class Capture:
    """See the module; ``observe`` is for the front's loop, the rest for the thread that writes.

    Args:
        bucket: gets the objects.
        tell: hears when an endpoint's capture stops, or starts again.
        stopped: endpoints of which it was told before that their capture has stopped.
    """

    def __init__(self, bucket: Bucket, tell: Tell, stopped: Iterable[str] = ()) -> None:
        self._bucket = bucket
        self._tell = tell
        self._waiting: list[Invocation] = []
        self._waiting_bytes = 0
        self._dropped: dict[str, int] = {}
        self._stopped = set(stopped)
        self._lock = threading.Lock()

    def observe(self, invocation: Invocation) -> None:
        """Take an invocation, if its endpoint captures, and chance has it; a microsecond or so."""
        capture = invocation.deployment.capture
        if not capture or not invocation.is_success or not capture.get("EnableCapture", True):
            return
        if random.random() * 100 >= capture["InitialSamplingPercentage"]:
            return
        size = len(invocation.question.body) + len(invocation.body)
        with self._lock:
            if self._waiting_bytes + size > _MOST_WAITING_BYTES:
                name = invocation.endpoint
                self._dropped[name] = self._dropped.get(name, 0) + 1
                return
            self._waiting.append(invocation)
            self._waiting_bytes += size

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
            dropped, self._dropped = self._dropped, {}
        for name, count in dropped.items():
            told = f"{count} requests came faster than they can be written, and are not captured"
            self._tell(name, name not in self._stopped, told)
        lines: dict[_Place, list[str]] = {}
        first: dict[_Place, Invocation] = {}
        for invocation in waiting:
            place = _place(invocation)
            lines.setdefault(place, []).append(line(invocation))
            first.setdefault(place, invocation)
        for place, texts in lines.items():
            self._write(place, first[place], texts)

    def _write(self, place: _Place, first: Invocation, lines: list[str]) -> None:
        uri = f"{place.destination}/{place.endpoint}/{place.variant}/{place.hour}/{_name(first)}"
        try:
            if disk.is_nearly_full(self._bucket.root):
                raise disk.full(self._bucket.path(uri))
            self._bucket.write(uri, "".join(lines).encode())
        except (LocalError, OSError) as error:
            self._say(place.endpoint, False, f"its data capture has stopped: {error}")
        else:
            self._say(place.endpoint, True, "its data capture goes on")

    def _say(self, endpoint: str, is_capturing: bool, told: str) -> None:
        if is_capturing is (endpoint in self._stopped):
            self._tell(endpoint, is_capturing, told)
            (self._stopped.discard if is_capturing else self._stopped.add)(endpoint)


def line(invocation: Invocation) -> str:
    """One record, with the line's end."""
    capture, question = invocation.deployment.capture, invocation.question
    modes = {option["CaptureMode"] for option in capture["CaptureOptions"]}
    data: Document = {}
    if modes & {"Input", _BOTH}:
        data["endpointInput"] = _side("INPUT", question.content_type, question.body, capture)
    if modes & {"Output", _BOTH}:
        data["endpointOutput"] = _side("OUTPUT", invocation.content_type, invocation.body, capture)
    metadata: Document = {"eventId": question.id}
    if question.custom_attributes:
        metadata["customAttributes"] = [question.custom_attributes]
    if question.inference_id:
        metadata["inferenceId"] = question.inference_id
    metadata["inferenceTime"] = f"{_time(invocation):%Y-%m-%dT%H:%M:%SZ}"
    record = {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}
    return f"{json.dumps(record, ensure_ascii=False, separators=(',', ':'))}\n"


def _side(mode: str, content_type: str, body: bytes, capture: Document) -> dict[str, Any]:
    encoding = _encoding(content_type, capture)
    try:
        text = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode()
    except UnicodeDecodeError:  # it is not what its type says
        encoding, text = "BASE64", base64.b64encode(body).decode()
    return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}


def _encoding(content_type: str, capture: Document) -> str:
    """By the types that the configuration lists; a type's parameters do not matter."""
    kind = media_type(content_type)
    listed = capture.get("CaptureContentTypeHeader", {})
    for encoding, member in (("CSV", "CsvContentTypes"), ("JSON", "JsonContentTypes")):
        if kind in [item.lower() for item in listed.get(member, ())]:
            return encoding
    return "BASE64"


def _place(invocation: Invocation) -> _Place:
    destination = invocation.deployment.capture["DestinationS3Uri"].rstrip("/")
    hour = f"{_time(invocation):%Y/%m/%d/%H}"
    return _Place(destination, invocation.endpoint, invocation.variant.name, hour)


def _name(first: Invocation) -> str:
    """``mm-ss-mmm-<uuid>.jsonl``, after the first request in it."""
    moment = _time(first)
    return f"{moment:%M-%S}-{moment.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"


def _time(invocation: Invocation) -> datetime:
    return datetime.fromtimestamp(invocation.question.received, UTC)
