"""Results of a batch job become rows of one window, whatever form they have."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from monitoring import consolidation, span
from monitoring.consolidation import Consolidated
from monitoring.shape import Shape
from tabular.values import DataError

SHAPE = Shape(["age", "town"], ["no", "yes"])


def taken(folder: Path, shape: Shape = SHAPE) -> tuple[Consolidated, list[dict[str, object]]]:
    """What one window has of a folder."""
    whole = span.given(span.NEWEST, "2026-11-25T10:00Z", None)
    window = folder / "window"
    window.mkdir()
    found, after = consolidation.consolidate(window, consolidation.files(folder), shape, whole)
    assert after.until == whole.end
    return found, pq.read_table(window / consolidation.FILE).to_pylist()


def test_a_table_of_notebook_04_has_ids_of_its_file_or_of_the_job(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.csv.scored.csv").write_text(
        "row,town,age,prediction,P(no),P(yes)\n7,Ulm,,no,0.75,0.25\n8,Bonn,x,perhaps,0.5,0.5\n"
    )
    (tmp_path / "b.csv.scored.csv").write_text(
        "row,town,age,prediction,P(no),P(yes),SageMakerInferenceId,SageMakerInferenceTime\n"
        '1,"Ulm, West",9,yes,0.1,0.9,u-1,2026-11-25T08:00:00Z\n'
    )
    found, rows = taken(tmp_path)
    assert [row["id"] for row in rows] == ["u-1", "deep/a.csv/7"]
    assert [row["in:town"] for row in rows] == ["Ulm, West", "Ulm"]
    assert [row["P(no)"] for row in rows] == [0.1, 0.75]
    assert [f"{row['time']:%H:%M}" for row in rows] == ["08:00", "10:00"]
    assert found.rows == 2
    assert "a.csv.scored.csv:2" in found.unreadable.sentence()
    assert "'perhaps' is none of the model's classes" in found.unreadable.sentence()


def test_answers_of_a_batch_job_stand_beside_their_records(tmp_path: Path) -> None:
    answer = {"prediction": 3.5}
    lines = [
        {"row": 4, "kept": {"age": "1", "town": "Ulm"}, "SageMakerOutput": answer},
        {"age": "2", "town": "Bonn", "SageMakerOutput": answer, "SageMakerInferenceId": "u-2"},
        {"age": "2", "town": "Bonn"},
        {"kept": {"age": "3"}, "SageMakerOutput": answer},
    ]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (tmp_path / "c.csv.jsonl.out").write_text(text + "half")
    found, rows = taken(tmp_path, Shape(["age", "town"], []))
    assert [(row["id"], row["in:age"], row["prediction"]) for row in rows] == [
        ("c.csv/4", "1", 3.5),
        ("u-2", "2", 3.5),
    ]
    assert found.unreadable.count == 3


def test_a_table_without_the_model_s_columns_says_how_to_have_them(tmp_path: Path) -> None:
    (tmp_path / "a.csv.scored.csv").write_text("row,age,prediction,P(no),P(yes)\n")
    with pytest.raises(DataError, match="lacks the columns town; notebook 04 writes all"):
        taken(tmp_path)
