"""An endpoint as the service describes it: its variants, its capture, what is being deployed."""

from __future__ import annotations

from collections.abc import Callable

from sagemaker_local.endpoints.deployment import Deployment, Variant
from sagemaker_local.endpoints.endpoints import OWN, STOPPED, StoredEndpoint
from sagemaker_local.storage.store import Document


def described(stored: StoredEndpoint) -> Document:
    """The Describe response."""
    document = {key: value for key, value in stored.document.items() if key not in OWN}
    if stored.serving is not None:
        document |= _summaries(stored.serving, _serving_summary)
        if stored.serving.capture:
            document["DataCaptureConfig"] = _capture(stored)
    if stored.pending is not None:
        document["PendingDeploymentSummary"] = {
            "EndpointConfigName": stored.pending.configuration,
            "StartTime": stored.pending_since,
            **_summaries(stored.pending, _pending_summary),
        }
    return document


def _summaries(deployment: Deployment, summary: Callable[[Variant], Document]) -> Document:
    found = {
        "ProductionVariants": [summary(item) for item in deployment.of_kind(False)],
        "ShadowProductionVariants": [summary(item) for item in deployment.of_kind(True)],
    }
    return {member: items for member, items in found.items() if items}


def _serving_summary(variant: Variant) -> Document:
    summary: Document = {
        "VariantName": variant.name,
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.weight,
        "CurrentInstanceCount": variant.instances,
        "DesiredInstanceCount": variant.instances,
    }
    if variant.image:
        summary["DeployedImages"] = [{"SpecifiedImage": variant.image}]
    if variant.serverless:
        summary["CurrentServerlessConfig"] = variant.serverless
    return summary


def _pending_summary(variant: Variant) -> Document:
    summary = _serving_summary(variant)
    return summary | {"CurrentInstanceCount": 0, "VariantStatus": [{"Status": "Creating"}]}


def _capture(stored: StoredEndpoint) -> Document:
    assert stored.serving is not None
    capture = stored.serving.capture
    enabled = capture.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": stored.capture_status if enabled else STOPPED,
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }
