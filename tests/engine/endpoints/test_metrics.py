"""Metrics have CloudWatch's names, units and values, are kept, and forgotten by age."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.client.metrics import LocalCloudWatch
from sagemaker_local.endpoints.flusher import Flusher
from sagemaker_local.endpoints.metrics import NAMES, Metrics, Recorder, Statistics
from sagemaker_local.storage.store import Store

from engine.endpoints.test_capture import RECEIVED, invocation
from engine.local import Local

MINUTE = datetime.fromtimestamp(RECEIVED, UTC).replace(second=0, microsecond=0)


@pytest.fixture
def metrics(tmp_path: Path) -> Metrics:
    return Metrics(Store(tmp_path / "state.db"))


def asked(metrics: Metrics, name: str, **request: Any) -> list[dict[str, Any]]:
    found = LocalCloudWatch(metrics).get_metric_statistics(
        Namespace=request.pop("Namespace", "AWS/SageMaker"),
        MetricName=name,
        Dimensions=[
            {"Name": "EndpointName", "Value": "e"},
            {"Name": "VariantName", "Value": request.pop("variant", "v")},
        ],
        StartTime=MINUTE - timedelta(minutes=1),
        EndTime=MINUTE + timedelta(hours=1),
        **{"Period": 60, "Statistics": ["Sum"], **request},
    )
    points: list[dict[str, Any]] = found["Datapoints"]
    return points


def test_every_metric_has_the_values_of_the_services(metrics: Metrics) -> None:
    recorder = Recorder(metrics)
    for status in (200, 200, 400, 500, 0):
        recorder.observe(replace(invocation({}), status=status, overhead_seconds=0.002))
    recorder.observe(invocation({}, received=RECEIVED + 120))
    recorder.flush()
    recorder.flush()
    sums = {name: [point["Sum"] for point in asked(metrics, name)] for name in NAMES}
    assert sums.pop("ModelLatency") == pytest.approx([4000.0, 1000.0])
    assert sums.pop("OverheadLatency") == pytest.approx([8000.0, 0.0])
    assert sums == {
        "Invocations": [5.0, 1.0],
        "InvocationsPerInstance": [5.0, 1.0],
        "Invocation4XXErrors": [1.0, 0.0],
        "Invocation5XXErrors": [1.0, 0.0],
        "InvocationModelErrors": [3.0, 0.0],
    }
    wanted = ["SampleCount", "Average", "Minimum", "Maximum"]
    first, second = asked(metrics, "ModelLatency", Statistics=wanted, ExtendedStatistics=["p50"])
    assert first["Timestamp"] == MINUTE
    assert second["Timestamp"] == MINUTE + timedelta(minutes=2)
    assert first["Unit"] == "Microseconds"
    assert (first["SampleCount"], first["Average"]) == (4.0, pytest.approx(1000.0))
    assert first["ExtendedStatistics"]["p50"] == pytest.approx(1000.0, rel=0.05)
    (hour,) = asked(metrics, "Invocations", Period=3600)
    assert (hour["Sum"], hour["Timestamp"].minute) == (6.0, 0)


def test_what_another_process_writes_to_the_same_minute_is_added(
    metrics: Metrics, tmp_path: Path
) -> None:
    for store in (metrics, Metrics(Store(tmp_path / "state.db"))):
        recorder = Recorder(store)
        flusher = Flusher("metrics", recorder.flush, 1000)
        flusher.start()
        recorder.observe(invocation({}))
        flusher.stop()
    assert [point["Sum"] for point in asked(metrics, "Invocations")] == [2.0]


def test_percentiles_are_right_to_a_twentieth() -> None:
    found, chance = Statistics(), random.Random(7)
    values = sorted(math.exp(chance.gauss(7, 1)) for _ in range(5000))
    for value in values:
        found.add(value, in_steps=True)
    for share in (1, 50, 90, 99, 99.9, 100):
        exact = values[math.ceil(len(values) * share / 100) - 1]
        assert found.percentile(share) == pytest.approx(exact, rel=0.05)
    assert Statistics.load(found.dump()) == found


def test_what_has_no_values_has_no_datapoints(metrics: Metrics) -> None:
    Recorder(metrics).observe(invocation({}))
    assert asked(metrics, "Invocations") == []
    recorder = Recorder(metrics)
    recorder.observe(invocation({}))
    recorder.flush()
    assert asked(metrics, "Invocations", variant="none") == []
    assert asked(metrics, "CPUUtilization") == []
    assert asked(metrics, "Invocations", Namespace="AWS/EC2") == []
    with pytest.raises(ClientError, match="multiple of 60"):
        asked(metrics, "Invocations", Period=30)


def test_captures_metrics_and_logs_are_pruned_by_age(local: Local) -> None:
    engine = local.engine
    capture = {"DestinationS3Uri": local.bucket.uri("in/"), "InitialSamplingPercentage": 1}
    configuration = {
        "EndpointConfigName": "c",
        "ProductionVariants": [{"VariantName": "v"}],
        "DataCaptureConfig": capture,
    }
    engine.configurations.create(configuration)
    engine.configurations.delete("c")
    uuid = "8f45e35c-fa44-40d2-8ed3-1bcab3a596f3"
    old, new = (f"in/e/v/2026/11/26/{hour}/59-09-012-{uuid}.jsonl" for hour in ("04", "05"))
    others = ["in/e/v/2020/notes.txt", f"elsewhere/e/v/2020/01/01/00/00-00-000-{uuid}.jsonl"]
    for key in (old, new, *others):
        local.put("{}\n", key)
    log = local.root / "endpoints" / "e" / "gone" / "v" / "job.log"
    log.parent.mkdir(parents=True)
    log.write_text("told")
    recorder = Recorder(engine.metrics)
    for received in (RECEIVED, RECEIVED - 7200):
        recorder.observe(invocation({}, received=received))
    recorder.flush()
    found = engine.prune_endpoints(datetime(2026, 11, 26, 5, tzinfo=UTC))
    assert (found.captures, found.logs, found.minutes, found.size) == (1, 0, 1, 3)
    assert sorted(local.objects()) == sorted([new, *others])
    assert not local.bucket.path(local.bucket.uri("in/e/v/2026/11/26/04")).exists()
    found = engine.prune_endpoints(datetime.now(UTC) + timedelta(days=1))
    assert (found.captures, found.logs, found.minutes) == (1, 1, 1)
    assert not (local.root / "endpoints" / "e").exists()
