"""The commands of monitoring, their options, their help."""

from ..command_line import Parser
from ..options import add_bucket, add_family, add_session, add_task
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
    add_bucket(testing)


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
    add_task(added)
    add_session(added)
    add_bucket(added)


def add_schedules(parser: Parser) -> None:
    """Managed monitoring, again and again."""
    about = "managed: have the monitoring pipeline be started by the clock: create, delete"
    schedules = parser.command("schedules", about)
    creating = schedules.command(
        "create",
        "create or change the schedule that starts the pipeline of notebook 06",
        answers.create_schedule,
        "schedules create --every '1 hour' --role arn:aws:iam::123456789012:role/scheduler",
    )
    about = "such as '1 hour', or an expression of EventBridge Scheduler"
    creating.add_argument("--every", required=True, help=about)
    about = "ARN of a role that Scheduler may assume, and that may start the pipeline"
    creating.add_argument("--role", required=True, help=about)
    deleting = schedules.command(
        "delete", "delete that schedule", answers.delete_schedule, "schedules delete"
    )
    for added in (creating, deleting):
        about = "that is watched; default: the one of this project's models"
        added.add_argument("--endpoint", default="", help=about)
        add_family(added)
        add_task(added)
        add_session(added, "managed")
        add_bucket(added)
