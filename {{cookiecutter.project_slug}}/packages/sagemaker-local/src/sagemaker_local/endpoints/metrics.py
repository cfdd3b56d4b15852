"""Metrics of endpoints under the names that CloudWatch has for them, kept minute by minute.

Which there are, and what each value is: "Monitor Amazon SageMaker with Amazon CloudWatch" in the
SageMaker Developer Guide. Of latencies the state keeps how many fell into each of a row of steps
that grow by a twentieth, so that any percentile of any time is known to that.
"""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sagemaker_local.endpoints.invocation import Invocation
from sagemaker_local.errors import LocalError
from sagemaker_local.storage.store import Store

_MINUTE = 60
_STEP = math.log(1.05)
INVOCATIONS, PER_INSTANCE = "Invocations", "InvocationsPerInstance"
ERRORS_4XX, ERRORS_5XX = "Invocation4XXErrors", "Invocation5XXErrors"
MODEL_ERRORS = "InvocationModelErrors"
MODEL_LATENCY, OVERHEAD_LATENCY = "ModelLatency", "OverheadLatency"
LATENCIES = (MODEL_LATENCY, OVERHEAD_LATENCY)
NAMES = (INVOCATIONS, PER_INSTANCE, ERRORS_4XX, ERRORS_5XX, MODEL_ERRORS, *LATENCIES)

logger = logging.getLogger(__name__)


@dataclass
class Statistics:
    """Of one metric in some time.

    Attributes:
        count: of values.
        sum, least, most: of them.
        steps: how many are in each step; of latencies only.
    """

    count: int = 0
    sum: float = 0.0
    least: float = math.inf
    most: float = -math.inf
    steps: dict[int, int] = field(default_factory=dict)

    def add(self, value: float, in_steps: bool = False) -> None:
        self.count += 1
        self.sum += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)
        if in_steps:
            step = round(math.log(max(value, 1.0)) / _STEP)
            self.steps[step] = self.steps.get(step, 0) + 1

    def merge(self, other: Statistics) -> None:
        self.count += other.count
        self.sum += other.sum
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)
        for step, count in other.steps.items():
            self.steps[step] = self.steps.get(step, 0) + count

    def percentile(self, share: float) -> float:
        """The value that so many per cent do not exceed, to a twentieth."""
        left = math.ceil(self.count * share / 100)
        for step, count in sorted(self.steps.items()):
            left -= count
            if left <= 0:
                return min(self.most, max(self.least, math.exp(step * _STEP)))
        return self.most

    def dump(self) -> list[Any]:
        return [self.count, self.sum, self.least, self.most, list(self.steps.items())]

    @classmethod
    def load(cls, found: list[Any]) -> Statistics:
        count, total, least, most, steps = found
        return cls(count, total, least, most, dict(map(tuple, steps)))


_Minutes = dict[tuple[str, str, int], dict[str, Statistics]]


class Metrics:
    """The metrics of a state.

    Args:
        store: the state.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, minutes: _Minutes) -> None:
        """Add what came in some minutes to what is kept of them."""
        with self._store.transaction():
            for (endpoint, variant, minute), found in minutes.items():
                kept = dict(self._rows(endpoint, variant, minute, minute + 1)).get(minute, {})
                _merge(found, kept)
                self._store.write(
                    "INSERT OR REPLACE INTO metrics VALUES (?, ?, ?, ?)",
                    endpoint,
                    variant,
                    minute,
                    json.dumps({name: item.dump() for name, item in kept.items()}),
                )

    def read(
        self, name: str, endpoint: str, variant: str, start: float, end: float, period: int
    ) -> dict[float, Statistics]:
        """A metric's statistics in each period that has values, by its beginning.

        Args:
            name: of the metric.
            endpoint, variant: whose.
            start, end: seconds since the epoch.
            period: seconds, a multiple of 60.
        """
        found: dict[float, Statistics] = {}
        first, last = math.floor(start / _MINUTE), math.ceil(end / _MINUTE)
        for minute, statistics in self._rows(endpoint, variant, first, last):
            if name in statistics:
                begun = minute * _MINUTE // period * period
                found.setdefault(float(begun), Statistics()).merge(statistics[name])
        return found

    def delete_before(self, moment: float) -> int:
        """Forget older minutes; gives how many."""
        return self._store.write("DELETE FROM metrics WHERE minute < ?", int(moment // _MINUTE))

    def _rows(
        self, endpoint: str, variant: str, first: int, last: int
    ) -> Iterator[tuple[int, dict[str, Statistics]]]:
        rows = self._store.rows(
            "SELECT minute, document FROM metrics WHERE endpoint = ? AND variant = ? "
            "AND minute >= ? AND minute < ? ORDER BY minute",
            *(endpoint, variant, first, last),
        )
        for minute, document in rows:
            found = json.loads(document)
            yield minute, {name: Statistics.load(item) for name, item in found.items()}


class Recorder:
    """Collects metrics of invocations, and adds them to the state.

    Args:
        metrics: of the state.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._minutes: _Minutes = {}
        self._lock = threading.Lock()

    def observe(self, invocation: Invocation) -> None:
        """Count an invocation."""
        minute = int(invocation.question.received // _MINUTE)
        with self._lock:
            found = self._minutes.setdefault(
                (invocation.endpoint, invocation.variant.name, minute), {}
            )
            for name, value in values(invocation).items():
                found.setdefault(name, Statistics()).add(value, name in LATENCIES)

    def flush(self) -> None:
        """Add what was collected to the state."""
        with self._lock:
            minutes, self._minutes = self._minutes, {}
        try:
            if minutes:
                self._metrics.add(minutes)
        except LocalError as error:  # the state is busy; the next write has it all
            logger.error("Metrics could not be kept yet: %s", error)
            with self._lock:
                for key, found in minutes.items():
                    _merge(found, self._minutes.setdefault(key, {}))


def _merge(found: dict[str, Statistics], kept: dict[str, Statistics]) -> None:
    """Add statistics to those that are kept."""
    for name, statistics in found.items():
        kept.setdefault(name, Statistics()).merge(statistics)


def values(invocation: Invocation) -> dict[str, float]:
    """One value of each metric; latencies in microseconds, for answers only."""
    status = invocation.status
    found = {
        INVOCATIONS: 1.0,
        PER_INSTANCE: 1.0 / max(1, invocation.variant.instances),
        MODEL_ERRORS: float(not 200 <= status < 300),
    }
    if not status:
        return found
    return found | {
        ERRORS_4XX: float(400 <= status < 500),
        ERRORS_5XX: float(status >= 500),
        MODEL_LATENCY: invocation.model_seconds * 1e6,
        OVERHEAD_LATENCY: invocation.overhead_seconds * 1e6,
    }
