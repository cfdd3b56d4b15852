"""One request to an endpoint: what came, what the model said, and how long it took."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import cached_property

from sagemaker_local.endpoints.deployment import Deployment, Variant


@dataclass(frozen=True)
class Question:
    """What a client sent.

    Attributes:
        content_type: of the body; empty if it does not say.
        accept: the type that it wants; empty if it does not say.
        inference_id: that it gave, for whoever joins ground truth later.
        custom_attributes: that it gave.
        target_variant: the variant that shall answer, if it says one.
        body: the records.
        received: seconds since the epoch.
    """

    content_type: str
    accept: str
    inference_id: str
    custom_attributes: str
    target_variant: str
    body: bytes
    received: float

    @cached_property
    def id(self) -> str:
        """One for all variants that get it."""
        return str(uuid.uuid4())


@dataclass(frozen=True)
class Invocation:
    """What became of it at one variant.

    Attributes:
        endpoint: the endpoint's name.
        deployment: what it serves.
        variant: that answered.
        question: what came.
        status: of the container's answer; 0: there was none.
        content_type: of the answer.
        body: the answer.
        model_seconds: from sending it to the container to having its answer.
        overhead_seconds: all else, from the first byte on.
    """

    endpoint: str
    deployment: Deployment
    variant: Variant
    question: Question
    status: int
    content_type: str
    body: bytes
    model_seconds: float
    overhead_seconds: float = 0.0

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 400
