"""The commands for endpoints, their options, their help."""

from pathlib import Path

from ..command_line import Parser
from ..options import add_bucket, add_family, add_group, add_session
from . import answers


def add_endpoints(parser: Parser) -> None:
    """Endpoints: deployed, listed, asked, taken down."""
    about = "real-time endpoints: list, deploy, undeploy, rollback, log, history, invoke"
    endpoints = parser.command("endpoints", about)
    endpoints.command(
        "list",
        "list endpoints: what each serves, since when, from which run",
        answers.list_endpoints,
        "endpoints list",
        "endpoints list --session managed",
    )
    add_deploy(endpoints)
    for name, about, answer, *words in (
        ("undeploy", "delete an endpoint, with its configurations and models", answers.undeploy),
        ("rollback", "serve the model before, and reject the one that serves", answers.rollback),
        ("log", "print what an endpoint's containers have printed", answers.log),
        ("history", "list what became of deployments to an endpoint", answers.show_history),
        (
            *("invoke", "send records to an endpoint and print its answer", answers.invoke),
            *("--file records.jsonl", """--record '{"fuel":"petrol"}'"""),
        ),
    ):
        start = f"endpoints {name} my-endpoint"
        examples = [f"{start} {each}" for each in words] or [start]
        added = endpoints.command(name, about, answer, *examples)
        added.add_argument("endpoint", help="its name; `endpoints list` shows it")
    endpoints.commands["log"].add_argument(
        "--lines", type=int, default=0, help="only so many of the last ones; 0: all"
    )
    add_invoke(endpoints.commands["invoke"])
    for added in endpoints.commands.values():
        add_session(added)
        add_bucket(added)


def add_deploy(endpoints: Parser) -> None:
    """The command that deploys."""
    added = endpoints.command(
        "deploy",
        "have an endpoint serve an approved version, and check it by known records",
        answers.deploy,
        "endpoints deploy",
        "endpoints deploy --version 3 --endpoint trial --capture-percentage 10",
    )
    add = added.add_argument
    add("--version", type=int, default=0, help="default: the champion")
    add_family(added)
    add_group(added)
    add("--endpoint", default="", help="default: the one that is called like the group")
    about = "of the requests, kept with their answers to be monitored; 0: none (default: 100)"
    add("--capture-percentage", type=percentage, metavar="PERCENT", help=about)
    add("--capture-uri", metavar="S3_URI", help="where captures go; default: the session's bucket")
    add("--instance-type", help="of a managed endpoint, such as ml.m5.large")
    add("--instance-count", type=int, help="of a managed endpoint")
    add("--image", help="one's own, which runs serve.py; default: the package's")
    add("--role", default="", help="managed: ARN for the model; default: that of its pipeline")


def percentage(word: str) -> int:
    """A whole number up to 100."""
    if not word.isdecimal() or int(word) > 100:
        raise ValueError(word)
    return int(word)


def add_invoke(added: Parser) -> None:
    """What to send."""
    what = added.add_mutually_exclusive_group(required=True)
    what.add_argument("--record", metavar="JSON", help="one record, or a list of them")
    what.add_argument("--file", type=Path, help=".csv, .json or .jsonl")
    added.add_argument("--accept", choices=("csv", "json", "jsonl"), help="default: as sent")
