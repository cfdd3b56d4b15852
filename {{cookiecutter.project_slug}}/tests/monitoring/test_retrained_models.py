"""What becomes of a retrained model: served after its check, rejected by it, or left to wait."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosted_models import register, sessions

from {{ cookiecutter.package_name }} import paths, registry
from {{ cookiecutter.package_name }}.deployments import deploy, hosting, invoke, smoke
from {{ cookiecutter.package_name }}.errors import ProjectError
from {{ cookiecutter.package_name }}.monitoring import alerts, events, retraining, training_rows
from {{ cookiecutter.package_name }}.monitoring.alerts import Message
from {{ cookiecutter.package_name }}.monitoring.retraining import Cause, Order, Outcome
from {{ cookiecutter.package_name }}.monitoring.watched import Watched

HERE = pytest.mark.parametrize("session", ["local"], indirect=True)
# In both sessions, of the endpoint that follows the models and of another one.
EACH = pytest.mark.parametrize(
    ("session", "endpoint"), [("local", "own-name"), ("managed", "")], indirect=["session"]
)
CAUSE = Cause("mileage_km: distance: 0.3", "2026-11-26T00:00:00+00:00")


@pytest.fixture(scope="module", params=["local", "managed"])
def session(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    root = tmp_path_factory.mktemp(request.param) / "state"
    with pytest.MonkeyPatch.context() as patch, sessions(request.param, root) as opened:
        patch.setattr(paths, "LOCAL_ROOT", root)
        yield opened


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """The messages that go out."""
    messages: list[Message] = []
    monkeypatch.setattr(alerts, "tell", lambda _session, message: messages.append(message))
    return messages


def order(session: Any, package: dict[str, Any], endpoint: str = "", **more: Any) -> Order:
    """A retraining of the model behind an endpoint."""
    name = endpoint or hosting.endpoint_name(package["ModelPackageGroupName"])
    return Order(session, Watched(name, package, "", "", **more), "", deploy=True)


def registered(package: dict[str, Any]) -> Outcome:
    """As a run of notebook 03 ends that was better than the champion."""
    return Outcome(retraining.REGISTERED, "v2 is registered", "", package["ModelPackageArn"])


def status(session: Any, package: dict[str, Any]) -> str:
    return str(registry.describe(session, package["ModelPackageArn"])["ModelApprovalStatus"])


def factor(session: Any, endpoint: str) -> float:
    body = json.dumps({"instances": [{"x": 1.0}]}).encode()
    return float(
        json.loads(invoke.answer(session, endpoint, body, smoke.JSON))["predictions"][0][
            "prediction"
        ]
    )


@EACH
def test_a_winner_is_approved_and_served(session: Any, told: list[Message], endpoint: str) -> None:
    group = "used-car-prices-wins"
    first = register(session, group, 2.0)
    deploy.deploy(session, first, endpoint, say=str)
    second = register(session, group, 3.0, status=registry.PENDING)
    asked = order(session, first, endpoint)
    outcome = asked.settled(registered(second), CAUSE, str)
    assert (outcome.what, outcome.text) == (
        retraining.REGISTERED,
        "v2 is registered, and deployed",
    )
    assert status(session, second) == registry.APPROVED
    assert factor(session, asked.seen.name) == 3.0
    (message,) = told
    assert message.subject == f"{asked.seen.name}: retrained"
    assert f"because {CAUSE.text}" in message.text


@EACH
def test_one_that_fails_its_check_is_rejected_with_the_reason(
    session: Any, told: list[Message], endpoint: str
) -> None:
    """The old model goes on serving, and is the champion."""
    group = "used-car-prices-fails"
    first = register(session, group, 2.0)
    deploy.deploy(session, first, endpoint and "another-name", say=str)
    second = register(session, group, 3.0, said=5.0, status=registry.PENDING)
    asked = order(session, first, endpoint and "another-name")
    outcome = asked.settled(registered(second), CAUSE, str)
    name = asked.seen.name
    assert outcome.what == retraining.REJECTED
    assert (status(session, second), factor(session, name)) == (registry.REJECTED, 2.0)
    champion = registry.champion(session, group)
    assert champion and champion["ModelPackageVersion"] == 1
    (message,) = told
    assert message.subject == f"{name}: retrained, and the new model is rejected"
    assert "but is Rejected" in message.text and "answers known records otherwise" in message.text
    assert [each.kind for each in events.of(session, name)][-1] == events.REJECTED


@HERE
def test_one_that_cannot_be_deployed_now_waits(
    session: Any, told: list[Message], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That says nothing of the model."""
    group = "used-car-prices-busy"
    first = register(session, group, 2.0)
    second = register(session, group, 3.0, status=registry.PENDING)

    def busy(*_: object, **__: object) -> None:
        raise ProjectError(f"{group} is Updating, which somebody has asked for")

    monkeypatch.setattr(deploy, "deploy", busy)
    outcome = order(session, first).settled(registered(second), CAUSE, str)
    assert outcome.what == retraining.REGISTERED
    assert status(session, second) == registry.PENDING
    assert told[-1].subject == f"{group}: retrained"
    assert "but is PendingManualApproval: used-car-prices-busy is Updating" in told[-1].text


@HERE
def test_of_batch_results_it_is_approved(session: Any, told: list[Message]) -> None:
    group = "used-car-prices-tables"
    first = register(session, group, 2.0)
    second = register(session, group, 3.0, status=registry.PENDING)
    asked = order(session, first, f"{group}-batch", is_endpoint=False)
    assert asked.settled(registered(second), CAUSE, str).text.endswith(", and approved")
    assert status(session, second) == registry.APPROVED and len(told) == 1


@HERE
def test_a_refusal_is_told_once_for_each_cause(session: Any, told: list[Message]) -> None:
    first = register(session, "used-car-prices-refused", 2.0)
    asked = order(session, first)
    for _ in range(2):
        outcome = asked.carry_out(CAUSE, "2026-11-26T02:00:00+00:00", str)
        assert outcome.what == retraining.REFUSED and "not retrained: " in outcome.text
    (message,) = told
    assert message.subject == "used-car-prices-refused: not retrained"
    assert outcome.text in message.text and f"because {CAUSE.text}" in message.text


@pytest.mark.parametrize("name", ["cars", "cars.csv"])
def test_one_object_is_brought_and_no_other(session: Any, tmp_path: Path, name: str) -> None:
    bucket = session.default_bucket()
    for key in (name, f"{name}.old"):
        session.upload_string_as_file_body(key, bucket, f"rows/{name}/{key}")
    training_rows.fetch(session, f"s3://{bucket}/rows/{name}/{name}", tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == [name]
    training_rows.fetch(session, f"s3://{bucket}/rows/{name}", tmp_path / "all")
    assert len(list((tmp_path / "all").iterdir())) == 2
