"""Requests as records, and predictions as text: CSV, JSON and JSON Lines."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from .values import DataError


def read(body: bytes | str, content_type: str) -> list[Any]:
    """A request's records: mappings from JSON, lists of cells in the order of columns from CSV."""
    content = body if isinstance(body, str) else bytes(body).decode("utf-8-sig")
    kind = content_type.split(";")[0].strip().lower()
    if kind == "text/csv":
        return [row for row in csv.reader(io.StringIO(content)) if row]
    try:
        if kind == "application/jsonlines":
            return [json.loads(line) for line in content.splitlines() if line.strip()]
        if kind == "application/json":
            parsed = json.loads(content)
            parsed = parsed.get("instances", parsed) if isinstance(parsed, dict) else parsed
            return parsed if isinstance(parsed, list) else [parsed]
    except json.JSONDecodeError as error:
        raise DataError(f"the request is not valid {kind}: {error}") from None
    raise DataError(
        f"content type {content_type!r} is not text/csv, application/json or application/jsonlines"
    )


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


def write(predictions: Sequence[Mapping[str, Any]], accept: str) -> str:
    """Predictions as text; a line of CSV has the label before the probabilities of the classes."""
    kind = (accept or "*/*").split(";")[0].strip().lower()
    if kind in ("application/json", "*/*"):
        return json.dumps({"predictions": predictions})
    if kind == "application/jsonlines":
        return "".join(json.dumps(row) + "\n" for row in predictions)
    if kind == "text/csv":
        lines = io.StringIO()
        rows = ([row["prediction"], *row.get("probabilities", {}).values()] for row in predictions)
        csv.writer(lines, lineterminator="\n").writerows(rows)
        return lines.getvalue()
    raise DataError(f"accept {accept!r} is not text/csv, application/json or application/jsonlines")
