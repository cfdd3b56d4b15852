"""What can go wrong, as sentences for a person, and as the errors that boto3 would raise."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ClientError


class LocalError(Exception):
    """One sentence: what is wrong, where, and what to do."""


class NotFoundError(LocalError):
    """Something that the state does not have; the service's code is ResourceNotFound."""


@dataclass(frozen=True)
class Refusal:
    """One reason why a definition cannot run: the place (a step, a parameter) and the sentence."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class DefinitionError(LocalError):
    """A pipeline definition that cannot run here; ``refusals`` holds every reason."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__(refused("The pipeline definition", self.refusals))


class StepFailure(LocalError):
    """A step that ran and failed; its text becomes the step's FailureReason."""


class DiskFull(StepFailure):
    """No space was left on the disk; what can be tried again when there is some."""


class JobKilled(StepFailure):
    """A job's program was ended by a signal that nobody here sent: out of memory, most often."""


def refused(what: str, refusals: Sequence[object]) -> str:
    """Why ``what`` cannot run, each reason on a line of its own."""
    lines = "\n".join(f"  - {refusal}" for refusal in refusals)
    count = "1 reason" if len(refusals) == 1 else f"{len(refusals)} reasons"
    return f"{what} cannot run, for {count}:\n{lines}"


@contextmanager
def noting(found: list[str]) -> Iterator[None]:
    """Add the sentences of a ValueError to those that were found already, and go on."""
    try:
        yield
    except ValueError as error:
        found += map(str, error.args)


def unknown_properties(given: Iterable[str], known: Collection[str]) -> list[str]:
    """The service's words for members that an object does not have, one for each."""
    unknown, free = set(given) - set(known), set(known) - set(given)
    return [unknown_property(name, free) for name in sorted(unknown)]


def unknown_property(name: str, known: Iterable[str]) -> str:
    """The same for one member; ``known`` are those that may have been meant."""
    return f"Cannot parse object, unknown property {name!r}{did_you_mean(name, known)}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about a name that is not known; empty if none is like it."""
    in_any_case = {each.lower(): each for each in known}
    close = difflib.get_close_matches(name.lower(), in_any_case, n=1)
    return f"; did you mean {in_any_case[close[0]]!r}?" if close else ""


def missing(noun: str, arn: str) -> LocalError:
    """The service's words for what is not there."""
    return LocalError(f'Could not find {noun} "{arn}".')


def taken(noun: str, arn: str) -> LocalError:
    """The service's words for a name that is there already."""
    return LocalError(f'Cannot create already existing {noun} "{arn}".')


def client_error(code: str, message: str, operation: str) -> ClientError:
    """The error that boto3 raises when the service answers with ``code``."""
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "", "RetryAttempts": 0},
        },
        operation,
    )


def not_found(message: str, operation: str) -> ClientError:
    return client_error("ResourceNotFound", message, operation)


def invalid(message: str, operation: str) -> ClientError:
    return client_error("ValidationException", message, operation)
