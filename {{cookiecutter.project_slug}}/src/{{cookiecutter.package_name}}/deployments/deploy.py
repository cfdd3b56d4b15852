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


def approve(
    session: Any,
    group: str,
    version: int,
    hosted: Hosting | None = None,
    say: Say = print,
    endpoint: str = "",
) -> Deployed:
    """Approve a version and have an endpoint serve it.

    Where that does not work out, the version is not approved, or Rejected if that is its fault.

    Args:
        session: local or managed.
        group: of model packages.
        version: of a package.
        hosted: how it is to serve; None: as the endpoint does, or by the defaults.
        say: is told of the progress.
        endpoint: its name; empty: the one that follows the group.

    Raises:
        ProjectError: there is no such version, a later one is approved, or it does not serve.
    """
    package = registry.find(session, group, version)
    approved = {**package, "ModelApprovalStatus": registry.APPROVED}
    refuse_package(session, approved, endpoint or hosting.endpoint_name(group))
    registry.approve(session, group, version)
    say(f"{registry.version_name(package)} is {registry.APPROVED}")
    try:
        return deploy(session, approved, endpoint, hosted, say)
    except BaseException as error:
        now = registry.describe(session, package["ModelPackageArn"])["ModelApprovalStatus"]
        was = package["ModelApprovalStatus"]
        if now == registry.APPROVED != was:
            registry.judge(session, package, was, f"not deployed: {error}")
            say(f"{registry.version_name(package)} is {was} again")
        raise


def refuse_package(session: Any, package: Mapping[str, Any], endpoint: str) -> None:
    """Raise a ProjectError where a package may not be deployed to an endpoint."""
    version = registry.version_name(package)
    if package["ModelApprovalStatus"] != registry.APPROVED:
        raise ProjectError(
            f"{version} is {package['ModelApprovalStatus']}, and only what is approved is "
            f"deployed: make deploy VERSION={package['ModelPackageVersion']} does both"
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
    if found is None:
        return None
    refuse_busy(found)
    if found.status != states.FAILED:
        return found
    say(f"{endpoint}: {found.status} before ({found.reason}); it is made anew")
    session.sagemaker_client.delete_endpoint(EndpointName=endpoint)
    states.settled(session, endpoint, say)
    return None


def refuse_busy(found: State) -> None:
    """Raise a ProjectError where somebody has asked for a change that is not over."""
    if found.busy:
        raise ProjectError(
            f"{found.name} is {found.status}, which somebody has asked for; wait until that is over"
        )


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
    if hosting.has_challenger(client, before.configuration):  # which is not wanted any more
        return None
    last = history.last(session, before.name)
    if last is None or last.what == history.STARTED:
        return None
    try:
        checked = smoke.check(session, before.name, package)
    except smoke.Unfit:  # made anew, and rejected where that does not help
        return None
    return Deployed(before.name, before.configuration, arn, f"nothing to do: {checked}")


def rollback(session: Any, endpoint: str, say: Say = print) -> Deployed:
    """Have an endpoint serve the model before, and reject the model package that it leaves.

    Of an endpoint that follows a group that is the next approved version, which becomes the
    champion by that; of another one, what it served before.

    Raises:
        ProjectError: there is nothing to go back to, or it does not serve any more.
    """
    client = session.sagemaker_client
    with lock.held(endpoint):
        before = states.existing(client, endpoint)
        refuse_busy(before)
        left = hosting.package_of(client, before.configuration)
        package = _earlier(session, endpoint, left)
        configuration = _still_there(session, endpoint, package)
        made_here = not configuration
        if made_here:
            wanted = hosting.of_configuration(client, before.configuration)
            configuration = hosting.create(session, package, wanted)
        say(f"{endpoint}: back to {registry.version_name(package)} by {configuration}")
        ending = history.ROLLED_BACK
        change = Change(session, endpoint, package, configuration, before, ending, say, made_here)
        checked = change.carry_out()
        reason = f"{endpoint} was rolled back from it"
        registry.judge(session, registry.describe(session, left), registry.REJECTED, reason)
        say(f"{left} is {registry.REJECTED} now: {reason}")
    say(checked)
    return Deployed(endpoint, configuration, package["ModelPackageArn"], checked)


def _earlier(session: Any, endpoint: str, left: str) -> dict[str, Any]:
    """The approved package that an endpoint goes back to from another one."""
    group = left.split("/")[-2] if left else ""
    if endpoint == hosting.endpoint_name(group):
        listed = registry.packages(session, group)
        arns = [item["ModelPackageArn"] for item in listed]
    else:
        served = reversed(history.of(session, endpoint))
        arns = [event.package for event in served if event.what in history.SERVING]
    for arn in arns:
        if arn != left:
            package = registry.describe(session, arn)
            if package["ModelApprovalStatus"] == registry.APPROVED:
                return package
    raise ProjectError(
        f"there is no other approved model for {endpoint} to go back to; make undeploy "
        f"ENDPOINT={endpoint} takes it down"
    )


def _still_there(session: Any, endpoint: str, package: Mapping[str, Any]) -> str:
    """The last configuration that served a package on an endpoint, if it is there; else ""."""
    for event in reversed(history.of(session, endpoint)):
        is_of_package = event.package == package["ModelPackageArn"]
        if event.what in history.SERVING and is_of_package:
            name = event.configuration
            return name if hosting.package_of(session.sagemaker_client, name) else ""
    return ""


def undeploy(session: Any, endpoint: str, say: Say = print) -> None:
    """Delete an endpoint, with the configurations and models that were made for it.

    Raises:
        ProjectError: there is no such endpoint, or it is busy.
    """
    client = session.sagemaker_client
    with lock.held(endpoint):
        found = states.existing(client, endpoint)
        refuse_busy(found)
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
