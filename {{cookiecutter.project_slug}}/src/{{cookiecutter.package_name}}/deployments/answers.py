"""What the commands for endpoints answer: the lines that they print."""

from argparse import Namespace
from collections.abc import Iterable
from functools import partial
from typing import Any

from .. import registry
from ..options import group_of, opened

say = partial(print, flush=True)  # a deployment takes minutes


def list_endpoints(options: Namespace) -> Iterable[str]:
    from . import listing

    with opened(options) as session:
        return listing.listing(session)


def deploy(options: Namespace) -> Iterable[str]:
    from . import deploy, hosting

    group = group_of(options)
    with opened(options) as session:
        package = registry.to_use(session, group, options.version)
        hosted = hosting_of(options, session, options.endpoint or hosting.endpoint_name(group))
        deploy.deploy(session, package, options.endpoint, hosted, say)
    return []


def hosting_of(options: Namespace, session: Any, endpoint: str) -> Any:
    """How the options want an endpoint to serve; what they leave open stays as it is."""
    from dataclasses import replace

    from . import hosting, states

    client = session.sagemaker_client
    found = states.state(client, endpoint)
    now = hosting.of_configuration(client, found.configuration) if found else hosting.Hosting()
    names = ("instance_type", "instance_count", "capture_percentage", "capture_uri", "image")
    given = {name: getattr(options, name) for name in names}
    return replace(now, **{name: value for name, value in given.items() if value is not None})


def approve_and_deploy(options: Namespace) -> Iterable[str]:
    from . import deploy

    group = group_of(options)
    with opened(options) as session:
        deploy.approve(session, group, options.version, say=say)
    return []


def undeploy(options: Namespace) -> Iterable[str]:
    from . import deploy

    with opened(options) as session:
        deploy.undeploy(session, options.endpoint, say)
    return []


def rollback(options: Namespace) -> Iterable[str]:
    from . import deploy

    with opened(options) as session:
        deploy.rollback(session, options.endpoint, say)
    return []


def log(options: Namespace) -> Iterable[str]:
    from . import logs

    with opened(options) as session:
        found = logs.lines(session, options.endpoint)[-options.lines :]
        return found or [f"{options.endpoint} has no log"]


def show_history(options: Namespace) -> Iterable[str]:
    from . import history

    with opened(options) as session:
        lines = [history.line(event) for event in history.of(session, options.endpoint)]
        return lines or [f"nothing was deployed to {options.endpoint} from here"]


def invoke(options: Namespace) -> Iterable[str]:
    from . import invoke

    if options.file:
        kind, body = invoke.content_type(options.file), invoke.body_of(options.file)
    else:
        kind, body = invoke.TYPES[".json"], options.record.encode()
    accept = invoke.TYPES[f".{options.accept}"] if options.accept else ""
    with opened(options) as session:
        return [invoke.answer(session, options.endpoint, body, kind, accept)]
