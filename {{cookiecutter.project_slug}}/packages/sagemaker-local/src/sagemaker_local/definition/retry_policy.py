"""Retry policies of a step, as its JSON says them: which failures, how often, how long after.

Developer Guide, "Retry Policy for Pipeline Steps".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sagemaker_local.definition.values import shown
from sagemaker_local.errors import noting

EXCEPTION_TYPES = (
    "Step.SERVICE_FAULT",
    "Step.THROTTLING",
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
)
_MEMBERS = {"ExceptionType", "IntervalSeconds", "BackoffRate", "MaxAttempts", "ExpireAfterMin"}
_MAX_INTERVAL = 43200
_MAX_ATTEMPTS = 20
_MAX_EXPIRY = 14400


@dataclass(frozen=True)
class RetryPolicy:
    """One policy; either ``max_attempts`` or ``expire_after`` (seconds) ends it."""

    exceptions: tuple[str, ...]
    interval: float = 1.0
    backoff: float = 2.0
    max_attempts: int | None = 5
    expire_after: float | None = None


def parse_retry_policy(item: Any) -> RetryPolicy:
    """One entry of a step's ``RetryPolicies``.

    Raises:
        ValueError: its arguments are sentences, one for each thing that is wrong with the entry.
    """
    if not isinstance(item, dict) or set(item) - _MEMBERS or not item.get("ExceptionType"):
        raise ValueError(f"RetryPolicies has an entry that is no retry policy: {shown(item)}")
    given = item["ExceptionType"]
    exceptions = tuple(given if isinstance(given, list) else [given])
    unknown = [each for each in exceptions if each not in EXCEPTION_TYPES]
    wrong = [f"{shown(each)} is not an exception type that can be retried" for each in unknown]
    if "MaxAttempts" in item and "ExpireAfterMin" in item:
        wrong.append("a retry policy has either MaxAttempts or ExpireAfterMin, not both")
    attempts = expiry = 0
    interval = backoff = 0.0
    with noting(wrong):
        interval = _number(item, "IntervalSeconds", 1, (0, _MAX_INTERVAL))
    with noting(wrong):
        backoff = _number(item, "BackoffRate", 2, (0, math.inf))
    with noting(wrong):
        attempts = _whole_number(item, "MaxAttempts", 5, _MAX_ATTEMPTS)
    with noting(wrong):
        expiry = _whole_number(item, "ExpireAfterMin", 1, _MAX_EXPIRY)
    if wrong:
        raise ValueError(*wrong)
    if "ExpireAfterMin" in item:
        return RetryPolicy(exceptions, interval, backoff, None, 60 * expiry)
    return RetryPolicy(exceptions, interval, backoff, attempts)


def _number(item: dict[str, Any], name: str, default: float, bounds: tuple[float, float]) -> float:
    value = item.get(name, default)
    least, most = bounds
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"a retry policy's {name} should be a number, and is {shown(value)}")
    if not least <= value <= most:
        limits = f"from {least:g} to {most:g}" if math.isfinite(most) else f"at least {least:g}"
        raise ValueError(f"a retry policy's {name} should be {limits}, and is {shown(value)}")
    return float(value)


def _whole_number(item: dict[str, Any], name: str, default: int, most: int) -> int:
    value = _number(item, name, default, (1, most))
    if not value.is_integer():
        raise ValueError(f"a retry policy's {name} should be a whole number, and is {shown(value)}")
    return int(value)
