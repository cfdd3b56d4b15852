"""Answers wait for their label from window to window, and count once."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitoring import consolidation, labelled, unlabelled
from monitoring.shape import Shape
from monitoring.unlabelled import LONGEST, Unlabelled

SHAPE = Shape(["age"], ["no", "yes"])
END = datetime(2026, 11, 25, 10, tzinfo=UTC)


def window(folder: Path, end: datetime, ids: list[str], is_newest: bool = True) -> Path:
    """What Consolidate has left; the last answer was not captured."""
    folder.mkdir()
    about = {"end": end.isoformat(), "is_newest": is_newest}
    (folder / "window.json").write_text(json.dumps(about))
    said = [*["yes"] * (len(ids) - 1), None]
    rows = {
        "id": ids,
        "time": [end - timedelta(hours=1)] * len(ids),
        "prediction": said,
        "P(no)": [each and 0.25 for each in said],
        "P(yes)": [each and 0.75 for each in said],
        "in:age": ["7"] * len(ids),
    }
    pq.write_table(pa.table(rows, SHAPE.schema()), folder / consolidation.FILE)
    return folder


def looked(
    tmp_path: Path, before: Path | None, name: str, package: str = "p/1", **of: object
) -> tuple[list[str], list[str], Path]:
    """Ids of late answers, sentences, and the folder for the next window."""
    labels = {each: "no" for each in str(of.pop("labels", "")).split()}
    ids = str(of.pop("ids")).split()
    waiting = Unlabelled(
        window(tmp_path / f"{name}-window", of.pop("end", END), ids, **of),  # type: ignore[arg-type]
        before,
        package,
        SHAPE,
        labels,
    )
    (tmp_path / name).mkdir()
    late = [row for batch in waiting.late() for row in batch.ids]
    return late, waiting.keep(tmp_path / name), tmp_path / name


def test_an_answer_counts_in_the_window_in_which_its_label_is_there(tmp_path: Path) -> None:
    late, said, first = looked(tmp_path, None, "first", ids="a b c d", labels="b d")
    assert (late, said) == ([], [])
    late, said, second = looked(tmp_path, first, "second", ids="e f", labels="a b d e")
    assert (late, said) == (["a"], ["1 labels are of answers of earlier windows"])
    late, _, _ = looked(tmp_path, second, "third", ids="g h", labels="a b c d e f")
    assert late == ["c"], "d and f were not answered, e had its label in time"


def test_a_past_window_leaves_those_that_wait_alone(tmp_path: Path) -> None:
    _, _, first = looked(tmp_path, None, "first", ids="a b c")
    late, said, past = looked(tmp_path, first, "past", ids="a b c", labels="a b", is_newest=False)
    assert (late, said, list(past.iterdir())) == ([], [], [])


def test_answers_of_long_ago_are_dropped(tmp_path: Path) -> None:
    _, _, first = looked(tmp_path, None, "first", ids="a b")
    _, _, later = looked(tmp_path, first, "later", ids="e f", end=END + LONGEST)
    late, _, _ = looked(tmp_path, later, "last", ids="g h", labels="a e")
    assert late == ["e"]


def test_answers_of_another_version_wait_until_it_is_looked_at_again(tmp_path: Path) -> None:
    _, _, first = looked(tmp_path, None, "first", ids="a b c")
    late, said, second = looked(tmp_path, first, "second", package="p/2", ids="d e", labels="a")
    assert (late, said) == ([], []), "they say nothing of this version"
    late, _, third = looked(tmp_path, second, "third", ids="f g", labels="a d")
    assert late == ["a"], "rolled back"
    late, _, _ = looked(tmp_path, third, "fourth", package="p/2", ids="h i", labels="a b d")
    assert late == ["d"]
    _, _, old = looked(tmp_path, third, "old", package="p/3", ids="j", end=END + LONGEST)
    assert [each.name for each in old.iterdir()] == [unlabelled.file("p/3")]


def test_a_row_whose_label_comes_late_is_trained_on(tmp_path: Path) -> None:
    _, _, first = looked(tmp_path, None, "first", ids="a b c")
    now = window(tmp_path / "now", END, ["d", "e"])
    waiting = Unlabelled(now, first, "p/1", SHAPE, {"a": "no", "d": "yes"})
    assert labelled.write(tmp_path, now, waiting.labels, waiting.late_rows()) == 2
    found = pq.read_table(tmp_path / labelled.FILE)
    assert found.drop_columns(["time"]).to_pylist() == [
        {"id": "d", "label": "yes", "in:age": "7"},
        {"id": "a", "label": "no", "in:age": "7"},
    ]


def test_what_was_asked_is_kept_of_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unlabelled, "MOST", 3)
    _, said, first = looked(tmp_path, None, "first", ids="a b c d e x")
    kept = "what was asked is kept of the newest 3"
    assert said == [f"2 answers that wait for a label will not be trained on: {kept}"]
    late, said, second = looked(tmp_path, first, "second", ids="f g x", labels="b c")
    assert late == ["b", "c"], "all count"
    assert said[0] == "2 labels are of answers of earlier windows"
    assert said[1].startswith("1 of these are not trained on")
    waiting = Unlabelled(tmp_path / "second-window", first, "p/1", SHAPE, {"b": "no", "c": "no"})
    assert [row for rows in waiting.late_rows() for row in rows["id"].to_pylist()] == ["c"]
    found = pq.read_table(second / unlabelled.file("p/1")).select(["id", "in:age", unlabelled.KEPT])
    assert [tuple(each.values()) for each in found.to_pylist()] == [
        ("a", None, False),
        ("d", None, False),
        ("e", "7", True),
        ("f", "7", True),
        ("g", "7", True),
    ]
