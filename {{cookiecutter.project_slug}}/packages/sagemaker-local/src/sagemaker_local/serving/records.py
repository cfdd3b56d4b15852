"""Records as text: a line of CSV, or JSON, parsed, joined with a prediction, and written again."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Sequence
from typing import Any

from .json_text import JSON_TEXT

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
MEDIA_TYPES = (CSV, JSON, JSON_LINES)
INFERENCE_ID, INFERENCE_TIME = "SageMakerInferenceId", "SageMakerInferenceTime"


def media_type(content_type: str) -> str:
    """A content type without its parameters: ``text/csv; charset=utf-8`` is ``text/csv``."""
    return content_type.partition(";")[0].strip().lower()


def parse(record: bytes, kind: str) -> Any:
    """A record's value: a list of cells for CSV, else what the JSON says.

    Raises:
        ValueError: it is not what its type says.
    """
    if kind != CSV:
        return JSON_TEXT.loads(record)
    text = record.decode("utf-8").rstrip("\r\n")
    if '"' not in text and "\r" not in text:
        return text.split(",")  # what the reader gives, in a sixth of its time
    try:
        # Strict, and one line at a time: a quote that is left open must not swallow what follows.
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise ValueError(f"it is not a line of CSV: {error}") from None


def parse_each(records: Sequence[bytes], kind: str) -> list[Any]:
    """``parse`` of each record; many are read in one go.

    Raises:
        ValueError: one is not what its type says.
    """
    if kind != CSV:
        return JSON_TEXT.loads_each(records)
    return [parse(record, CSV) for record in records]


def lines(values: Sequence[Any], kind: str) -> list[bytes]:
    """Each value as one line of its type, with its end.

    Raises:
        ValueError: one has text that UTF-8 cannot say.
    """
    if kind != CSV:
        return JSON_TEXT.lines(values)
    write = csv.writer(_Given(), lineterminator="\n").writerow
    return [write(value if isinstance(value, list) else [value]).encode() for value in values]


class _Given:
    """A file for ``csv.writer`` that gives what is written to it."""

    def write(self, text: str) -> str:
        return text


def split(answer: bytes, kind: str, records: int) -> list[bytes]:
    """The predictions in an answer to so many records.

    One JSON document answers one record, over however many lines it is written; else a prediction
    is a line.
    """
    if kind == JSON and records == 1:
        return [answer]
    return [line for line in answer.split(b"\n") if line.strip()]


def join(record: Any, prediction: Any, kind: str) -> Any:
    """A record with its prediction: further columns, or the member ``SageMakerOutput``."""
    if kind == CSV:
        return [*record, *prediction]
    if isinstance(record, dict):
        return {**record, "SageMakerOutput": prediction}
    return {"SageMakerInput": record, "SageMakerOutput": prediction}


def identified(value: Any, kind: str, time: str) -> Any:
    """What is written for a record, with a random id and a time: last columns, or members.

    Raises:
        ValueError: it is no object, or has such members already.
    """
    known = str(uuid.uuid4())
    if kind == CSV:
        return [*(value if isinstance(value, list) else [value]), known, time]
    if not isinstance(value, dict):
        raise ValueError(
            "GenerateInferenceId adds members to a record, and what is written for it is no "
            "object; use JoinSource Input, or an answer and an OutputFilter that give an object"
        )
    for member in (INFERENCE_ID, INFERENCE_TIME):
        if member in value:
            raise ValueError(f"it has the member {member}, which GenerateInferenceId adds")
    return {**value, INFERENCE_ID: known, INFERENCE_TIME: time}
