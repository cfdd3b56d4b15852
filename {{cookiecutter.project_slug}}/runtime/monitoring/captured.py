"""Captured requests and answers as rows, each with an id and a time.

Source: Amazon SageMaker Developer Guide, "Capture data": a line of JSON for each request, with
`captureData` (both sides as CSV, JSON or BASE64 text) and `eventMetadata`.
"""

import base64
import binascii
import csv
import gzip
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, BinaryIO

from tabular import payloads
from tabular.json_text import loads
from tabular.records import Record
from tabular.values import DataError

CSV, JSON = "text/csv", "application/json"
# The inference id of known records, which a deployment asks an endpoint for: nobody's request.
SMOKE_CHECK = "smoke-check"
LONGEST = 1 << 26  # bytes of a line: more than both bodies of a request can be
GZIP = b"\x1f\x8b"


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


class Unreadable:
    """Lines that could not be read: how many, and the first reasons."""

    def __init__(self) -> None:
        self.count = 0
        self.reasons: list[str] = []
        self._said: set[str] = set()

    def add(self, place: str, reason: str) -> None:
        """Note a line; the first of each reason is told."""
        self.count += 1
        if len(self.reasons) < 5 and reason not in self._said:
            self._said.add(reason)
            self.reasons.append(f"{place}: {reason[:200]}")

    def sentence(self) -> str:
        """What a report says of them; empty where there are none."""
        if not self.count:
            return ""
        lines = "1 captured line" if self.count == 1 else f"{self.count:,} captured lines"
        return f"{lines} could not be read, such as {'; '.join(self.reasons)}"


def read(
    path: Path, columns: list[str], classes: Sequence[str], unreadable: Unreadable
) -> Iterator[Capture]:
    """The captured requests of a file.

    Args:
        path: JSON Lines, packed by gzip or not.
        columns: of the model, in the order of its CSV.
        classes: that the model tells apart; none: it predicts numbers.
        unreadable: takes the lines that are none: half-written, of another model, or pictures.
    """
    with path.open("rb") as packed, _unpacked(packed) as file:
        try:
            for number, line in enumerate(_lines(file), start=1):
                if not line.strip():
                    continue
                try:
                    yield _capture(line, columns, classes)
                except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
                    unreadable.add(f"{path.name}:{number}", reason(error))
        except (EOFError, gzip.BadGzipFile) as error:
            unreadable.add(path.name, f"gzip: {error}")


def is_half_written(path: Path) -> bool:
    """Whether a file ends within a line, as while it is being written."""
    with path.open("rb") as file:
        if file.read(2) == GZIP or not file.seek(0, 2):
            return False
        file.seek(-1, 2)
        return file.read(1) != b"\n"


def _unpacked(file: BinaryIO) -> BinaryIO:
    is_packed = file.read(2) == GZIP
    file.seek(0)
    return gzip.GzipFile(fileobj=file) if is_packed else file  # type: ignore[return-value]


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines; of one that is too long, its beginning."""
    for line in iter(partial(file.readline, LONGEST), b""):
        yield line
        while len(line) == LONGEST and not line.endswith(b"\n"):
            line = file.readline(LONGEST)


def reason(error: Exception) -> str:
    """Why a line is no captured request."""
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return str(error) if isinstance(error, DataError) else "it is no captured request"


def _capture(line: bytes, columns: list[str], classes: Sequence[str]) -> Capture:
    if len(line) == LONGEST:
        raise DataError(f"it is longer than {LONGEST:,} bytes")
    try:
        found = loads(line)
    except ValueError:
        raise DataError("it is no line of JSON; it may be half-written") from None
    if not isinstance(found, dict):
        raise DataError("it is no captured request")
    data, about = found["captureData"], found["eventMetadata"]
    if "endpointInput" not in data:
        raise DataError("its input was not captured; have the endpoint capture Input and Output")
    body, kind = _side(data["endpointInput"])
    records = payloads.as_records(payloads.read(body, kind), columns)
    for each in records:
        if unknown := set(columns).difference(each):
            raise DataError(f"it lacks the model's fields {', '.join(sorted(unknown))}")
    answers = _answers(data["endpointOutput"], classes) if "endpointOutput" in data else []
    if answers and len(answers) != len(records):
        raise DataError(f"it has {len(records)} records and {len(answers)} answers")
    for each in answers:
        check_answer(each, classes)
    name = str(about.get("inferenceId") or about["eventId"])
    return Capture(name, moment_of(about["inferenceTime"]), records, answers)


def check_answer(answer: Mapping[str, Any], classes: Sequence[str]) -> None:
    """Raise a DataError where a model with these classes, or none, gives no such answer."""
    value = answer["prediction"]
    if not classes:
        if not _is_number(value):
            raise DataError(f"its answer {str(value)[:50]!r} is no number, as the model gives them")
        return
    if str(value) not in classes:
        raise DataError(f"its answer {str(value)[:50]!r} is none of the model's classes")
    shares = answer.get("probabilities") or {}
    if not isinstance(shares, dict) or not all(map(_is_number, shares.values())):
        raise DataError("the probabilities of its answer are no numbers")


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value)


@lru_cache(maxsize=1_000)
def moment_of(text: Any) -> datetime:
    """A time in UTC from its text; DataError where it is none."""
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, AttributeError, OverflowError):
        raise DataError(f"its inferenceTime {text!r} is no time") from None


def _side(found: Mapping[str, Any]) -> tuple[str, str]:
    """Text and type of one side. BASE64 hides a type that the configuration did not list."""
    text, kind = found["data"], str(found.get("observedContentType") or "")
    if not isinstance(text, str):
        raise DataError(f"its {found.get('mode', 'data')} is {str(text)[:50]!r}, no text")
    if found.get("encoding") == "BASE64":
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise DataError(f"its {found.get('mode', 'data')} is no text in BASE64") from None
    kind = kind.split(";")[0].strip().lower()
    if kind not in payloads.TYPES:  # such as text/html, of old models
        kind = JSON if text.lstrip()[:1] in ("{", "[") else CSV
    return text, kind


def _answers(found: Mapping[str, Any], classes: Sequence[str]) -> list[Mapping[str, Any]]:
    text, kind = _side(found)
    if kind == CSV:
        return [_of_cells(cells, classes) for cells in csv.reader(text.splitlines()) if cells]
    lines = [text] if kind == JSON else text.split("\n")
    try:
        parsed = [loads(line.encode()) for line in lines if line.strip()]
    except ValueError:
        raise DataError(f"its answer is not valid {kind}") from None
    given = [each for one in parsed for each in _predictions(one)]
    if not all(isinstance(each, dict) and "prediction" in each for each in given):
        raise DataError("its answer is no prediction")
    return given


def _predictions(parsed: Any) -> list[Any]:
    found = parsed.get("predictions", [parsed]) if isinstance(parsed, dict) else None
    return found if isinstance(found, list) else [None]


def _of_cells(cells: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
    """An answer in CSV: a number, or a label with the probabilities of the classes after it."""
    if not classes:
        return {"prediction": _number(cells[0])}
    shares = [_number(each) for each in cells[1:]]
    return {"prediction": cells[0], "probabilities": dict(zip(classes, shares, strict=False))}


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell
