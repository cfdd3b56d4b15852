"""The door on the command line: which endpoints it asks, and what it says."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sagemaker_local.callers import LOOPBACK

from .. import paths, registry
from ..deployments import states
from ..deployments.hosting import endpoint_name
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
        groups = {each: registry.group_name(each, task) for each in registry.known_families()}
        return {family: endpoint_name(group) for family, group in groups.items()}
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
    found = {name: states.state(session.sagemaker_client, name) for name in asked.values()}
    if not any(found.values()):
        raise ProjectError(
            f"there is no endpoint {' or '.join(found)}; `make deploy VERSION=1` makes that of a "
            "family (FAMILY=linear: of the other one), and --endpoints names others"
        )
    return [
        f"{model} is endpoint {name}, {state.status if state else 'which is not there'}"
        for model, name in asked.items()
        for state in [found[name]]
    ]


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
