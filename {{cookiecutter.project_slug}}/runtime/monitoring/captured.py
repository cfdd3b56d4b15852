"""Captured requests and answers as rows, each with an id and a time.

Source: Amazon SageMaker Developer Guide, "Capture data": a line of JSON for each request, with
`captureData` (both sides as CSV, JSON or BASE64 text) and `eventMetadata`.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tabular import payloads
from tabular.json_text import loads
from tabular.records import Record
from tabular.values import DataError

CSV, JSON = "text/csv", "application/json"
# The inference id of known records, which a deployment asks an endpoint for: nobody's request.
SMOKE_CHECK = "smoke-check"


@dataclass(frozen=True)
class Capture:
    """One request with its answer.

    Attributes:
        id: the caller's inference id, else the event's.
        time: when it was answered.
        records: its raw records, by the model's columns.
        answers: the model's answers, one for each record; none where the answer was not captured.
    """

    id: str
    time: datetime
    records: Sequence[Record]
    answers: Sequence[Mapping[str, Any]]

    def row_ids(self) -> list[str]:
        """The id of each row: the request's where it has one row, else `<id>/<row>` from 0."""
        if len(self.records) == 1:
            return [self.id]
        return [f"{self.id}/{row}" for row in range(len(self.records))]


@dataclass(frozen=True)
class Place:
    """Where a line is, for what is said about it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Unreadable:
    """Lines that could not be read: how many, and the first reasons."""

    def __init__(self) -> None:
        self.count = 0
        self.reasons: list[str] = []

    def add(self, place: Place, reason: object) -> None:
        """Note a line."""
        self.count += 1
        if len(self.reasons) < 5:
            self.reasons.append(f"{place}: {reason}")

    def sentence(self) -> str:
        """What a report says of them; empty where there are none."""
        if not self.count:
            return ""
        return f"{self.count} captured lines could not be read, such as {'; '.join(self.reasons)}"


def read(
    paths: Iterable[Path], columns: list[str], classes: Sequence[str], unreadable: Unreadable
) -> Iterator[Capture]:
    """The captured requests of some files, one after another.

    Args:
        paths: files of JSON Lines.
        columns: of the model, in the order of its CSV.
        classes: that the model tells apart; none: it predicts numbers.
        unreadable: takes the lines that are none: half-written, of another model, or pictures.
    """
    for path in paths:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                try:
                    yield _capture(line, columns, classes)
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                    unreadable.add(Place(path.name, number), _reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return str(error)


def _capture(line: bytes, columns: list[str], classes: Sequence[str]) -> Capture:
    try:
        found = loads(line)
    except ValueError:
        raise DataError("it is no line of JSON; it may be half-written") from None
    data, about = found["captureData"], found["eventMetadata"]
    body, kind = _side(data["endpointInput"])
    records = payloads.as_records(payloads.read(body, kind), columns)
    wanted = set(columns)
    for each in records:
        if unknown := wanted - each.keys():
            raise DataError(f"it lacks the model's fields {', '.join(sorted(unknown))}")
    answers = _answers(data["endpointOutput"]) if "endpointOutput" in data else []
    if answers and len(answers) != len(records):
        raise DataError(f"it has {len(records)} records and {len(answers)} answers")
    for each in answers:
        check_answer(each["prediction"], classes)
    name = about.get("inferenceId") or about["eventId"]
    return Capture(name, _time(about["inferenceTime"]), records, answers)


def check_answer(value: Any, classes: Sequence[str]) -> None:
    """Raise a DataError where a model with these classes, or none, gives no such answer."""
    if classes:
        if str(value) not in classes:
            raise DataError(f"its answer {str(value)[:50]!r} is none of the model's classes")
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"its answer {str(value)[:50]!r} is no number, as the model gives them")


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def _side(found: Mapping[str, Any]) -> tuple[str, str]:
    """Text and type of one side. BASE64 hides a type that the configuration did not list."""
    text, kind = found["data"], found.get("observedContentType") or ""
    if found.get("encoding") == "BASE64":
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise DataError(f"its {found.get('mode', 'data')} is no text in BASE64") from None
    if kind.split(";")[0].strip().lower() not in payloads.TYPES:  # such as text/html, of old models
        kind = JSON if text.lstrip()[:1] in ("{", "[") else CSV
    return text, kind


def _answers(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    text, kind = _side(found)
    if kind.startswith(CSV):
        rows = [line.split(",") for line in text.splitlines() if line]
        return [{"prediction": _value(cells[0])} for cells in rows]
    lines = [text] if kind.startswith(JSON) else text.splitlines()
    parsed = [loads(line.encode()) for line in lines if line.strip()]
    given = [each for one in parsed for each in _predictions(one)]
    if not all(isinstance(each, dict) and "prediction" in each for each in given):
        raise DataError("its answer is no prediction")
    return given


def _predictions(parsed: Any) -> list[Any]:
    found = parsed.get("predictions", [parsed]) if isinstance(parsed, dict) else None
    return found if isinstance(found, list) else [None]


def _value(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell
