"""A request of the runtime's protocol, read and checked against the service's model."""

from __future__ import annotations

import asyncio
import re
import time
from functools import cache, lru_cache
from typing import Any

import botocore.session
from aiohttp import web
from botocore.model import StructureShape
from sagemaker_local.endpoints import refusals
from sagemaker_local.endpoints.invocation import Question
from sagemaker_local.service_model import own_violations

# How long the rest of a request may take to come.
PATIENCE_SECONDS = 20.0
PATH = re.compile(r"/endpoints/([^/]+)/(invocations|async-invocations|invocations-response-stream)")
DOCS = re.compile(r"/endpoints/([^/]+)/docs")
_PREFIX = "X-Amzn-SageMaker-"
CUSTOM_ATTRIBUTES = f"{_PREFIX}Custom-Attributes"
_INFERENCE_ID = f"{_PREFIX}Inference-Id"
_TARGET_VARIANT = f"{_PREFIX}Target-Variant"
_NOT_RUN = {
    "x-amzn-sagemaker-target-model": "TargetModel is for endpoints of many models",
    "x-amzn-sagemaker-target-container-hostname": "TargetContainerHostname is for models of "
    "several containers",
    "x-amzn-sagemaker-inference-component": "InferenceComponentName is for inference components",
    "x-amzn-sagemaker-session-id": "SessionId is for models that keep sessions",
    "x-amzn-sagemaker-enable-explanations": "EnableExplanations is for endpoints with an "
    "ExplainerConfig",
}
_CHECKED = ("Content-Type", "Accept", CUSTOM_ATTRIBUTES, _INFERENCE_ID, _TARGET_VARIANT)


async def read(request: web.BaseRequest) -> Question:
    """The whole of a request.

    Raises:
        Refusal: it is too large, breaks a limit, asks for what is not run, or does not end.
    """
    received = time.time()
    _check(request)
    if (request.content_length or 0) > refusals.MOST_BYTES:
        raise refusals.too_large()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            body = await request.read()
    except TimeoutError:
        raise refusals.incomplete(PATIENCE_SECONDS) from None
    except web.HTTPRequestEntityTooLarge:
        raise refusals.too_large() from None
    except (ConnectionError, web.RequestPayloadError):
        raise refusals.invalid("The body broke off before its end.") from None
    headers = request.headers
    return Question(
        content_type=headers.get("Content-Type", ""),
        accept=headers.get("Accept", ""),
        inference_id=headers.get(_INFERENCE_ID, ""),
        custom_attributes=headers.get(CUSTOM_ATTRIBUTES, ""),
        target_variant=headers.get(_TARGET_VARIANT, ""),
        body=body,
        received=received,
    )


def forwarded(question: Question) -> dict[str, str]:
    """The headers that a container gets: InvokeEndpoint's own, as far as the client gave them."""
    found = {
        "Content-Type": question.content_type,
        "Accept": question.accept,
        CUSTOM_ATTRIBUTES: question.custom_attributes,
        _INFERENCE_ID: question.inference_id,
    }
    return {name: value for name, value in found.items() if value}


def _check(request: web.BaseRequest) -> None:
    for name, value in request.headers.items():
        low = name.lower()
        if low in _NOT_RUN:
            told = f"{_NOT_RUN[low]}, which are not run locally; leave it out."
            raise refusals.invalid(told)
        if found := _violations(low, value):
            raise refusals.invalid(f"The request is not valid: {found}.")


@lru_cache(maxsize=1024)
def _violations(header: str, value: str) -> str:
    """What a header's value breaks; most requests have those of the one before."""
    if header not in _shapes():
        return ""
    member, shape = _shapes()[header]
    return "; ".join(own_violations(value, shape, member))


@cache
def _shapes() -> dict[str, tuple[str, Any]]:
    """The shapes of InvokeEndpoint's members, by their headers in small letters."""
    model = botocore.session.get_session().get_service_model("sagemaker-runtime")
    shape = model.operation_model("InvokeEndpoint").input_shape
    assert isinstance(shape, StructureShape)
    named = {item.serialization.get("name"): (n, item) for n, item in shape.members.items()}
    return {name.lower(): named[name] for name in _CHECKED}
