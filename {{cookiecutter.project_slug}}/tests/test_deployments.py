"""Deploying model packages to endpoints, here and by AWS's protocol: checked, or gone back from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hosted_models import RECORDS, register, sessions

from {{ cookiecutter.package_name }} import cli, errors, paths, registry
from {{ cookiecutter.package_name }}.deployments import (
    change,
    deploy,
    history,
    hosting,
    invoke,
    listing,
    lock,
    logs,
    smoke,
    states,
)
from {{ cookiecutter.package_name }}.endpoints import waiting
from {{ cookiecutter.package_name }}.monitoring import events
from {{ cookiecutter.package_name }}.sessions import open as opening

KINDS = ("local", "managed")
HERE = pytest.mark.parametrize("session", ["local"], indirect=True)


@pytest.fixture(scope="module", params=KINDS)
def session(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A session of each kind; each test has a group, and an endpoint, of its own in it."""
    root = tmp_path_factory.mktemp(request.param) / "state"
    with pytest.MonkeyPatch.context() as patch, sessions(request.param, root) as opened:
        patch.setattr(paths, "LOCAL_ROOT", root)
        yield opened


@pytest.fixture
def group(request: pytest.FixtureRequest) -> str:
    """A group of the test's own."""
    words = request.node.originalname.removeprefix("test_").replace("_", "-")
    return f"used-car-prices-{words}"[:40].rstrip("-")


def quiet(_: str) -> None:
    """Nobody reads the progress."""


def serves(session: Any, endpoint: str) -> float:
    """The factor by which an endpoint answers."""
    body = json.dumps({"instances": [{"x": 1.0}]}).encode()
    answered = invoke.answer(session, endpoint, body, smoke.JSON)
    return float(json.loads(answered)["predictions"][0]["prediction"])


def status(session: Any, package: dict[str, Any]) -> tuple[str, str]:
    """A package's approval, and the reason for it."""
    found = registry.describe(session, package["ModelPackageArn"])
    return found["ModelApprovalStatus"], found.get("ApprovalDescription", "")


def words(session: Any, endpoint: str) -> list[str]:
    return [event.what for event in history.of(session, endpoint)]


def gathered(session: Any, endpoint: str) -> dict[str, Any]:
    """What the report of a window is told of an endpoint."""
    bucket = session.default_bucket()
    events.gather(session, endpoint, f"s3://{bucket}/state/{endpoint}/")
    found: dict[str, Any] = json.loads(
        session.read_s3_file(bucket, f"state/{endpoint}/{events.FILE}")
    )
    return found


def left(session: Any, group: str) -> list[str]:
    """Configurations and models that are there, by their names."""
    client = session.sagemaker_client
    found = client.list_endpoint_configs(NameContains=group[:30])["EndpointConfigs"]
    models = client.list_models(NameContains=group[:30])["Models"]
    return [item["EndpointConfigName"] for item in found] + [item["ModelName"] for item in models]


def test_from_the_first_deployment_to_the_end(session: Any, group: str) -> None:
    first, said = register(session, group, 2.0), []
    done = deploy.deploy(session, first, say=said.append)
    assert (done.endpoint, done.package) == (group, first["ModelPackageArn"])
    assert serves(session, group) == 2.0
    assert f"{group} answers 2 known records as in evaluation" in said
    assert any(line.startswith(f"{group}: InService after ") for line in said)

    again = deploy.deploy(session, first, say=quiet)
    assert again.configuration == done.configuration and again.checked.startswith("nothing to do")

    second = register(session, group, 3.0, status=registry.PENDING)
    deploy.approve(session, group, 2, say=quiet)
    assert serves(session, group) == 3.0
    (row,) = [row for row in listing.table(session) if row.endpoint == group]
    assert (row.serves, row.approval, row.note) == (f"{group}/2", "Approved", "")

    events.add(session, group, events.RETRAINED, "run r1")
    found = waiting.until(
        session, lambda: gathered(session, group), lambda each: each["traffic"]["requests"], "they"
    )
    kinds = [each["kind"] for each in found["events"]]
    assert kinds == [history.DEPLOYED, history.DEPLOYED, events.RETRAINED]
    assert f"{group}/2" in found["events"][1]["text"]
    assert found["traffic"]["server_errors"] == 0 < found["traffic"]["p99_ms"] < 60_000

    back = deploy.rollback(session, group, say=quiet)
    assert (serves(session, group), back.configuration) == (2.0, done.configuration)
    assert status(session, second) == ("Rejected", f"{group} was rolled back from it")
    champion = registry.champion(session, group)
    assert champion and champion["ModelPackageVersion"] == 1
    with pytest.raises(errors.ProjectError, match="no other approved model"):
        deploy.rollback(session, group, say=quiet)

    deploy.undeploy(session, group, say=quiet)
    assert states.state(session.sagemaker_client, group) is None
    assert not left(session, group)
    started, deployed = history.STARTED, history.DEPLOYED
    assert words(session, group) == [
        *(started, deployed, started, deployed, started, history.ROLLED_BACK),
        history.UNDEPLOYED,
    ]
    told = listing.of_package(session, second["ModelPackageArn"])
    assert [event.what for event in told] == [deployed]
    assert "the factor is 3.0" in logs.lines(session, group)


