"""Endpoints in use: what is measured, waited for, compared and scaled, without an endpoint."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from {{ cookiecutter.package_name }}.endpoints import addresses, captures, latency, metrics, shadow
from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.notebooks import limits
from {{ cookiecutter.package_name }}.sessions import scaling

NOW = datetime(2026, 11, 26, 5, 59, tzinfo=UTC)
RESOURCE = "endpoint/e/variant/v"
TARGET = {"ResourceId": RESOURCE, **scaling.SCALABLE}


def record(inference_id: str, answer: dict[str, Any]) -> str:
    """A captured line; a sentence in it has a character at which others end a line."""
    side = {"data": json.dumps({"predictions": [answer]}), "encoding": "JSON"}
    said = {"data": "one\u2028two", "encoding": "JSON"}
    return json.dumps(
        {
            "captureData": {"endpointInput": said, "endpointOutput": side},
            "eventMetadata": {"inferenceId": inference_id, "inferenceTime": "2026-11-26T05:59:01Z"},
        },
        ensure_ascii=False,
    )


class Session:
    """A bucket with captures, the later ones of which appear at the second look."""

    poll_seconds, settle_seconds = 0.01, 5.0

    def __init__(self, answers: dict[str, Sequence[dict[str, Any]]]) -> None:
        self.looks = 0
        self.objects = {"in/e/champion/2026/11/26/04/59-00-000-a.jsonl": "{}"}  # is not read
        for variant, found in answers.items():
            for number, answer in enumerate(found):
                key = f"in/e/{variant}/2026/11/26/0{5 + number % 2}/00-00-00{number}-a.jsonl"
                self.objects[key] = f"{record(f'id-{number}', answer)}\n"
                self.objects[f"{key[:-7]}-b.jsonl"] = f"{record('of another', answer)}\n"

    def list_s3_files(self, bucket: str, prefix: str) -> list[str]:
        assert bucket == "bucket"
        self.looks += 1
        found = sorted(key for key in self.objects if key.startswith(prefix))
        return found if self.looks > 1 else found[:1]

    def read_s3_file(self, _: str, key: str) -> str:
        return self.objects[key]


def compared(champion: list[dict[str, Any]], challenger: list[dict[str, Any]]) -> Any:
    session = Session({"champion": champion, "challenger": challenger})
    ids = [f"id-{number}" for number in range(len(champion))]
    pair = ("champion", "challenger")
    return shadow.answers(session, "s3://bucket/in/", "e", pair, ids, NOW)


def test_numbers_are_joined_by_inference_id_and_agree_within_a_twentieth() -> None:
    numbers = [[{"prediction": value} for value in side] for side in ([100, 200], [104, 220])]
    table = compared(*numbers)
    assert list(table.index) == ["id-0", "id-1"]
    assert list(shadow.agree(table)) == [True, False]
    facts = {"requests": 2, "agreement": 0.5, "mean difference": 12, "largest difference": 20}
    assert shadow.summary(table) == facts


def test_classes_agree_where_they_are_the_same_whatever_the_probabilities() -> None:
    sides = [
        [{"prediction": label, "probabilities": {"0": 1 - p, "1": p}} for label, p in side]
        for side in ([("1", 0.9), ("0", 0.25)], [("1", 0.6), ("1", 0.75)])
    ]
    table = compared(*sides)
    assert list(table.columns)[:3] == ["champion", "champion P(0)", "champion P(1)"]
    assert list(shadow.agree(table)) == [True, False]
    facts = shadow.summary(table)
    assert facts["mean difference"] == pytest.approx(0.4)
    assert facts["largest difference"] == pytest.approx(0.5)


def test_captures_that_do_not_come_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Session, "settle_seconds", 0.02)
    session = Session({"champion": [], "challenger": []})
    with pytest.raises(ProjectError, match="e's captures of champion are not there after 0 s"):
        shadow.answers(session, "s3://bucket/in", "e", ("champion", "challenger"), ["id-0"], NOW)


def test_a_captured_side_that_was_not_asked_for_is_empty() -> None:
    session: Any = Session({"v": [{"prediction": 1}]})
    key = next(key for key in session.objects if "/v/" in key)
    line = json.loads(session.objects[key])
    del line["captureData"]["endpointInput"]
    session.objects = {key: json.dumps(line)}
    (found,) = captures.of_variant(session, "s3://bucket/in", "e", "v", NOW)
    assert (found.asked, found.inference_id) == ("", "id-0")


def test_the_warm_up_is_sent_and_not_measured() -> None:
    sent = []

    def invoke(Body: bytes, **_: Any) -> dict[str, Any]:
        sent.append(Body)
        return {"Body": BytesIO(b"1")}

    client = SimpleNamespace(invoke_endpoint=invoke)
    taken = latency.measure(client, "e", [b"a", b"b"], count=3, warm_up=2)
    assert (len(taken), sent) == (3, [b"a", b"b", b"a", b"b", b"a"])
    table = latency.summary({"one": [float(number) for number in range(1, 102)]})
    row = table.loc["one"]
    assert (row["p50 ms"], row["p99 ms"], row["slowest ms"], row["requests"]) == (51, 100, 101, 101)


def test_metrics_are_asked_for_as_cloudwatch_takes_them() -> None:
    """Statistics or percentiles in one request, never both."""
    asked = []

    def statistics(**request: Any) -> dict[str, Any]:
        asked.append(request)
        assert ("Statistics" in request) != ("ExtendedStatistics" in request)
        shares = {share: 7.0 for share in request.get("ExtendedStatistics", [])}
        point = {"Timestamp": NOW, "Sum": 3.0, "ExtendedStatistics": shares}
        return {"Datapoints": [point] if len(asked) > 1 else []}

    client = SimpleNamespace(get_metric_statistics=statistics)
    boto_session = SimpleNamespace(client=lambda _: client)
    session = SimpleNamespace(boto_session=boto_session, poll_seconds=0.01, settle_seconds=5.0)
    table = metrics.by_minute(session, "e", "v", NOW, expected=3)
    assert list(table.columns)[2:4] == ["Invocation5XXErrors", "ModelLatency p50"]
    assert table.loc[NOW, "Invocations"] == 3
    assert table.loc[NOW, "OverheadLatency p99"] == 7


@pytest.mark.parametrize(
    ("length", "period"),
    [(timedelta(minutes=3), 180), (timedelta(hours=5), 5 * 3600), (timedelta(days=9), 86400)],
)
def test_traffic_is_added_up_over_variants_and_times(length: timedelta, period: int) -> None:
    """Two points of each of two variants: counts add up, middles are weighed, the worst counts."""
    now, asked = datetime.now(UTC), set()

    def statistics(**request: Any) -> dict[str, Any]:
        asked.add(request["Period"])
        return {
            "Datapoints": [
                {
                    "Timestamp": place,
                    "Sum": 10.0,
                    "SampleCount": weight,
                    "ExtendedStatistics": {"p50": 1000.0 * place, "p99": 9000.0 * place},
                }
                for place, weight in ((1, 30.0), (2, 10.0))
            ]
        }

    client = SimpleNamespace(get_metric_statistics=statistics)
    session = SimpleNamespace(boto_session=SimpleNamespace(client=lambda _: client))
    found = metrics.traffic(session, "e", ["a", "b"], now - length, now)
    assert asked == {period}
    assert (found.requests, found.server_errors) == (40, 40)
    assert (found.p50_ms, found.p99_ms) == (1.25, 18.0)


@pytest.fixture
def scaler() -> Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("application-autoscaling", region_name="eu-west-1", **keys)


def test_autoscaling_is_target_tracking_of_invocations(scaler: Any) -> None:
    policy = {
        "TargetValue": 70.0,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
        },
        "ScaleOutCooldown": 60,
        "ScaleInCooldown": 300,
    }
    with Stubber(scaler) as stubber:
        bounds = {"MinCapacity": 1, "MaxCapacity": 4}
        stubber.add_response("register_scalable_target", {}, {**TARGET, **bounds})
        stubber.add_response(
            "put_scaling_policy",
            {"PolicyARN": "arn:aws:autoscaling"},
            {
                **TARGET,
                "PolicyName": scaling.POLICY,
                "PolicyType": "TargetTrackingScaling",
                "TargetTrackingScalingPolicyConfiguration": policy,
            },
        )
        said = scaling.scale(scaler, "e", "v", 1, 4, 70)
        stubber.assert_no_pending_responses()
    assert said.startswith(f"{RESOURCE} has 1 to 4 machines")


@pytest.mark.parametrize("registered", [True, False])
def test_as_many_machines_at_most_as_at_least_is_no_autoscaling(
    scaler: Any, registered: bool
) -> None:
    target = {**TARGET, "MinCapacity": 1, "MaxCapacity": 2, "RoleARN": "r", "CreationTime": NOW}
    with Stubber(scaler) as stubber:
        stubber.add_response(
            "describe_scalable_targets",
            {"ScalableTargets": [target] if registered else []},
            {"ServiceNamespace": "sagemaker", "ResourceIds": [RESOURCE]},
        )
        if registered:
            stubber.add_response("deregister_scalable_target", {}, TARGET)
        said = scaling.scale(scaler, "e", "v", 2, 2, 70)
        stubber.assert_no_pending_responses()
    assert said == f"{RESOURCE} keeps its number of machines."


def test_addresses_quote_what_a_shell_would_read() -> None:
    session = SimpleNamespace(
        endpoint_url=lambda: "http://127.0.0.1:1", endpoint_docs=lambda name: f"docs of {name}"
    )
    text = addresses.lines(session, "e", '{"town": "L\'Aquila"}')
    assert "http://127.0.0.1:1/endpoints/e/invocations" in text
    assert text.count("""'{"town": "L'"'"'Aquila"}'""") == 2
    assert text.endswith("docs of e")
    session.endpoint_docs = lambda _: ""
    assert "curl" not in addresses.lines(session, "e", "{}"), "it cannot sign"


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"challenger": 2, "capture_percentage": 99}, "0 where `capture_percentage` is below 100"),
        ({"challenger": 2}, ""),
        ({"challenger": -1}, "0 or more"),
        ({"minimum_instances": 3, "maximum_instances": 2}, "3 or more"),
    ],
)
def test_limits_that_look_at_another_parameter(given: dict[str, int], wrong: str) -> None:
    values = {"capture_percentage": 100, "minimum_instances": 1, "maximum_instances": 2} | given
    checked = "challenger" if "challenger" in given else "maximum_instances"
    said = limits.SERVING[checked](values[checked], values)
    assert said.startswith(wrong) and bool(said) == bool(wrong)
