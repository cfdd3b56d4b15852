"""Requests as records, and predictions as text: CSV, JSON and JSON Lines.

A request of many records, and an answer to many, are handled by column.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .answers import JSON, best_type
from .few_records import Rows
from .json_text import loads, loads_together, number_texts
from .predictions import Predictions
from .records import MANY, Columns, arrow, by_column, kept_by_column
from .values import DataError

CSV, JSON_LINES = "text/csv", "application/jsonlines"
TYPES = (JSON, JSON_LINES, CSV)  # the first is given to who accepts anything
LARGE = 1 << 16  # bytes of CSV that are quicker read by column
LONGEST = 1 << 17  # characters of a cell of a request


class UnknownType(DataError):
    """A request is of a type that is not read here."""

    status = 415


class NotAcceptable(DataError):
    """No type that the client accepts is written here."""

    status = 406


def read(body: bytes | str, content_type: str) -> Sequence[Any]:
    """A request's records: mappings from JSON, lists of cells in the order of columns from CSV."""
    kind = content_type.split(";")[0].strip().lower()
    if kind not in TYPES:
        raise UnknownType(f"content type {content_type!r} is not {CSV}, {JSON} or {JSON_LINES}")
    try:
        if kind == CSV:
            content = body if isinstance(body, str) else bytes(body).decode("utf-8")
            return _lines(content.removeprefix("\ufeff"))
        encoded = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else bytes(body)
        return _by_line(encoded) if kind == JSON_LINES else _instances(loads(encoded))
    except (ValueError, csv.Error, RecursionError) as error:
        raise DataError(f"the request is not valid {kind}: {error}") from None


def _instances(parsed: Any) -> list[Any]:
    parsed = parsed.get("instances", parsed) if isinstance(parsed, dict) else parsed
    return parsed if isinstance(parsed, list) else [parsed]


def _by_line(body: bytes) -> list[Any]:
    """The values of JSON Lines; ValueError says which line is none."""
    lines, rows = body.split(b"\n"), []
    together = loads_together([line for line in lines if line.strip()])
    if together is not None:
        return together
    for place, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            rows.append(loads(line))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"line {place}: {error}") from None
    return rows


def _lines(content: str) -> Sequence[Any]:
    found = _by_arrow(content) if len(content) > LARGE else None
    return found if found else _by_python(content)


def _by_python(content: str) -> list[list[str]]:
    rows = [row for row in csv.reader(io.StringIO(content)) if row]
    # Python's reader has a limit, too, which other modules may have raised.
    large = len(content) > LONGEST
    if large and any(len(cell) > LONGEST for row in rows for cell in row):
        raise csv.Error(f"field larger than {LONGEST} characters")
    return rows


class Cells(Sequence[list[str]]):
    """Lines of CSV, kept by column; each is a list of its cells."""

    def __init__(self, columns: list[Any], rows: int) -> None:
        self.columns, self._rows = columns, rows

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            columns = [column[place] for column in self.columns]
            return Cells(columns, len(range(*place.indices(self._rows))))
        return [column[place].as_py() for column in self.columns]


def _by_arrow(content: str) -> Cells | None:
    """Plain CSV by column; None for what Python's reader takes in a way of its own, or refuses."""
    pa = arrow()
    lines = content.replace("\r\n", "\n")
    if pa is None or any(mark in lines for mark in '"\r\0'):
        return None
    from pyarrow import csv as arrow_csv

    names = [str(place) for place in range(lines.partition("\n")[0].count(",") + 1)]
    try:
        body = lines.encode()
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            arrow_csv.ReadOptions(column_names=names, block_size=len(body) + 1),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        ).combine_chunks()
    except (pa.ArrowInvalid, UnicodeEncodeError):
        return None
    columns = [column.chunk(0) for column in table.columns]
    if any(_longest(column) > LONGEST for column in columns):
        return None
    return Cells(columns, table.num_rows)


def _longest(column: Any) -> int:
    from pyarrow import compute

    return compute.max(compute.binary_length(column)).as_py() or 0


