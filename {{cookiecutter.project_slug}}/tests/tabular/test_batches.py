"""Reading tables: what is written comes back cell for cell, however the file is cut."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tabular import batches, csv_files, hashing, profile, splits
from tabular.values import MISSING

Rows = list[list[str]]
Cells = list[list[str | None]]
NAMES = ["a", "b b", "c,c"]
ODD = st.text(st.sampled_from("ab1.-,;|\t\"\n\r '#=ä€\u00a0\u2028\x85\x1c"), max_size=8)
WORDS = st.sampled_from(["", " ", "NA", " NA", "null", "1", "01", "1e3", " 1", "Sum", "2024-01-31"])
TABLES = st.lists(st.lists(ODD | WORDS, min_size=3, max_size=3), min_size=1, max_size=12)
READ = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def as_csv(rows: Rows, **dialect: Any) -> bytes:
    """A table as Python's own writer writes it."""
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerows([NAMES, *rows])
    return text.getvalue().encode()


def cells(table: batches.Table) -> Cells:
    """All rows of a table, None where missing."""
    found = (batch.record_batch().to_pylist() for batch in table.batches())
    return [list(row.values()) for rows in found for row in rows]


def understood(rows: Rows) -> Cells:
    """The cells that are to come back: without spaces around them, None for missing."""
    stripped = (pc.utf8_trim_whitespace(pa.array(row)).to_pylist() for row in rows)
    return [[None if each in MISSING else each for each in row] for row in stripped]


@contextmanager
def cut(block: int) -> Iterator[None]:
    """Blocks of so many bytes, and fewer rows in batches."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_files, "BLOCK", block)
        patch.setattr(csv_files, "WIDE", 1)
        patch.setattr(csv_files, "ROWS", max(1, block // 40))
        yield


@READ
@given(
    rows=TABLES,
    block=st.sampled_from([60, 300, 1 << 20]),
    how=st.sampled_from([{"quoting": csv.QUOTE_ALL, "lineterminator": "\n"}, {}]),
)
def test_what_is_written_comes_back(
    rows: Rows, block: int, how: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(as_csv(rows, **how))
    with cut(block):
        table = batches.open_table(path)
        left_out = len(table.notes)  # a sum in the last row, if any
        assert cells(table) == understood(rows[: len(rows) - left_out])
        assert cells(table) == understood(rows[: len(rows) - left_out]), "and once more"


@READ
@given(rows=TABLES, short=st.integers(0, 2))
def test_both_readers_give_the_same(rows: Rows, short: int, tmp_path: Path) -> None:
    """Arrow's, and Python's, which is asked where Arrow gives up."""
    path = tmp_path / "table.csv"
    path.write_bytes(as_csv(rows))
    by_arrow, by_python = batches.open_table(path), batches.open_table(path)
    for file in by_python.files:
        assert isinstance(file, csv_files.CsvFile)
        file.patient = True
    assert cells(by_arrow) == cells(by_python)


def facts_of(path: Path, block: int) -> tuple[Any, ...]:
    """Everything that is found out about a table when it is cut like that."""
    with cut(block):
        table = batches.open_table(path)
        found = profile.profile(table.batches(), table.columns, sample_rows=5)
        shares = np.concatenate([splits.row_shares(batch) for batch in table.batches()])
    columns = [
        (
            each.missing,
            each.distinct,
            (each.numbers, each.days, each.low, each.high, each.whole),
            each.counts(),
            each.texts.first_rows(),
            each.odd.counts(),
            each.words.counts(),
            each.examples,
        )
        for each in found.columns.values()
    ]
    return found.rows, columns, found.sample.to_pylist(), shares.tolist()


@settings(READ, max_examples=12)
@given(rows=TABLES)
def test_no_fact_depends_on_how_a_file_is_cut(rows: Rows, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(as_csv(rows * 3))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(profile, "KEPT_LEAST", 4)  # so few that most are drawn
        patch.setattr(profile, "KEPT_CELLS", 12)
        whole = facts_of(path, 1 << 20)
        assert facts_of(path, 100) == whole


@settings(max_examples=40)
@given(st.lists(st.text(st.sampled_from("a1 ä€😀"), max_size=40), max_size=20))
def test_rows_are_hashed_as_by_pandas(texts: list[str]) -> None:
    key = hashing.key_of("a column")
    [found] = hashing.text_hashes([(key, pa.array(texts, pa.string()))])
    expected = pd.util.hash_array(np.array(texts, dtype=object), hash_key=key)
    assert found.tolist() == expected.tolist()


def test_long_texts_and_many_columns_are_hashed_as_by_pandas() -> None:
    texts = [letter * size for letter in "aä" for size in (0, 7, 8, 511, 512, 2000)]
    columns = [(hashing.key_of(name), pa.array(texts)) for name in "xyz"]
    for (key, _), found in zip(columns, hashing.text_hashes(columns), strict=True):
        expected = pd.util.hash_array(np.array(texts, dtype=object), hash_key=key)
        assert found.tolist() == expected.tolist()


def test_many_texts_are_a_sample_with_exact_counts() -> None:
    """The distinct ones are estimated; those that are kept have been counted from the first row."""
    numbers = np.random.default_rng(7).integers(0, 300_000, 400_000)
    frame = pd.DataFrame({"id": numbers.astype(str), "x": "1"})
    rows = [batches.of_columns(frame[at : at + 50_000]) for at in range(0, len(frame), 50_000)]
    facts = profile.profile(rows, ["id"]).columns["id"]
    assert not facts.texts.complete
    assert facts.distinct == pytest.approx(len(np.unique(numbers)), rel=0.02)
    counts = np.bincount(numbers)
    assert all(rows == counts[int(text)] for text, rows in facts.counts(2_000).items())
    assert sum(facts.examples.values()) == pytest.approx(400_000, rel=0.05)


def test_the_sample_is_drawn_from_all_rows() -> None:
    frame = pd.DataFrame({"row": [str(n) for n in range(20_000)], "x": "1"})
    rows = [batches.of_columns(frame[at : at + 3_000]) for at in range(0, len(frame), 3_000)]
    numbered = [
        batches.Batch(batch.columns, batch.numbers + 3_000 * place)
        for place, batch in enumerate(rows)
    ]
    drawn = profile.profile(numbered, ["row", "x"], sample_rows=1_000).sample["row"]
    places = np.array(drawn.to_pylist(), dtype=int)
    assert len(places) == 1_000 and (np.diff(places) > 0).all()
    assert places.mean() == pytest.approx(10_000, rel=0.1)
