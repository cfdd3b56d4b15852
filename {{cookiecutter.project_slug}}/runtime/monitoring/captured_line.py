"""A line of captured requests: one request with its answer.

Source: Amazon SageMaker Developer Guide, "Capture data": a line of JSON for each request, with
`captureData` (both sides as CSV, JSON or BASE64 text) and `eventMetadata`.

`read_plainly` takes any line, and says what is wrong. See `usual_lines` for most of them, sooner.
"""

import base64
import binascii
import csv
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from tabular import payloads
from tabular.json_text import loads
from tabular.records import Record
from tabular.values import DataError

CSV, JSON = "text/csv", "application/json"
NUMBERS = (float, int)
# What reading a line raises where it is no captured request.
NO_LINE = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)


Row = tuple[Any, ...]


class Capture(NamedTuple):
    """One request with its answer.

    Attributes:
        id: the caller's inference id, else the event's.
        time: when it was answered.
        rows: the raw values of each of its records, in the order of the model's columns.
        answers: the model's answers, one for each row; none where the answer was not captured.
    """

    id: str
    time: datetime
    rows: Sequence[Row]
    answers: Sequence[Mapping[str, Any]]

    def row_ids(self) -> list[str]:
        """The id of each row: the request's where it has one row, else `<id>/<row>` from 0."""
        if len(self.rows) == 1:
            return [self.id]
        return [f"{self.id}/{row}" for row in range(len(self.rows))]


class Wanted:
    """What a model takes and gives.

    Args:
        columns: in the order of its CSV.
        classes: that it tells apart; none: it predicts numbers.
    """

    def __init__(self, columns: Sequence[str], classes: Sequence[str]) -> None:
        self.columns, self.classes = list(columns), classes
        self._get = itemgetter(columns[0], *columns)  # with one name more, it gives a tuple

    def row(self, record: Record) -> Row:
        """The values of a record, in the order of the columns; DataError where it lacks some."""
        try:
            found: Row = self._get(record)
        except KeyError:
            unknown = sorted(set(self.columns).difference(record))
            raise DataError(f"it lacks the model's fields {', '.join(unknown)}") from None
        return found[1:]


def read_plainly(line: bytes, wanted: Wanted) -> Capture:
    """The request of a line; an exception of NO_LINE where it is none, see `reason`."""
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
    records = payloads.as_records(payloads.read(body, kind), wanted.columns)
    rows = [wanted.row(each) for each in records]
    has_answer = "endpointOutput" in data
    answers = _answers(data["endpointOutput"], wanted.classes) if has_answer else []
    if answers and len(answers) != len(rows):
        raise DataError(f"it has {len(rows)} records and {len(answers)} answers")
    for each in answers:
        check_answer(each, wanted.classes)
    name = str(about.get("inferenceId") or about["eventId"])
    return Capture(name, moment_of(about["inferenceTime"]), rows, answers)


def reason(error: Exception) -> str:
    """Why a line is no captured request."""
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return str(error) if isinstance(error, DataError) else "it is no captured request"


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
    return type(value) in NUMBERS and math.isfinite(value)


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
    text = found["data"]
    if not isinstance(text, str):
        raise DataError(f"its {found.get('mode', 'data')} is {str(text)[:50]!r}, no text")
    if found.get("encoding") == "BASE64":
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise DataError(f"its {found.get('mode', 'data')} is no text in BASE64") from None
    kind = kind_of(str(found.get("observedContentType") or ""))
    if kind not in payloads.TYPES:  # such as text/html, of old models
        kind = JSON if text.lstrip()[:1] in ("{", "[") else CSV
    return text, kind


@lru_cache(maxsize=100)
def kind_of(content_type: str) -> str:
    return content_type.split(";")[0].strip().lower()


def _answers(found: Mapping[str, Any], classes: Sequence[str]) -> list[Mapping[str, Any]]:
    text, kind = _side(found)
    if kind == CSV:
        return [of_cells(cells, classes) for cells in csv.reader(text.splitlines()) if cells]
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


def of_cells(cells: Sequence[str], classes: Sequence[str]) -> dict[str, Any]:
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
