"""The commands of monitoring, their options, their help."""

from ..command_line import Parser
from ..options import add_session
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
