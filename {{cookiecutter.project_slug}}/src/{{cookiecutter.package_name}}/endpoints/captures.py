"""Captured requests and answers of an endpoint's variants: where they lie, and what they say."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ..deployments import hosting
from ..s3 import bucket_and_key


@dataclass(frozen=True)
class Place:
    """Where an endpoint's captures lie.

    Attributes:
        uri: folder of its first variant's.
        is_on: whether requests are captured now.
    """

    uri: str
    is_on: bool


def place(session: Any, endpoint: str, configuration: str) -> Place:
    """Where the captures of an endpoint lie.

    Args:
        session: local or managed.
        endpoint: its name.
        configuration: that it serves; empty: the endpoint is gone, and had this project's own.
    """
    uri, variant, percentage = hosting.captures_uri(session), hosting.VARIANT, 0
    if configuration:
        client = session.sagemaker_client
        found = client.describe_endpoint_config(EndpointConfigName=configuration)
        given = found.get("DataCaptureConfig", {})
        uri = given.get("DestinationS3Uri", uri)
        variant = found["ProductionVariants"][0]["VariantName"]
        percentage = given["InitialSamplingPercentage"] if given.get("EnableCapture") else 0
    return Place(folder(uri, endpoint, variant), percentage > 0)


def folder(uri: str, endpoint: str, variant: str) -> str:
    """The folder of a variant's captures; below it they are in one for each hour in UTC."""
    return f"{uri.rstrip('/')}/{endpoint}/{variant}"


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
    bucket, key = bucket_and_key(folder(uri, endpoint, variant))
    prefix = f"{key}/"
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
