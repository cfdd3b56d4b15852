"""Rows as lines of CSV or JSON: each distinct text is written once, and then joined into rows."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .batches import Batch

CSV_MARKS, JSON_MARKS = '[",\r\n]', '["\\\\\x00-\x1f]'
Cells = Callable[[str, pa.StringArray], pa.StringArray]


def header(names: Sequence[str]) -> bytes:
    """The first line of a CSV file."""
    cells = _csv_cells("", pa.array(names, pa.string()))
    return (",".join(cells.to_pylist()) + "\n").encode()


def csv_lines(batch: Batch, names: Sequence[str]) -> pa.LargeStringArray:
    """Some columns of rows as lines of CSV: quoted only where need be, nothing where missing."""
    return _lines(batch, names, _csv_cells, "", "\n")


def json_lines(batch: Batch, names: Sequence[str]) -> pa.LargeStringArray:
    """Some columns of rows as lines of JSON, null where missing."""
    return _lines(batch, names, _json_cells, "{", "}\n")


def json_objects(columns: Mapping[str, Any], rows: int) -> pa.LargeStringArray:
    """A JSON object for each row, of columns as `records.Columns` keeps them."""
    start = pa.scalar("{", pa.large_string())
    cells = [_json_members(*each).cast(pa.large_string()) for each in columns.items()]
    if not cells:
        return pa.repeat(pa.scalar("{}", pa.large_string()), rows)
    inner = pc.binary_join_element_wise(*cells, pa.scalar(",", pa.large_string()))
    end, nothing = pa.scalar("}", pa.large_string()), pa.scalar("", pa.large_string())
    return pc.binary_join_element_wise(start, inner, end, nothing)


def csv_rows(columns: Mapping[str, pa.Array]) -> pa.LargeStringArray:
    """Rows of texts and numbers as lines of CSV, nothing where missing."""
    cells = [_csv_cells("", each.cast(pa.string())) for each in columns.values()]
    cells[-1] = pc.binary_join_element_wise(cells[-1], "\n", "")
    large = [each.cast(pa.large_string()) for each in cells]
    return pc.binary_join_element_wise(*large, pa.scalar(",", pa.large_string()))


def _json_members(name: str, column: Any) -> pa.Array:
    if not isinstance(column, list):
        return _json_cells(name, column)
    field = json.dumps(name, ensure_ascii=False) + ":"
    values = (field + json.dumps(value, ensure_ascii=False) for value in column)
    return pa.array(values, pa.large_string())


def content(lines: pa.LargeStringArray) -> memoryview:
    """The bytes of some lines, one after another."""
    _, offsets, data = lines.buffers()
    if data is None:
        return memoryview(b"")
    starts = memoryview(offsets).cast("q")
    return memoryview(data)[starts[lines.offset] : starts[lines.offset + len(lines)]]


def _lines(
    batch: Batch, names: Sequence[str], cells_of: Cells, start: str, end: str
) -> pa.LargeStringArray:
    columns = []
    for place, name in enumerate(names, start=1):
        column = batch.columns[name]
        cells = cells_of(name, column.texts)
        before, after = start if place == 1 else "", end if place == len(names) else ""
        if before or after:
            cells = pc.binary_join_element_wise(before, cells, after, "")
        columns.append(cells.cast(pa.large_string()).take(pa.array(column.codes)))
    return pc.binary_join_element_wise(*columns, pa.scalar(",", pa.large_string()))


def _csv_cells(_: str, texts: pa.StringArray) -> pa.StringArray:
    return _replaced(texts.fill_null(""), CSV_MARKS, _quoted)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _json_cells(name: str, texts: pa.StringArray) -> pa.StringArray:
    inner = _replaced(texts, JSON_MARKS, lambda text: json.dumps(text, ensure_ascii=False)[1:-1])
    field = json.dumps(name, ensure_ascii=False) + ":"
    known = pc.binary_join_element_wise(field + '"', inner, '"', "")
    return known.fill_null(field + "null")


def _replaced(texts: pa.StringArray, marks: str, change: Callable[[str], str]) -> pa.StringArray:
    """The texts, with those changed that hold one of some letters."""
    marked = pc.match_substring_regex(texts, marks).fill_null(False)
    if not marked.true_count:
        return texts
    changed = [change(text) for text in texts.filter(marked).to_pylist()]
    return pc.replace_with_mask(texts, marked, pa.array(changed, pa.string()))
