"""The metrics of endpoints, as boto3's client for CloudWatch gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from botocore.utils import parse_to_aware_datetime
from sagemaker_local.client.exceptions import Modeled, modeled
from sagemaker_local.endpoints.metrics import LATENCIES, Metrics, Statistics
from sagemaker_local.errors import client_error
from sagemaker_local.storage.store import Document

_NAMESPACE = "AWS/SageMaker"
_STATISTICS: Mapping[str, Callable[[Statistics], float]] = {
    "SampleCount": lambda found: float(found.count),
    "Sum": lambda found: found.sum,
    "Average": lambda found: found.sum / found.count,
    "Minimum": lambda found: found.least,
    "Maximum": lambda found: found.most,
}


class LocalCloudWatch(Modeled):
    """``get_metric_statistics`` of the namespace AWS/SageMaker; others have no values.

    Args:
        metrics: of the state.
    """

    service = "cloudwatch"

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def get_metric_statistics(
        self,
        *,
        Namespace: str,
        MetricName: str,
        StartTime: Any,
        EndTime: Any,
        Period: int,
        Dimensions: Sequence[Mapping[str, str]] = (),
        Statistics: Sequence[str] = (),
        ExtendedStatistics: Sequence[str] = (),
        **_: Any,
    ) -> Document:
        """Datapoints of a metric of one variant, by time; percentiles as ``p50``, ``p99.9``.

        Raises:
            ClientError: InvalidParameterValue, for a period that is no multiple of a minute.
        """
        if Period < 60 or Period % 60:
            told = f"The period is {Period} seconds, and must be a multiple of 60."
            refused = client_error("InvalidParameterValue", told, "GetMetricStatistics")
            raise modeled(refused, self.service)
        named = {item["Name"]: item["Value"] for item in Dimensions}
        points = []
        if Namespace == _NAMESPACE and set(named) == {"EndpointName", "VariantName"}:
            start, end = (parse_to_aware_datetime(item) for item in (StartTime, EndTime))
            found = self._metrics.read(
                MetricName,
                named["EndpointName"],
                named["VariantName"],
                start.timestamp(),
                end.timestamp(),
                Period,
            )
            unit = "Microseconds" if MetricName in LATENCIES else "None"
            points = [
                _point(moment, statistics, unit, Statistics, ExtendedStatistics)
                for moment, statistics in sorted(found.items())
            ]
        return {"Label": MetricName, "Datapoints": points}


def _point(
    moment: float,
    found: Statistics,
    unit: str,
    statistics: Sequence[str],
    percentiles: Sequence[str],
) -> Document:
    point: Document = {"Timestamp": datetime.fromtimestamp(moment, UTC), "Unit": unit}
    point |= {name: _STATISTICS[name](found) for name in statistics}
    if percentiles:
        shares = {name: float(name.removeprefix("p")) for name in percentiles}
        point["ExtendedStatistics"] = {n: found.percentile(share) for n, share in shares.items()}
    return point
