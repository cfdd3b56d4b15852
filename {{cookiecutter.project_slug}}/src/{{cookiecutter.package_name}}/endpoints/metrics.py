"""Metrics of an endpoint, asked of CloudWatch by its names, in whichever session."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from . import waiting

if TYPE_CHECKING:
    import pandas as pd

NAMESPACE = "AWS/SageMaker"
COUNTS = ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors")
LATENCIES = ("ModelLatency", "OverheadLatency")  # in microseconds
PERCENTILES = ("p50", "p99")
PERIOD = 60  # seconds, the least for which an endpoint has metrics
HOUR, DAY = 3600, 86400  # after 15 days CloudWatch keeps fewer points, those of hours for longest
FINE = timedelta(days=15)


@dataclass(frozen=True)
class Traffic:
    """What an endpoint did in some time.

    Attributes:
        since: when that time began.
        until: when it ended.
        requests: that were asked.
        client_errors: of these, those refused as the caller's mistake (4xx).
        server_errors: of these, those that failed (5xx).
        p50_ms: what half of the requests took at most in the model, in milliseconds; None of none.
        p99_ms: what 99% of the requests took at most, in the worst hour or day; None of none.
    """

    since: str
    until: str
    requests: int
    client_errors: int
    server_errors: int
    p50_ms: float | None
    p99_ms: float | None


def by_minute(
    session: Any, endpoint: str, variant: str, since: datetime, expected: int
) -> "pd.DataFrame":
    """A row for each minute with requests, once as many are counted as were sent.

    Args:
        session: local or managed, where CloudWatch has them after some minutes.
        endpoint: its name.
        variant: of it.
        since: when the first request was sent.
        expected: how many were sent since, at least.

    Returns:
        Columns: the counts, and percentiles of the latencies in microseconds.

    Raises:
        ProjectError: they were not counted in time.
    """
    import pandas as pd

    client = session.boto_session.client("cloudwatch")
    start = since.replace(second=0, microsecond=0)

    def of(name: str, **asked: Any) -> list[dict[str, Any]]:
        end = datetime.now(UTC) + timedelta(seconds=PERIOD)
        return _points(client, name, endpoint, variant, start, end, PERIOD, **asked)

    def counted() -> float:
        return sum(point["Sum"] for point in of(COUNTS[0], Statistics=["Sum"]))

    waiting.until(session, counted, lambda found: found >= expected, f"{endpoint}'s metrics")
    columns = {
        name: {point["Timestamp"]: point["Sum"] for point in of(name, Statistics=["Sum"])}
        for name in COUNTS
    }
    # CloudWatch takes statistics or percentiles in one request, not both.
    for name in LATENCIES:
        points = of(name, ExtendedStatistics=list(PERCENTILES))
        for share in PERCENTILES:
            values = {point["Timestamp"]: point["ExtendedStatistics"][share] for point in points}
            columns[f"{name} {share}"] = values
    return pd.DataFrame(columns).sort_index().rename_axis("minute")


def traffic(
    session: Any, endpoint: str, variants: Iterable[str], since: datetime, until: datetime
) -> Traffic:
    """What was counted of an endpoint in some time, by now; whole minutes, or hours if long ago.

    Args:
        session: local or managed.
        endpoint: its name.
        variants: of it; what they did is added up.
        since: when the time began.
        until: when it ended.
    """
    client = session.boto_session.client("cloudwatch")
    period = _period(since, until)
    counts = dict.fromkeys(COUNTS, 0.0)
    middles: list[tuple[float, float]] = []
    slowest: list[float] = []

    def of(name: str, variant: str, **asked: Any) -> list[dict[str, Any]]:
        return _points(client, name, endpoint, variant, since, until, period, **asked)

    for variant in variants:
        for name in COUNTS:
            counts[name] += sum(each["Sum"] for each in of(name, variant, Statistics=["Sum"]))
        asked = of(LATENCIES[0], variant, Statistics=["SampleCount"])
        weights = {each["Timestamp"]: each["SampleCount"] for each in asked}
        for each in of(LATENCIES[0], variant, ExtendedStatistics=list(PERCENTILES)):
            middle, slow = (each["ExtendedStatistics"][share] / 1000 for share in PERCENTILES)
            middles.append((middle, weights.get(each["Timestamp"], 1.0)))
            slowest.append(slow)
    requests, client_errors, server_errors = (round(counts[name]) for name in COUNTS)
    total = sum(weight for _, weight in middles)
    return Traffic(
        since.isoformat(timespec="seconds"),
        until.isoformat(timespec="seconds"),
        requests,
        client_errors,
        server_errors,
        sum(value * weight for value, weight in middles) / total if total else None,
        max(slowest, default=None),
    )


def _period(since: datetime, until: datetime) -> int:
    """One period for the whole time, where it is no longer than a day."""
    seconds = max(1.0, (until - since).total_seconds())
    if seconds <= HOUR and datetime.now(UTC) - since < FINE:
        return PERIOD * math.ceil(seconds / PERIOD)
    return min(DAY, HOUR * math.ceil(seconds / HOUR))


def _points(
    client: Any,
    name: str,
    endpoint: str,
    variant: str,
    start: datetime,
    end: datetime,
    period: int,
    **asked: Any,
) -> list[dict[str, Any]]:
    found = client.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=name,
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": variant},
        ],
        StartTime=start,
        EndTime=end,
        Period=period,
        **asked,
    )
    return list(found["Datapoints"])