def test_what_does_not_answer_as_in_evaluation_is_rejected(session: Any, group: str) -> None:
    """What was approved before it is the champion again, and goes on serving."""
    first = register(session, group, 2.0)
    before = deploy.deploy(session, first, say=quiet)
    made = left(session, group)
    tampered = register(session, group, 3.0, said=3.00001, status=registry.PENDING)
    with pytest.raises(smoke.Unfit, match=r"record 1 gets .*3\.0\}, not .*3\.00001"):
        deploy.approve(session, group, 2, say=quiet)
    assert serves(session, group) == 2.0
    found = states.existing(session.sagemaker_client, group)
    assert found.serves(before.configuration)
    approval, reason = status(session, tampered)
    assert approval == registry.REJECTED and "otherwise than in evaluation" in reason
    champion = registry.champion(session, group)
    assert champion and champion["ModelPackageArn"] == first["ModelPackageArn"]
    assert words(session, group)[-1] == history.FAILED_CHECK
    assert left(session, group) == made


def test_an_endpoint_that_cannot_begin_is_deleted(session: Any, group: str) -> None:
    broken = register(session, group, -1.0)
    with pytest.raises(smoke.Unfit, match=r"(?s)does not serve .* version 1: .*not negative"):
        deploy.deploy(session, broken, say=quiet)
    assert states.state(session.sagemaker_client, group) is None
    assert not left(session, group)
    assert status(session, broken)[0] == registry.REJECTED


def test_a_model_that_does_not_load_leaves_what_served(session: Any, group: str) -> None:
    """The service is InService after such an update: the configuration's name tells."""
    done = deploy.deploy(session, register(session, group, 2.0), say=quiet)
    broken = register(session, group, -1.0)
    with pytest.raises(smoke.Unfit, match="does not serve"):
        deploy.deploy(session, broken, say=quiet)
    assert states.existing(session.sagemaker_client, group).serves(done.configuration)
    assert status(session, broken)[0] == registry.REJECTED
    deploy.undeploy(session, group, say=quiet)


