"""Metrics of an endpoint, asked of CloudWatch by its names, in whichever session."""

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

    def of(name: str, **asked: Any) -> list[dict[str, Any]]:
        found = client.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=name,
            Dimensions=[
                {"Name": "EndpointName", "Value": endpoint},
                {"Name": "VariantName", "Value": variant},
            ],
            StartTime=since.replace(second=0, microsecond=0),
            EndTime=datetime.now(UTC) + timedelta(seconds=PERIOD),
            Period=PERIOD,
            **asked,
        )
        return list(found["Datapoints"])

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
