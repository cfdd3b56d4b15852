"""Captured requests and answers of an endpoint's variants, read back from the bucket."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..s3 import bucket_and_key


@dataclass(frozen=True)
class Captured:
    """A request and what a variant answered.

    Attributes:
        inference_id: the caller's, or "".
        time: when it was asked, as SageMaker writes it.
        asked, answered: the bodies as they are kept; "" where that side was not captured.
    """

    inference_id: str
    time: str
    asked: str
    answered: str


def of_variant(
    session: Any, uri: str, endpoint: str, variant: str, since: datetime
) -> list[Captured]:
    """What was captured of a variant from the hour of a moment on.

    Args:
        session: local or managed.
        uri: where the endpoint's captures go.
        endpoint: its name.
        variant: of it.
        since: the moment; keys are by UTC hours, so older ones need not be read.
    """
    bucket, folder = bucket_and_key(uri)
    prefix = f"{folder.rstrip('/')}/{endpoint}/{variant}/"
    first = f"{prefix}{since.astimezone(UTC):%Y/%m/%d/%H}"
    keys = [key for key in session.list_s3_files(bucket, prefix) if key >= first]
    return [
        _captured(json.loads(line))
        for key in sorted(keys)
        for line in _lines(session.read_s3_file(bucket, key))
    ]


def _lines(text: str) -> Iterator[str]:
    """Lines of JSON: within one there may be other characters that end a line elsewhere."""
    return (line for line in text.split("\n") if line.strip())


def _captured(record: dict[str, Any]) -> Captured:
    data, event = record["captureData"], record["eventMetadata"]
    return Captured(
        event.get("inferenceId", ""),
        event["inferenceTime"],
        data.get("endpointInput", {}).get("data", ""),
        data.get("endpointOutput", {}).get("data", ""),
    )
