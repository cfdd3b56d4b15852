"""Messages to people: a file, the log, a webhook, a mail server, or an SNS topic.

Who is told is set in ``params/alerts.yaml``; a password is only ever read from the environment.
"""

import json
import logging
import os
import smtplib
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .. import paths
from ..errors import ProjectError

FILE = "alerts.yaml"
PASSWORD = "ALERT_SMTP_PASSWORD"
SECONDS = 10.0
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """What is told.

    Attributes:
        subject: in a few words.
        text: what, by how much, since when, and where to look.
    """

    subject: str
    text: str


@dataclass(frozen=True)
class Recipients:
    """Who is told.

    Attributes:
        file: that gets a line of JSON for each message; "": none.
        webhook: an address that takes JSON; "": none.
        smtp: a mail server, smtp://host:port or smtps://user@host:port; "": none.
        sender: of mails.
        to: addresses of mails, separated by commas.
        topic: ARN of an SNS topic, for managed sessions; "": none.
    """

    file: str = "reports/alerts.jsonl"
    webhook: str = ""
    smtp: str = ""
    sender: str = ""
    to: str = ""
    topic: str = ""

    def __post_init__(self) -> None:
        if self.webhook and urlsplit(self.webhook).scheme not in ("http", "https"):
            raise ProjectError(f"`webhook` is {self.webhook!r}; give an address with https://")
        if self.smtp and urlsplit(self.smtp).scheme not in ("smtp", "smtps"):
            raise ProjectError(f"`smtp` is {self.smtp!r}; give smtp://host:port")
        if self.smtp and not (self.sender and self.to):
            raise ProjectError("`smtp` is given; give `sender` and `to`, too")
        if urlsplit(self.smtp).password:
            raise ProjectError(f"`smtp` holds a password; put it into {PASSWORD} instead")


def read(path: Path | None = None) -> Recipients:
    """The recipients that are set, or those by default where nothing is.

    Raises:
        ProjectError: the file says something that nobody would look at.
    """
    import yaml

    path = path or paths.PARAMS / FILE
    if not path.is_file():
        return Recipients()
    found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    known = Recipients.__dataclass_fields__
    for name in found if isinstance(found, Mapping) else [found]:
        if name not in known:
            raise ProjectError(f"{path.name} sets {name!r}; it may set {', '.join(known)}")
    return Recipients(**{name: str(value or "") for name, value in found.items()})


def send(message: Message, recipients: Recipients, sns: Any = None) -> list[str]:
    """Tell everybody; one who cannot be reached keeps no other from being told.

    Args:
        message: what to tell.
        recipients: whom.
        sns: a client of SNS, for a topic.

    Returns:
        A sentence for each who could not be reached.
    """
    log.warning("%s: %s", message.subject, message.text)
    ways: dict[str, Callable[[], None]] = {}
    if recipients.file:
        ways[recipients.file] = lambda: _append(paths.PROJECT / recipients.file, message)
    if recipients.webhook:
        ways["the webhook"] = lambda: _post(recipients.webhook, message)
    if recipients.smtp:
        ways["the mail server"] = lambda: _mail(recipients, message)
    if recipients.topic and sns is not None:
        ways["the SNS topic"] = lambda: _publish(sns, recipients.topic, message)
    missed = []
    for name, way in ways.items():
        try:
            way()
        except Exception as error:  # whatever keeps one from being told, others are
            missed.append(f"{name} was not told: {type(error).__name__}: {error}")
            log.error(missed[-1])
    return missed


def _append(path: Path, message: Message) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    line = {"time": datetime.now(UTC).isoformat(timespec="seconds"), **vars(message)}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _post(address: str, message: Message) -> None:
    body = json.dumps({**vars(message), "text": f"{message.subject}\n{message.text}"}).encode()
    request = urllib.request.Request(
        address, body, {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS):
            pass
    except urllib.error.HTTPError as error:
        raise ProjectError(f"it answered {error.code} {error.reason}") from None


def _mail(recipients: Recipients, message: Message) -> None:
    server = urlsplit(recipients.smtp)
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = message.subject, recipients.sender, recipients.to
    mail.set_content(message.text)
    secure = server.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    port = server.port or (465 if secure else 25)
    with kind(server.hostname or "", port, timeout=SECONDS) as connection:
        if server.username:
            connection.login(server.username, os.environ.get(PASSWORD, ""))
        connection.send_message(mail)


def _publish(sns: Any, topic: str, message: Message) -> None:
    # SNS takes subjects of 100 ASCII characters without a line's end.
    subject = message.subject.encode("ascii", "replace").decode().replace("\n", " ")[:100]
    sns.publish(TopicArn=topic, Subject=subject, Message=message.text)