def as_records(rows: Sequence[Any], columns: list[str]) -> Sequence[Mapping[str, Any]]:
    """Records as mappings; a header line of CSV is none."""
    if type(rows) is Rows:
        return rows
    if kept := kept_by_column(rows):
        return kept
    if rows and rows[0] == columns:
        rows = rows[1:]
    if not rows:
        raise DataError("the request holds no record; send at least one")
    if isinstance(rows, Cells) and len(rows.columns) == len(columns):
        return Columns(dict(zip(columns, rows.columns, strict=True)), len(rows))
    if {*map(type, rows)} != {dict}:  # which is quicker to ask than what a mapping is
        rows = [_record(*each, columns) for each in enumerate(rows, start=1)]
    return Rows(rows) if len(rows) < MANY else by_column(rows, columns)


def _record(place: int, row: Any, columns: list[str]) -> Mapping[str, Any]:
    if isinstance(row, Mapping):
        return row
    if isinstance(row, list) and len(row) == len(columns):
        return dict(zip(columns, row, strict=True))
    found = f"{len(row)} values" if isinstance(row, list) else repr(row)
    wanted = f"not the {len(columns)} of: {', '.join(columns)}"
    raise DataError(f"record {place} has {found}, {wanted}{_separator(row, len(columns))}")


def _separator(row: Any, columns: int) -> str:
    """What to do where a line has its values between other marks than commas, or ""."""
    line = ",".join(map(str, row)) if isinstance(row, list) else ""
    marks = {";": "semicolons", "\t": "tabs", "|": "bars"}
    used = [name for mark, name in marks.items() if line.count(mark) == columns - 1 > 0]
    return f"; separate them by commas, not {used[0]}" if used else ""


def write(predictions: Sequence[Mapping[str, Any]], accept: str) -> tuple[str, str]:
    """Predictions as text, and its type, of those that `accept` lists the best.

    A line of CSV has the label before the probabilities of the classes.
    """
    kind = best_type(accept, TYPES)
    if not kind:
        raise NotAcceptable(f"accept {accept!r} allows none of {CSV}, {JSON} and {JSON_LINES}")
    return _text(predictions, kind), kind


def _text(predictions: Sequence[Mapping[str, Any]], kind: str) -> str:
    if kind == CSV:
        lines = io.StringIO()
        csv.writer(lines, lineterminator="\n").writerows(_cells(predictions))
        return lines.getvalue()
    if kind == JSON:
        return '{"predictions": [' + _joined(predictions, ", ") + "]}"
    return _joined(predictions, "\n") + "\n" * bool(len(predictions))


def _cells(predictions: Sequence[Mapping[str, Any]]) -> Iterable[Sequence[Any]]:
    """The cells of each line of CSV."""
    if not isinstance(predictions, Predictions):
        return ([row["prediction"], *row.get("probabilities", {}).values()] for row in predictions)
    values, shares = predictions.values.tolist(), predictions.probabilities
    return zip(values, *([] if shares is None else shares.T.tolist()), strict=True)


def _joined(predictions: Sequence[Mapping[str, Any]], between: str) -> str:
    """The text of each prediction, with something between them."""
    if not isinstance(predictions, Predictions) or predictions.probabilities is not None:
        return between.join(_json_rows(predictions))
    numbers = number_texts(predictions.values.tolist())
    start, end = '{"prediction": ', "}"
    return start + f"{end}{between}{start}".join(numbers) + end if numbers else ""


def _json_rows(predictions: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    """The text of each prediction, as `json.dumps` writes it."""
    if not isinstance(predictions, Predictions) or predictions.probabilities is None:
        return map(json.dumps, predictions)
    values, shares = predictions.values.tolist(), predictions.probabilities
    labels = {label: json.dumps(label) for label in set(values)}
    names = (json.dumps(label).replace("%", "%%") for label in predictions.classes)
    row = '{"prediction": %s, "probabilities": {' + ", ".join(f"{n}: %s" for n in names) + "}}"
    columns = ([labels[each] for each in values], *map(number_texts, shares.T.tolist()))
    return (row % cells for cells in zip(*columns, strict=True))
