"""An endpoint that captures: production and shadow, metrics, and what SIGTERM writes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sagemaker_local.client.boto import OfflineSession

from engine.boto_clients import sums
from engine.definitions import Json
from engine.hosting import Hosted, scale, variant
from engine.local import until

pytestmark = pytest.mark.slow

CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
}
ASKED = 20


def test_a_shadow_gets_copies_whose_answers_are_captured_only(own: Hosted) -> None:
    own.model("champion", scale(1))
    own.model("challenger", scale(10))
    destination = own.local.bucket.uri("captured")
    found = own.create(
        "e",
        variant("champion"),
        ShadowProductionVariants=[variant("challenger")],
        DataCaptureConfig={**CAPTURE, "DestinationS3Uri": destination},
    )
    (shadow,) = found["ShadowProductionVariants"]
    assert shadow["VariantName"] == "challenger"
    assert found["DataCaptureConfig"] == {
        "EnableCapture": True,
        "CaptureStatus": "Started",
        "CurrentSamplingPercentage": 100,
        "DestinationS3Uri": destination,
        "KmsKeyId": "",
    }
    for number in range(ASKED):
        answer = own.invoke("e", f"{number}", InferenceId=f"id-{number}")
        assert answer == (str(number), "champion")
    until(lambda: counted(own, "challenger", "Invocations") == ASKED)
    assert counted(own, "champion", "Invocations") == ASKED
    assert counted(own, "champion", "Invocation5XXErrors") == 0
    own.local.engine.supervision.stop()
    found = captured(own)
    assert set(found) == {"champion", "challenger"}
    for name, factor in (("champion", 1), ("challenger", 10)):
        seen = {item["eventMetadata"]["inferenceId"]: item for item in found[name]}
        assert len(seen) == ASKED
        for number in range(ASKED):
            data = seen[f"id-{number}"]["captureData"]
            assert data["endpointInput"]["data"] == str(number)
            assert data["endpointOutput"]["data"] == f"{factor * number}\n"
    events = [{item["eventMetadata"]["eventId"] for item in items} for items in found.values()]
    assert events[0] == events[1], "both are of the same events"


def captured(own: Hosted) -> dict[str, list[Json]]:
    """The lines, by variant."""
    found: dict[str, list[Json]] = {}
    for key in own.local.objects():
        if key.startswith("captured/e/"):
            lines = own.local.read(own.local.bucket.uri(key)).splitlines()
            found.setdefault(key.split("/")[2], []).extend(map(json.loads, lines))
    return found


def counted(own: Hosted, variant_name: str, metric: str) -> float:
    """The sum of a metric, as CloudWatch's client of a session gives it."""
    client: Any = OfflineSession("us-east-1", own.local.plain_client).client("cloudwatch")
    return sum(sums(client, variant_name, metric))
