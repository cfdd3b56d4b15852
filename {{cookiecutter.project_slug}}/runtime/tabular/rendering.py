"""Rows as lines of CSV or JSON: each distinct text is written once, and then joined into rows."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .batches import Batch
from .json_text import number_texts

CSV_MARKS = b'",\r\n'
JSON_MARKS = b'"\\' + bytes(range(32))
CODE = r"\x%02x"  # of a letter in a regular expression
LARGE = pa.large_string()
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


def json_members(name: str, column: Any) -> pa.LargeStringArray:
    """A member of a JSON object for each row, of a column as `records.Columns` keeps it."""
    if isinstance(column, list):
        return pa.array([_field(name) + each for each in _json_values(column)], LARGE)
    if not pa.types.is_dictionary(column.type):
        return _json_cells(name, column).cast(LARGE)
    cells = _json_cells(name, column.dictionary).cast(LARGE).take(column.indices)
    return cells.fill_null(f"{_field(name)}null")


def _json_values(values: Sequence[Any]) -> Sequence[str]:
    """Raw values as `json` writes each."""
    if {*map(type, values)} <= {int, float, type(None)}:
        known = iter(number_texts([value for value in values if value is not None]))
        return ["null" if value is None else next(known) for value in values]
    return [json.dumps(value, ensure_ascii=False) for value in values]


def csv_rows(columns: Mapping[str, pa.Array]) -> pa.LargeStringArray:
    """Rows of texts and numbers as lines of CSV, nothing where missing."""
    cells = [_csv_cells("", each.cast(pa.string())) for each in columns.values()]
    cells[-1] = pc.binary_join_element_wise(cells[-1], "\n", "")
    large = [each.cast(LARGE) for each in cells]
    return pc.binary_join_element_wise(*large, pa.scalar(",", LARGE))


def content(texts: pa.StringArray | pa.LargeStringArray) -> memoryview:
    """The bytes of some texts, one after another."""
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return memoryview(b"")
    starts = memoryview(offsets).cast("q" if texts.type == LARGE else "i")
    return memoryview(data)[starts[texts.offset] : starts[texts.offset + len(texts)]]


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
        columns.append(cells.cast(LARGE).take(pa.array(column.codes)))
    return pc.binary_join_element_wise(*columns, pa.scalar(",", LARGE))


def _csv_cells(_: str, texts: pa.StringArray) -> pa.StringArray:
    return _replaced(texts.fill_null(""), CSV_MARKS, _quoted)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _json_cells(name: str, texts: pa.StringArray) -> pa.StringArray:
    inner = _replaced(texts, JSON_MARKS, lambda text: json.dumps(text, ensure_ascii=False)[1:-1])
    known = pc.binary_join_element_wise(f'{_field(name)}"', inner, '"', "")
    return known.fill_null(f"{_field(name)}null")


def _field(name: str) -> str:
    return f"{json.dumps(name, ensure_ascii=False)}:"


def _replaced(texts: pa.StringArray, marks: bytes, change: Callable[[str], str]) -> pa.StringArray:
    """The texts, with those changed that hold one of some letters."""
    whole = bytes(content(texts))
    if len(whole.translate(None, marks)) == len(whole):  # sooner known than of each text
        return texts
    pattern = f"[{''.join(map(CODE.__mod__, marks))}]"
    marked = pc.match_substring_regex(texts, pattern).fill_null(False)
    changed = [change(text) for text in texts.filter(marked).to_pylist()]
    return pc.replace_with_mask(texts, marked, pa.array(changed, pa.string()))
