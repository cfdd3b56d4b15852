"""Options that several commands have, and the session that they mean."""

from argparse import Namespace, _MutuallyExclusiveGroup
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .command_line import Parser
from .errors import ProjectError
from .registry import group_name, known_families
from .sessions.open import MODES


def add_family(added: Parser) -> None:
    """The option that says which family's models are meant."""
    try:
        known = known_families()
    except ProjectError:  # the command may be `exports export`, which writes the script with them
        known = ["xgboost"]
    default = "xgboost" if "xgboost" in known else known[0]
    added.add_argument("--family", choices=known, default=default, help=f"default: {default}")


def add_task(added: Parser | _MutuallyExclusiveGroup) -> None:
    """The option for models of other data than the project's own."""
    added.add_argument("--task", default="", help="that notebook 03 was given, if any")


def add_group(added: Parser) -> None:
    """The options for models of another task, or of another project."""
    which = added.add_mutually_exclusive_group()
    add_task(which)
    which.add_argument("--group", help="a model package group; default: this project's")


def group_of(options: Namespace) -> str:
    """The model package group that a command's options mean."""
    return options.group or group_name(options.family, options.task)


def endpoint_of(options: Namespace) -> str:
    """The endpoint that a command's options mean."""
    return options.endpoint or group_name(options.family, options.task)


def add_session(added: Parser, usual: str = "local") -> None:
    """The option that says whose models and executions are meant."""
    added.add_argument("--session", choices=MODES, default=usual, help=f"default: {usual}")


def add_bucket(added: Parser) -> None:
    """The option for the bucket of a managed session."""
    added.add_argument("--bucket", default="", help="the managed session's; default: its own")


@contextmanager
def opened(options: Namespace) -> Iterator[Any]:
    """The session of a command; what the service refuses in it is one sentence."""
    from botocore.exceptions import BotoCoreError, ClientError
    from sagemaker_local.errors import LocalError

    from .sessions.open import open_session

    try:
        given = vars(options)  # most commands start nothing that would need a role
        role, bucket = given.get("role") or "unused", given.get("bucket", "")
        yield open_session(options.session, role=role, bucket=bucket, warm=False)
    except (LocalError, BotoCoreError, ClientError) as error:
        raise ProjectError(str(error)) from error
