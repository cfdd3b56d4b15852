"""The door on the command line: which endpoints it asks, and what it says."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sagemaker_local.callers import LOOPBACK

from .. import paths, registry
from ..errors import ProjectError
from . import door, endpoint
from . import package as packages


def endpoints(words: str | None, task: str) -> dict[str, str]:
    """The endpoint of each model.

    Args:
        words: `xgboost=cars-xgboost,linear=cars-linear`; None: each family's.
        task: of the families' models, where they have one.

    Raises:
        ProjectError: the words are something else.
    """
    if words is None:
        return {family: registry.group_name(family, task) for family in registry.known_families()}
    try:
        return door.pairs(words)
    except ValueError as error:
        raise ProjectError(f"--endpoints {error}") from None


def serve(session: Any, words: str | None, task: str, host: str, port: int) -> None:
    """Answer on this machine until Ctrl-C.

    Raises:
        ProjectError: there is no endpoint to ask, or nothing can listen there.
    """
    from . import route

    asked = endpoints(words, task)
    for line in known(session, asked):
        print(f"router: {line}", flush=True)
    runtime = session.boto_session.client("sagemaker-runtime", config=endpoint.CONFIG)

    def say(url: str) -> None:
        print(f"router: POST {url}; Ctrl-C ends it", flush=True)
        if host != LOOPBACK:
            print("router: whoever reaches this machine can ask the models", flush=True)

    route.serve(door.Door(asked, runtime), host, port, say)


def known(session: Any, asked: Mapping[str, str]) -> list[str]:
    """A line for each endpoint.

    Raises:
        ProjectError: there is none of them.
    """
    statuses = {name: _status(session, name) for name in asked.values()}
    if not any(statuses.values()):
        raise ProjectError(
            f"there is no endpoint {' or '.join(statuses)}; deploy a model first, or name others "
            "by --endpoints"
        )
    return [
        f"{model} is endpoint {name}, {statuses[name] or 'which is not there'}"
        for model, name in asked.items()
    ]


def _status(session: Any, name: str) -> str:
    """An endpoint's status; empty where it is not there."""
    from botocore.exceptions import ClientError

    try:
        return str(session.sagemaker_client.describe_endpoint(EndpointName=name)["EndpointStatus"])
    except ClientError as error:
        if error.response["Error"]["Code"] in ("ValidationException", "ResourceNotFound"):
            return ""
        raise


def package(
    words: str | None, task: str, region: str, account: str, output: Path | None
) -> Iterable[str]:
    """Write the Lambda's package and its documents; gives a line for each file.

    Raises:
        ProjectError: a bad option.
    """
    folder = output or paths.PROJECT / "build" / "router"
    written = packages.write(folder, endpoints(words, task), region, account)
    return [f"written: {path}" for path in written]
