"""Requests as records, and predictions as text: CSV, JSON and JSON Lines."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .answers import JSON, best_type
from .values import DataError

CSV, JSON_LINES = "text/csv", "application/jsonlines"
TYPES = (JSON, JSON_LINES, CSV)  # the first is given to who accepts anything


class UnknownType(DataError):
    """A request is of a type that is not read here."""

    status = 415


class NotAcceptable(DataError):
    """No type that the client accepts is written here."""

    status = 406


def read(body: bytes | str, content_type: str) -> list[Any]:
    """A request's records: mappings from JSON, lists of cells in the order of columns from CSV."""
    kind = content_type.split(";")[0].strip().lower()
    if kind not in TYPES:
        raise UnknownType(f"content type {content_type!r} is not {CSV}, {JSON} or {JSON_LINES}")
    try:
        content = body if isinstance(body, str) else bytes(body).decode("utf-8")
        return _rows(content.removeprefix("\ufeff"), kind)
    except (ValueError, csv.Error, RecursionError) as error:
        raise DataError(f"the request is not valid {kind}: {error}") from None


def _rows(content: str, kind: str) -> list[Any]:
    if kind == CSV:
        return [row for row in csv.reader(io.StringIO(content)) if row]
    if kind == JSON_LINES:
        return [json.loads(line) for line in content.splitlines() if line.strip()]
    parsed = json.loads(content)
    parsed = parsed.get("instances", parsed) if isinstance(parsed, dict) else parsed
    return parsed if isinstance(parsed, list) else [parsed]


def as_records(rows: Sequence[Any], columns: list[str]) -> list[Mapping[str, Any]]:
    """Records as mappings; a header line of CSV is none."""
    if rows and rows[0] == columns:
        rows = rows[1:]
    if not rows:
        raise DataError("the request holds no record; send at least one")
    return [_record(row, columns) for row in rows]


def _record(row: Any, columns: list[str]) -> Mapping[str, Any]:
    if isinstance(row, Mapping):
        return row
    if isinstance(row, list) and len(row) == len(columns):
        return dict(zip(columns, row, strict=True))
    found = f"{len(row)} values" if isinstance(row, list) else repr(row)
    raise DataError(f"a record has {found}, not the {len(columns)} of: {', '.join(columns)}")


def write(predictions: Sequence[Mapping[str, Any]], accept: str) -> tuple[str, str]:
    """Predictions as text, and its type, of those that `accept` lists the best.

    A line of CSV has the label before the probabilities of the classes.
    """
    kind = best_type(accept, TYPES)
    if not kind:
        raise NotAcceptable(f"accept {accept!r} allows none of {CSV}, {JSON} and {JSON_LINES}")
    return _text(predictions, kind), kind


def _text(predictions: Sequence[Mapping[str, Any]], kind: str) -> str:
    if kind == JSON:
        return json.dumps({"predictions": predictions})
    if kind == JSON_LINES:
        return "".join(json.dumps(row) + "\n" for row in predictions)
    lines = io.StringIO()
    rows = ([row["prediction"], *row.get("probabilities", {}).values()] for row in predictions)
    csv.writer(lines, lineterminator="\n").writerows(rows)
    return lines.getvalue()
