"""Deploying a model package to an endpoint, going back, and taking an endpoint down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import registry
from ..errors import ProjectError
from . import history, hosting, lock, smoke, states
from .change import Change
from .hosting import Hosting
from .states import Say, State

KEPT = 5  # configurations of an endpoint, to go back to


@dataclass(frozen=True)
class Deployed:
    """What serves now.

    Attributes:
        endpoint: its name.
        configuration: that answers.
        package: ARN of its model package.
        checked: a sentence on the smoke check.
    """

    endpoint: str
    configuration: str
    package: str
    checked: str


def deploy(
    session: Any,
    package: Mapping[str, Any] | str,
    endpoint: str = "",
    hosted: Hosting | None = None,
    say: Say = print,
) -> Deployed:
    """Have an endpoint serve a model package; it is created where there is none.

    The package's known records are sent to it. Where it fails to serve, or to answer them as in
    evaluation, the endpoint goes back to what it served before, one that is new is deleted, and the
    package becomes Rejected.

    Args:
        session: local or managed.
        package: an approved model package's description, or its ARN.
        endpoint: its name; empty: the one that follows the package's group.
        hosted: how it is to serve; None: as it does, or by the defaults.
        say: is told of the progress.

    Raises:
        ProjectError: the package is not approved or does not serve, or the endpoint is busy.
    """
    found = registry.describe(session, package) if isinstance(package, str) else package
    client, group = session.sagemaker_client, found["ModelPackageGroupName"]
    name = endpoint or hosting.endpoint_name(group)
    with lock.held(name):
        refuse_package(session, found, name)
        before = standing(session, name, say)
        wanted = hosted or _as_it_serves(client, before)
        if same := _serving_already(session, found, before, wanted):
            return same
        configuration = hosting.create(session, found, wanted)
        say(f"{name}: {registry.version_name(found)} by {configuration}")
        change = Change(session, name, found, configuration, before, history.DEPLOYED, say)
        checked = change.carry_out()
        forget(session, name, configuration)
    say(checked)
    return Deployed(name, configuration, found["ModelPackageArn"], checked)


def refuse_package(session: Any, package: Mapping[str, Any], endpoint: str) -> None:
    """Raise a ProjectError where a package may not be deployed to an endpoint."""
    version = registry.version_name(package)
    if package["ModelApprovalStatus"] != registry.APPROVED:
        raise ProjectError(
            f"{version} is {package['ModelApprovalStatus']}, and only what is approved is "
            "deployed: make approve VERSION="
            f"{package['ModelPackageVersion']} DEPLOY=1 does both"
        )
    group = package["ModelPackageGroupName"]
    if endpoint != hosting.endpoint_name(group):
        return
    champion = registry.champion(session, group)
    if champion and champion["ModelPackageVersion"] > package["ModelPackageVersion"]:
        raise ProjectError(
            f"{endpoint} follows the champion of {group}, which is version "
            f"{champion['ModelPackageVersion']}, not {package['ModelPackageVersion']}: roll back "
            "from it, or give another endpoint"
        )


def standing(session: Any, endpoint: str, say: Say) -> State | None:
    """An endpoint that can be updated; None where it has to be created.

    Raises:
        ProjectError: it is busy.
    """
    found = states.state(session.sagemaker_client, endpoint)
    if found is None or not (found.busy or found.status == states.FAILED):
        return found
    if found.busy:
        raise ProjectError(
            f"{endpoint} is {found.status}, which somebody has asked for; wait until that is over"
        )
    say(f"{endpoint}: {found.status} before ({found.reason}); it is made anew")
    session.sagemaker_client.delete_endpoint(EndpointName=endpoint)
    states.settled(session, endpoint, say)
    return None


def _as_it_serves(client: Any, before: State | None) -> Hosting:
    return hosting.of_configuration(client, before.configuration) if before else Hosting()


def _serving_already(
    session: Any, package: Mapping[str, Any], before: State | None, wanted: Hosting
) -> Deployed | None:
    """What serves, if that is what is wanted, and was checked."""
    client, arn = session.sagemaker_client, package["ModelPackageArn"]
    if before is None or hosting.package_of(client, before.configuration) != arn:
        return None
    if wanted.challenger or wanted != hosting.of_configuration(client, before.configuration):
        return None
    last = history.last(session, before.name)
    if last is None or last.what == history.STARTED:
        return None
    checked = smoke.check(session, before.name, package)
    return Deployed(before.name, before.configuration, arn, f"nothing to do: {checked}")


def rollback(session: Any, endpoint: str, say: Say = print) -> Deployed:
    """Have an endpoint serve what it served before, and reject the model package that it leaves.

    Raises:
        ProjectError: there is nothing to go back to, or it does not serve any more.
    """
    client = session.sagemaker_client
    with lock.held(endpoint):
        before = states.existing(client, endpoint)
        if before.busy:
            standing(session, endpoint, say)
        left = hosting.package_of(client, before.configuration)
        configuration, package = _previous(session, before, left)
        say(f"{endpoint}: back to {registry.version_name(package)} by {configuration}")
        ending = history.ROLLED_BACK
        change = Change(session, endpoint, package, configuration, before, ending, say, False)
        checked = change.carry_out()
        if left and left != package["ModelPackageArn"]:
            reason = f"{endpoint} was rolled back from it"
            registry.judge(session, registry.describe(session, left), registry.REJECTED, reason)
            say(f"{left} is {registry.REJECTED} now: {reason}")
    say(checked)
    return Deployed(endpoint, configuration, package["ModelPackageArn"], checked)


def _previous(session: Any, now: State, left: str) -> tuple[str, dict[str, Any]]:
    """The configuration that served last before the present one, and its approved package."""
    client = session.sagemaker_client
    for event in reversed(history.of(session, now.name)):
        if event.what not in history.SERVING or event.package == left:
            continue
        if hosting.package_of(client, event.configuration):  # it is still there
            package = registry.describe(session, event.package)
            if package["ModelApprovalStatus"] == registry.APPROVED:
                return event.configuration, package
    raise ProjectError(
        f"{now.name} has served no other approved model that is still there; "
        "`make models` lists what can be deployed"
    )


def undeploy(session: Any, endpoint: str, say: Say = print) -> None:
    """Delete an endpoint, with the configurations and models that were made for it.

    Raises:
        ProjectError: there is no such endpoint, or it is busy.
    """
    client = session.sagemaker_client
    with lock.held(endpoint):
        found = states.existing(client, endpoint)
        if found.busy:
            standing(session, endpoint, say)
        package = hosting.package_of(client, found.configuration)
        client.delete_endpoint(EndpointName=endpoint)
        states.settled(session, endpoint, say)
        forget(session, endpoint, keep=0)
        event = history.Event(endpoint, history.UNDEPLOYED, found.configuration, package)
        history.add(session, event)


def forget(session: Any, endpoint: str, serving: str = "", keep: int = KEPT) -> None:
    """Delete configurations, and their models, that an endpoint has left long ago.

    Args:
        session: local or managed.
        endpoint: its name.
        serving: the configuration that answers, which stays.
        keep: how many of the last ones stay.
    """
    served = [event.configuration for event in history.of(session, endpoint)]
    newest = list(dict.fromkeys(reversed(served)))
    for configuration in newest[keep:]:
        if configuration != serving:
            hosting.delete(session.sagemaker_client, configuration)
