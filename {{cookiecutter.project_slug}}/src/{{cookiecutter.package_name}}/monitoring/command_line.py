"""The commands of monitoring, their options, their help."""

from ..command_line import Parser
from ..options import add_family, add_session
from . import answers


def add_alerts(parser: Parser) -> None:
    """Who is told."""
    alerts = parser.command("alerts", "messages to people: test")
    testing = alerts.command(
        "test",
        "send a message to everybody in params/alerts.yaml, and say who was not reached",
        answers.test_alerts,
        "alerts test",
        "alerts test --session managed",
    )
    add_session(testing)
    testing.add_argument("--bucket", default="", help="the managed session's; default: its own")


def add_labels(parser: Parser) -> None:
    """What turned out to be true of captured requests."""
    added = parser.command(
        "labels",
        "put what turned out to be true where the monitoring of an endpoint finds it",
        answers.labels,
        "labels labels.csv",
        "labels sold.csv --endpoint cars --session managed",
    )
    added.add_argument("file", help="a table of id,label, or lines in Model Monitor's format")
    about = "whose requests these are; default: the one of this project's models"
    added.add_argument("--endpoint", default="", help=about)
    add_family(added)
    add_session(added)
    added.add_argument("--bucket", default="", help="the managed session's; default: its own")
