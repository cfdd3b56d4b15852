"""A window's rows: raw values as texts that mean what the model understood."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_captured import ANSWER, line, side

from monitoring import consolidation
from monitoring.bookmark import BEGINNING, Bookmark
from monitoring.shape import Shape
from monitoring.span import Span
from tabular.numerals import PATTERNS
from tabular.spelling import reading

FINITE = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15)


@pytest.mark.parametrize("spelling", ["", *PATTERNS])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=FINITE)
def test_a_number_of_json_is_that_number_in_the_spelling_of_its_column(
    tmp_path: Path, spelling: str, value: float
) -> None:
    column = {"name": "price", "role": "numeric", "spelling": spelling}
    shape = Shape.of({"columns": [column], "classes": []})
    file = tmp_path / "captured.jsonl"
    file.write_text(line(side(json.dumps({"price": value})), ANSWER), encoding="utf-8")
    span = Span(BEGINNING, datetime.now(UTC), Bookmark(), True)
    consolidation.consolidate(tmp_path, {"2026/11/25/10/00-00-000-a.jsonl": file}, shape, span)
    [text] = pq.read_table(tmp_path / consolidation.FILE).column("in:price").to_pylist()
    assert reading(column).number(text) == float(value)
