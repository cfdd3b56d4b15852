"""A line of captured requests: one request with its answer.

Source: Amazon SageMaker Developer Guide, "Capture data": a line of JSON for each request, with
`captureData` (both sides as CSV, JSON or BASE64 text) and `eventMetadata`.

`read_plainly` is the plain way, which says what is wrong. `quick` gives the same of the usual line,
of one record, in a third of the time, and leaves all others to it.
"""

import base64
import binascii
import csv
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from tabular import payloads
from tabular.json_text import loads
from tabular.records import Record
from tabular.values import DataError

CSV, JSON = "text/csv", "application/json"
# What reading a line raises where it is no captured request.
NO_LINE = (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)
UNUSUAL = ('"', "\n", "\r", "\0", "\ufeff")  # of a line of CSV


class Capture(NamedTuple):
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


Load = Callable[[Any], Any]


class Wanted:
    """What a model takes and gives.

    Args:
        columns: in the order of its CSV.
        classes: that it tells apart; none: it predicts numbers.
    """

    def __init__(self, columns: Sequence[str], classes: Sequence[str]) -> None:
        self.columns, self.classes = list(columns), classes
        self.names = frozenset(columns)


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
    for each in records:
        if unknown := wanted.names.difference(each):
            raise DataError(f"it lacks the model's fields {', '.join(sorted(unknown))}")
    has_answer = "endpointOutput" in data
    answers = _answers(data["endpointOutput"], wanted.classes) if has_answer else []
    if answers and len(answers) != len(records):
        raise DataError(f"it has {len(records)} records and {len(answers)} answers")
    for each in answers:
        check_answer(each, wanted.classes)
    name = str(about.get("inferenceId") or about["eventId"])
    return Capture(name, moment_of(about["inferenceTime"]), records, answers)


def quick(line: bytes, load: Load, wanted: Wanted) -> Capture | None:
    """The request of a usual line: one record with one answer; None where it is to be read plainly.

    Args:
        line: of a captured file.
        load: reads the JSON of it, and of its texts, as `loads` does.
        wanted: by the model.
    """
    try:
        found = load(line)
        data, about = found["captureData"], found["eventMetadata"]
        record = _quick_record(data["endpointInput"], load, wanted)
        if record is None:
            return None
        answers: list[Mapping[str, Any]] = []
        if "endpointOutput" in data:
            answers = [_quick_answer(data["endpointOutput"], load, wanted.classes)]
        name = str(about.get("inferenceId") or about["eventId"])
        return Capture(name, moment_of(about["inferenceTime"]), [record], answers)
    except NO_LINE:
        return None


def _quick_record(side: Mapping[str, Any], load: Load, wanted: Wanted) -> Record | None:
    kind, text = _kind(side["observedContentType"]), side["data"]
    if side["encoding"] == "BASE64":
        text, load = base64.b64decode(text, validate=True).decode(), _loads
    if kind == JSON:
        record: Record = load(text)
        is_usual = type(record) is dict and "instances" not in record
        return record if is_usual and wanted.names <= record.keys() else None
    cells = _quick_cells(text) if kind == CSV else []
    is_usual = len(cells) == len(wanted.columns) and cells != wanted.columns
    return dict(zip(wanted.columns, cells, strict=True)) if is_usual else None


def _quick_answer(side: Mapping[str, Any], load: Load, classes: Sequence[str]) -> Mapping[str, Any]:
    kind, text = _kind(side["observedContentType"]), side["data"]
    if side["encoding"] == "BASE64":
        text, load = base64.b64decode(text, validate=True).decode(), _loads
    found: Any
    if kind == CSV:
        found = _of_cells(_quick_cells(text), classes)
    else:
        found = load(text) if kind == JSON else None
        if "predictions" in found:
            [found] = found["predictions"]
    check_answer(found, classes)
    return found


def _quick_cells(text: str) -> list[str]:
    """The cells of one line of CSV without quotes; a DataError where it is another."""
    line = text.removesuffix("\n")
    if not line or len(line) > payloads.LONGEST or any(map(line.__contains__, UNUSUAL)):
        raise DataError("it is no usual line of CSV")
    return line.split(",")


def _loads(text: str) -> Any:
    return loads(text.encode())


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
    text = found["data"]
    if not isinstance(text, str):
        raise DataError(f"its {found.get('mode', 'data')} is {str(text)[:50]!r}, no text")
    if found.get("encoding") == "BASE64":
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise DataError(f"its {found.get('mode', 'data')} is no text in BASE64") from None
    kind = _kind(str(found.get("observedContentType") or ""))
    if kind not in payloads.TYPES:  # such as text/html, of old models
        kind = JSON if text.lstrip()[:1] in ("{", "[") else CSV
    return text, kind


@lru_cache(maxsize=100)
def _kind(content_type: str) -> str:
    return content_type.split(";")[0].strip().lower()


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
