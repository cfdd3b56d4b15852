"""Retry policies of a step: which failures are tried again, how often, and how long after.

Developer Guide, "Retry Policy for Pipeline Steps". As on the service, a script that fails by itself
is not retried: its next attempt would fail in the same way. What is: a job that was killed from
outside, a full disk, and errors inside the engine.
"""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sagemaker_local.errors import JobKilled, LocalError

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
        ValueError: one sentence that says what is wrong with it.
    """
    if not isinstance(item, dict) or set(item) - _MEMBERS or "ExceptionType" not in item:
        raise ValueError(f"RetryPolicies has an entry that is no retry policy: {item!r}")
    given = item["ExceptionType"]
    exceptions = tuple(given if isinstance(given, list) else [given])
    for exception in exceptions:
        if exception not in EXCEPTION_TYPES:
            raise ValueError(f"{exception!r} is not an exception type that can be retried")
    if "MaxAttempts" in item and "ExpireAfterMin" in item:
        raise ValueError("a retry policy has either MaxAttempts or ExpireAfterMin, not both")
    expiry = item.get("ExpireAfterMin")
    if expiry is not None:
        return RetryPolicy(
            exceptions,
            _number(item, "IntervalSeconds", 1, _MAX_INTERVAL),
            _number(item, "BackoffRate", 2, None),
            None,
            60 * _number(item, "ExpireAfterMin", 1, _MAX_EXPIRY),
        )
    return RetryPolicy(
        exceptions,
        _number(item, "IntervalSeconds", 1, _MAX_INTERVAL),
        _number(item, "BackoffRate", 2, None),
        int(_number(item, "MaxAttempts", 5, _MAX_ATTEMPTS)),
    )


def _number(item: dict[str, Any], name: str, default: float, largest: float | None) -> float:
    value = item.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ValueError(f"a retry policy's {name} should be a positive number, and is {value!r}")
    if largest is not None and value > largest:
        raise ValueError(f"a retry policy's {name} is {value:g}; at most {largest:g} is allowed")
    return float(value)


def exception_type(error: BaseException) -> str | None:
    """What the service would call a failure; None for one that no policy retries."""
    if isinstance(error, JobKilled):
        return "SageMaker.JOB_INTERNAL_ERROR"
    if _is_disk_full(error):
        return "SageMaker.CAPACITY_ERROR"
    if isinstance(error, sqlite3.OperationalError):
        return "Step.THROTTLING"
    return None if isinstance(error, LocalError) else "Step.SERVICE_FAULT"


def _is_disk_full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return True
        error = error.__cause__
    return False


class Retries:
    """The attempts of one step."""

    def __init__(self, policies: Iterable[RetryPolicy]) -> None:
        self._policies = tuple(policies)
        self._tried: dict[RetryPolicy, int] = {}
        self._started = time.monotonic()

    def delay_after(self, error: BaseException) -> float | None:
        """Seconds to wait before the next attempt; None: there is none."""
        kind = exception_type(error)
        policy = next((p for p in self._policies if kind in p.exceptions), None)
        if policy is None:
            return None
        tried = self._tried.get(policy, 0)
        if policy.max_attempts is not None and tried >= policy.max_attempts:
            return None
        delay = policy.interval * policy.backoff**tried
        over = time.monotonic() - self._started + delay
        if policy.expire_after is not None and over > policy.expire_after:
            return None
        self._tried[policy] = tried + 1
        return delay
