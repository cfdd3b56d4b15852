"""Messages to people: a file, the log, a webhook, a mail server, Apprise, or an SNS topic."""

import json
import logging
import os
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from .. import paths
from ..errors import ProjectError
from . import alert_settings
from .alert_settings import PASSWORD, Settings

SECONDS = 10.0
SUBJECT = 99  # characters of a subject that SNS takes
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


def tell(session: Any, message: Message) -> list[str]:
    """Tell everybody in ``params/alerts.yaml``; whatever is wrong there, the caller goes on.

    Args:
        session: local or managed, whose SNS tells a topic; None: no topic is told.
        message: what to tell.

    Returns:
        A sentence for each who could not be reached.
    """
    return send(message, settings(), session)


def settings() -> Settings:
    """The settings of ``params/alerts.yaml``; where those are wrong, which is said, the usual."""
    try:
        return alert_settings.read()
    except ProjectError as error:
        log.error("%s; until then only %s is told", error, Settings().file)
        return Settings()


def send(message: Message, settings: Settings, session: Any = None) -> list[str]:
    """Tell everybody; one who cannot be reached keeps no other from being told.

    Args:
        message: what to tell.
        settings: whom.
        session: local or managed, whose SNS tells a topic; None: no topic is told.

    Returns:
        A sentence for each who could not be reached.
    """
    if settings.log:
        log.warning("%s\n%s", message.subject, message.text)
    missed = []
    for name, way in _ways(message, settings, session).items():
        try:
            way()
        except Exception as error:  # whatever keeps one from being told, others are
            said = str(error) if isinstance(error, ProjectError) else _sentence(error)
            missed.append(f"{name} was not told: {said}")
            if settings.log:
                log.error(missed[-1])
    return missed


def recipients(settings: Settings, session: Any = None) -> list[str]:
    """Who is told in a session."""
    return list(_ways(Message("", ""), settings, session))


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _ways(message: Message, settings: Settings, session: Any) -> dict[str, Callable[[], None]]:
    """How each is told, by a name for sentences."""
    ways: dict[str, Callable[[], None]] = {}
    if settings.file:
        ways[settings.file] = lambda: _append(paths.PROJECT / settings.file, message)
    if settings.webhook:
        ways["the webhook"] = lambda: _post(settings.webhook, message)
    if settings.smtp:
        ways["the mail server"] = lambda: _mail(settings, message)
    if settings.apprise:
        ways["Apprise"] = lambda: _notify(settings.apprise, message)
    if settings.topic and session is not None and not session.runs_here:
        ways["the SNS topic"] = lambda: _publish(session, settings.topic, message)
    return ways


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
        error.close()
        raise ProjectError(f"it answered {error.code} {error.reason}") from None


def _mail(settings: Settings, message: Message) -> None:
    """Send a mail, over TLS wherever the server has it, and a password over nothing else."""
    server, trusted = urlsplit(settings.smtp), ssl.create_default_context()
    mail = EmailMessage()
    mail["Subject"] = " ".join(message.subject.split())
    mail["From"], mail["To"] = settings.sender, settings.to
    mail.set_content(message.text)
    host, port = server.hostname or "", server.port or 0
    encrypted = server.scheme == "smtps"
    connection = (
        smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=trusted)
        if encrypted
        else smtplib.SMTP(host, port, timeout=SECONDS)
    )
    with connection:
        connection.ehlo()
        if not encrypted and connection.has_extn("starttls"):
            connection.starttls(context=trusted)
            encrypted = True
        if server.username:
            connection.login(unquote(server.username), _password(encrypted))
        connection.send_message(mail)


def _password(encrypted: bool) -> str:
    if not encrypted:
        raise ProjectError("it has no TLS, and a password goes over nothing else; try smtps://")
    if PASSWORD not in os.environ:
        raise ProjectError(f"its password is not there; set {PASSWORD}")
    return os.environ[PASSWORD]


def _notify(addresses: str, message: Message) -> None:
    try:
        import apprise
    except ImportError:
        raise ProjectError(
            "it is not installed; `uv sync --inexact --extra apprise` installs it"
        ) from None
    told = apprise.Apprise()
    if not all([told.add(address) for address in addresses.split()]):
        raise ProjectError("it does not know one of the addresses; see its list of services")
    if not told.notify(body=message.text, title=message.subject):
        raise ProjectError("it could not reach one of the addresses")


def _publish(session: Any, topic: str, message: Message) -> None:
    # SNS takes subjects of less than 100 ASCII characters without a line's end.
    subject = " ".join(message.subject.encode("ascii", "replace").decode().split())[:SUBJECT]
    client = session.boto_session.client("sns", region_name=topic.split(":")[3])
    client.publish(TopicArn=topic, Subject=subject, Message=message.text)
