"""Retry policies of a step: which failures are tried again, how often, and how long after.

Developer Guide, "Retry Policy for Pipeline Steps". As on the service, a script that fails by itself
is not retried: its next attempt would fail in the same way. What is: a job that was killed from
outside, a full disk, and errors inside the engine.
"""

from __future__ import annotations

import errno
import math
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sagemaker_local.errors import DiskFull, JobKilled, LocalError

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
_LONGEST_WAIT = 30 * 86400.0  # seconds; a step cannot wait for longer than it may run


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
    if not isinstance(item, dict) or set(item) - _MEMBERS or not item.get("ExceptionType"):
        raise ValueError(f"RetryPolicies has an entry that is no retry policy: {item!r}")
    given = item["ExceptionType"]
    exceptions = tuple(given if isinstance(given, list) else [given])
    for exception in exceptions:
        if exception not in EXCEPTION_TYPES:
            raise ValueError(f"{exception!r} is not an exception type that can be retried")
    if "MaxAttempts" in item and "ExpireAfterMin" in item:
        raise ValueError("a retry policy has either MaxAttempts or ExpireAfterMin, not both")
    interval = _number(item, "IntervalSeconds", 1, (0, _MAX_INTERVAL))
    backoff = _number(item, "BackoffRate", 2, (0, math.inf))
    if "ExpireAfterMin" in item:
        expiry = 60 * _whole_number(item, "ExpireAfterMin", 1, _MAX_EXPIRY)
        return RetryPolicy(exceptions, interval, backoff, None, expiry)
    attempts = _whole_number(item, "MaxAttempts", 5, _MAX_ATTEMPTS)
    return RetryPolicy(exceptions, interval, backoff, attempts)


def _number(item: dict[str, Any], name: str, default: float, bounds: tuple[float, float]) -> float:
    value = item.get(name, default)
    least, most = bounds
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"a retry policy's {name} should be a number, and is {value!r}")
    if not least <= value <= most:
        limits = f"from {least:g} to {most:g}" if math.isfinite(most) else f"at least {least:g}"
        raise ValueError(f"a retry policy's {name} should be {limits}, and is {value!r}")
    return float(value)


def _whole_number(item: dict[str, Any], name: str, default: int, most: int) -> int:
    value = _number(item, name, default, (1, most))
    if not value.is_integer():
        raise ValueError(f"a retry policy's {name} should be a whole number, and is {value!r}")
    return int(value)


def exception_type(error: BaseException) -> str | None:
    """What the service would call a failure; None for one that no policy retries."""
    if isinstance(error, JobKilled):
        return "SageMaker.JOB_INTERNAL_ERROR"
    if isinstance(error, DiskFull) or _is_disk_full(error):
        return "SageMaker.CAPACITY_ERROR"
    if isinstance(error.__cause__ or error, sqlite3.OperationalError):
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
        self._tried = dict.fromkeys(self._policies, 0)
        self._delays = {policy: policy.interval for policy in self._policies}
        self._started = time.monotonic()

    @property
    def count(self) -> int:
        """How many further attempts there have been."""
        return sum(self._tried.values())

    def delay_after(self, error: BaseException) -> float | None:
        """Seconds to wait before the next attempt; None: there is none."""
        kind = exception_type(error)
        policy = next((p for p in self._policies if kind in p.exceptions), None)
        if policy is None:
            return None
        if policy.max_attempts is not None and self._tried[policy] >= policy.max_attempts:
            return None
        delay = self._delays[policy]
        over = time.monotonic() - self._started + delay
        if policy.expire_after is not None and over > policy.expire_after:
            return None
        self._tried[policy] += 1
        self._delays[policy] = min(delay * policy.backoff, _LONGEST_WAIT)
        return delay