def test_an_interrupt_goes_back_and_rejects_nothing(
    session: Any, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = deploy.deploy(session, register(session, group, 2.0), say=quiet)
    second = register(session, group, 3.0)

    def interrupted(*_: Any) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(smoke, "check", interrupted)
        with pytest.raises(KeyboardInterrupt):
            deploy.deploy(session, second, say=quiet)
    assert states.existing(session.sagemaker_client, group).serves(done.configuration)
    assert status(session, second) == (registry.PENDING, "not deployed: interrupted")
    assert words(session, group)[-1] == history.INTERRUPTED

    # One that is killed cannot go back: the list says so, and the next deployment mends it.
    registry.approve(session, group, 2)
    with monkeypatch.context() as patch:
        patch.setattr(smoke, "check", interrupted)
        patch.setattr(change.Change, "_undo", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            deploy.deploy(session, second | {"ModelApprovalStatus": "Approved"}, say=quiet)
    (row,) = [row for row in listing.table(session) if row.endpoint == group]
    assert row.note.startswith("not checked")
    approved = registry.to_use(session, group)
    deploy.deploy(session, approved, say=quiet)
    assert not any(row.note for row in listing.table(session) if row.endpoint == group)
    deploy.undeploy(session, group, say=quiet)


@HERE
def test_what_the_model_cannot_help_rejects_nothing(
    session: Any, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a quota: the version is not the champion of what does not serve it, though."""
    deploy.deploy(session, register(session, group, 2.0), say=quiet)
    second = register(session, group, 3.0, status=registry.PENDING)

    def refused(**_: Any) -> None:
        error = {"Error": {"Code": "ResourceLimitExceeded", "Message": "The limit is 0 Instances"}}
        raise ClientError(error, "UpdateEndpoint")  # type: ignore[arg-type]

    made = left(session, group)
    with monkeypatch.context() as patch:
        patch.setattr(session.sagemaker_client, "update_endpoint", refused)
        with pytest.raises(ClientError, match="limit is 0"):
            deploy.approve(session, group, 2, say=quiet)
    approval, reason = status(session, second)
    assert approval == registry.PENDING and "limit is 0" in reason
    assert serves(session, group) == 2.0 and left(session, group) == made
    deploy.undeploy(session, group, say=quiet)


def test_how_an_endpoint_serves_is_kept_until_it_is_changed(session: Any, group: str) -> None:
    wanted = hosting.Hosting(instance_count=2, capture_percentage=25)
    first = register(session, group, 2.0)
    done = deploy.deploy(session, first, endpoint="trial", hosted=wanted, say=quiet)
    client = session.sagemaker_client
    uri = hosting.captures_uri(session)
    config = client.describe_endpoint_config(EndpointConfigName=done.configuration)
    captured = config["DataCaptureConfig"]
    assert (captured["InitialSamplingPercentage"], captured["DestinationS3Uri"]) == (25, uri)
    register(session, group, 3.0, status=registry.PENDING)
    challenged = hosting.Hosting(challenger=registry.packages(session, group)[0]["ModelPackageArn"])
    shadowed = deploy.deploy(session, first, "trial", challenged, say=quiet)
    config = client.describe_endpoint_config(EndpointConfigName=shadowed.configuration)
    assert [item["VariantName"] for item in config["ShadowProductionVariants"]] == ["Challenger"]
    assert serves(session, "trial") == 2.0
    registry.approve(session, group, 2)
    kept = deploy.deploy(session, registry.to_use(session, group), "trial", wanted, say=quiet)
    assert hosting.of_configuration(client, kept.configuration).instance_count == 2
    back = deploy.rollback(session, "trial", say=quiet)  # to what served before, on this endpoint
    assert back.package == first["ModelPackageArn"]
    deploy.undeploy(session, "trial", say=quiet)
    assert not left(session, group)


@HERE
def test_an_image_of_ones_own_serves_the_artifact(session: Any, group: str) -> None:
    package = register(session, group, 2.0)
    image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/serve:2"
    done = deploy.deploy(session, package, hosted=hosting.Hosting(image=image), say=quiet)
    client = session.sagemaker_client
    assert hosting.of_configuration(client, done.configuration).image == image
    assert hosting.package_of(client, done.configuration) == package["ModelPackageArn"]
    assert serves(session, group) == 2.0
    deploy.undeploy(session, group, say=quiet)


@HERE
def test_what_is_refused_before_anything_starts(session: Any, group: str) -> None:
    pending = register(session, group, 2.0, status=registry.PENDING)
    with pytest.raises(errors.ProjectError, match="is PendingManualApproval, and only what is app"):
        deploy.deploy(session, pending, say=quiet)
    register(session, group, 3.0)
    with pytest.raises(errors.ProjectError, match=r"follows the champion .* version 2, not 1"):
        deploy.approve(session, group, 1, say=quiet)
    assert status(session, pending)[0] == registry.PENDING
    with (
        lock.held(group),
        pytest.raises(errors.ProjectError, match="is being deployed by another process"),
    ):
        deploy.deploy(session, registry.to_use(session, group), say=quiet)
    for command in (deploy.rollback, deploy.undeploy):
        with pytest.raises(errors.ProjectError, match=f"there is no endpoint {group}"):
            command(session, group, say=quiet)
    assert states.state(session.sagemaker_client, group) is None
    assert not left(session, group) and not words(session, group)


@HERE
def test_a_model_of_which_nothing_is_kept(session: Any, group: str) -> None:
    made = register(session, group, 2.0)
    client, said = session.sagemaker_client, []
    created = client.create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus="Approved",
        InferenceSpecification=made["InferenceSpecification"],
    )
    deploy.deploy(session, created["ModelPackageArn"], say=said.append)
    assert said[-1].endswith(f"{group} is in service, and its answers are not checked")
    deploy.undeploy(session, group, say=quiet)


@HERE
def test_the_commands(
    session: Any,
    group: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(opening, "open_session", lambda *_, **__: session)

    def told(*given: str) -> str:
        cli.main(["endpoints", *given])
        return capsys.readouterr().out

    register(session, group, 2.0)
    assert "InService after" in told("deploy", "--group", group, "--capture-percentage", "10")
    assert f"{group}/1 (Approved)  since " in told("list")
    file = tmp_path / "records.json"
    file.write_text(json.dumps({"instances": RECORDS}), encoding="utf-8")
    expected = {"predictions": [{"prediction": 2.0}, {"prediction": 5.0}]}
    assert json.loads(told("invoke", group, "--file", str(file))) == expected
    assert "the factor is 2.0" in told("log", group, "--lines", "5")
    assert "deployed" in told("history", group)
    register(session, group, 3.0, status=registry.PENDING)
    cli.main(["registry", "approve", "--group", group, "--version", "2", "--deploy"])
    assert f"{group} version 2 is Approved" in capsys.readouterr().out
    assert "is Rejected now" in told("rollback", group)
    with pytest.raises(SystemExit, match=r"endpoints: .*table.xlsx ends in none of \.json"):
        told("invoke", group, "--file", "table.xlsx")
    assert "deleted after" in told("undeploy", group)
    with pytest.raises(SystemExit, match=f"endpoints: {group}: .*not found"):
        told("invoke", group, "--record", "{}")
