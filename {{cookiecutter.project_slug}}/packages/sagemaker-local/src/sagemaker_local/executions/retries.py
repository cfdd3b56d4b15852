"""Which failures of a step are tried again, and after how long; ``retry_policy`` says when.

As on the service, a script that fails by itself is not retried: its next attempt would fail in the
same way. What is: a job that was killed from outside, a full disk, and errors inside the engine.
"""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Iterable

from sagemaker_local.definition.retry_policy import RetryPolicy
from sagemaker_local.errors import DiskFull, JobKilled, LocalError

_LONGEST_WAIT = 30 * 86400.0  # seconds; a step cannot wait for longer than it may run


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
