"""Who is told of what: ``params/alerts.yaml``.

A password stands in no file: it is read from the environment, and so is any value that begins with
``$``, such as a webhook's address that is a secret itself.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .. import paths
from ..errors import ProjectError
from .windows import Rule

FILE = "alerts.yaml"
PASSWORD = "ALERT_SMTP_PASSWORD"
SILENCE = "ALERTS"  # a variable that is "none" where nobody is to be told, as in tests


@dataclass(frozen=True)
class Settings:
    """Who is told, and of what.

    Attributes:
        file: gets a line of JSON for each message; "": none.
        log: whether messages are logged, too.
        webhook: an address that takes JSON; "": none.
        smtp: a mail server, smtp://host:port or smtps://user@host:port; "": none.
        sender: of mails.
        to: addresses of mails, separated by commas.
        apprise: addresses as Apprise knows them, separated by blanks; "": none.
        topic: ARN of an SNS topic, for managed sessions; "": none.
        windows_needed: in so many windows something has to be seen before an alert goes out ...
        windows_of: ... of the last so many.
        success: whether a pipeline that has succeeded is told of.
        failure: whether one that has failed is.
        rejection: whether one is whose gate has rejected the model.
    """

    file: str = "reports/alerts.jsonl"
    log: bool = True
    webhook: str = ""
    smtp: str = ""
    sender: str = ""
    to: str = ""
    apprise: str = ""
    topic: str = ""
    windows_needed: int = 2
    windows_of: int = 3
    success: bool = False
    failure: bool = True
    rejection: bool = True

    def __post_init__(self) -> None:
        _check_address("webhook", self.webhook, ("http", "https"), "https://")
        _check_address("smtp", self.smtp, ("smtp", "smtps"), "smtps://host:port")
        if self.smtp and not (self.sender and self.to):
            raise ProjectError("`smtp` is given; give `sender` and `to`, too")
        if self.topic and len(self.topic.split(":")) != 6:
            raise ProjectError(f"`topic` is {self.topic!r}; give its ARN, arn:aws:sns:...")
        try:
            self.rule()
        except ValueError as error:
            raise ProjectError(f"`windows_needed` and `windows_of`: {error}") from None

    def rule(self) -> Rule:
        """In how many windows something has to be seen."""
        return Rule(self.windows_needed, self.windows_of)


def _check_address(name: str, address: str, schemes: tuple[str, ...], example: str) -> None:
    scheme = urlsplit(address).scheme
    if address and scheme not in schemes:
        raise ProjectError(f"`{name}` begins with {scheme or 'no scheme'!r}; give {example}...")


def read(path: Path | None = None) -> Settings:
    """The settings of a file, or those by default where nothing is set.

    Raises:
        ProjectError: the file says something that nobody would look at, or holds a password.
    """
    import yaml

    if path is None and os.environ.get(SILENCE) == "none":
        return Settings(file="")
    path = path or paths.PARAMS / FILE
    if not path.is_file():
        return Settings()
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ProjectError(f"{path.name} is no YAML: {' '.join(str(error).split())}") from None
    known = Settings.__dataclass_fields__
    for name in found if isinstance(found, Mapping) else [found]:
        if name not in known:
            raise ProjectError(f"{path.name} sets {name!r}; it may set {', '.join(known)}")
    return Settings(**{name: _value(path, name, value) for name, value in found.items()})


def _value(path: Path, name: str, value: Any) -> Any:
    """A setting in its type; a text that begins with $ is the environment's."""
    usual = getattr(Settings(), name)
    if not isinstance(usual, str):
        if type(value) is not type(usual):
            needed = "true or false" if isinstance(usual, bool) else "a whole number"
            raise ProjectError(f"{path.name} sets {name} to {value!r}; give {needed}")
        return value
    text = str(value or "").strip()
    if text.startswith("$"):
        variable = text.strip("${}")
        if variable not in os.environ:
            raise ProjectError(f"{path.name}: `{name}` is ${variable}, which is not set; set it")
        return os.environ[variable]
    for address in text.split():
        if urlsplit(address).password:
            hint = PASSWORD if name == "smtp" else "a variable, and its name as $NAME here"
            raise ProjectError(f"{path.name}: `{name}` holds a password; put it into {hint}")
    return text
