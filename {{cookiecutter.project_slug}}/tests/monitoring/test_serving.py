"""An endpoint whose model was replaced: each window is held to the one that answered."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from test_captured import ANSWER, COLUMNS, RECORD, line

from monitoring import consolidation, serving
from monitoring.bookmark import BEGINNING, Bookmark
from monitoring.shape import Shape
from monitoring.span import Span
from tabular.values import DataError

from {{ cookiecutter.package_name }}.deployments.history import Event
from {{ cookiecutter.package_name }}.monitoring import events

OLD, NEW = (f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/cars/{n}" for n in (6, 7))
ASKED = {"old": "10:00:00", "either": "10:20:30", "new": "10:30:00", "last": "10:59:59"}


def event(what: str, package: str, minute: int) -> Event:
    return Event("cars", what, "c", package, time=f"2026-11-25T10:{minute:02}:00+00:00")


REPLACED = [
    event("started", OLD, 0),
    event("deployed", OLD, 1),
    event("started", NEW, 20),
    event("deployed", NEW, 21),
]


def taken(folder: Path, deployed: list[Event], package: str) -> tuple[list[str], list[str]]:
    """Ids of the rows that are taken of what was asked, and what is said of the others."""
    document = {"events": [], "served": events.served(deployed)}
    (folder / serving.FILE).write_text(json.dumps(document))
    file = folder / "captured.jsonl"
    times = {name: f"2026-11-25T{time}Z" for name, time in ASKED.items()}
    lines = [line(RECORD, ANSWER, eventId=n, inferenceTime=t) for n, t in times.items()]
    file.write_text("".join(lines))
    span = Span(BEGINNING, datetime.now(UTC), Bookmark(), True)
    shape, served = Shape(COLUMNS, []), serving.of_folder(folder, package)
    files = {"2026/11/25/10/00-00-000-a.jsonl": file}
    found, _ = consolidation.consolidate(folder, files, shape, span, served)
    rows = pq.read_table(folder / consolidation.FILE).column("id").to_pylist()
    assert found.rows == len(rows)
    return rows, found.others.notes()


def test_rows_of_the_model_before_are_left_out_and_said(tmp_path: Path) -> None:
    rows, said = taken(tmp_path, REPLACED, NEW)
    assert rows == ["new", "last"]
    assert said == [
        "1 rows were answered by cars/6, not by cars/7, and are left out: `-p model_version 6 -p "
        "window 2026-11-25T10:00:00Z/2026-11-25T10:00:01Z` looks at them",
        "1 rows came while a model was replaced, and are held to none",
    ]
    rows, said = taken(tmp_path, REPLACED, OLD)
    assert rows == ["old"] and said[1].startswith("2 rows were answered by cars/7, not by cars/6")


@pytest.mark.parametrize(
    "deployed",
    [
        [],
        REPLACED[2:],
        [*REPLACED[2:], event("started", NEW, 25), event("deployed", NEW, 26)],
        [*REPLACED[2:], event("failed", NEW, 25)],
    ],
    ids=["nobody knows", "one", "the same again", "a failure"],
)
def test_of_one_model_all_rows_are_taken(tmp_path: Path, deployed: list[Event]) -> None:
    rows, said = taken(tmp_path, deployed, NEW)
    assert (rows, said) == (list(ASKED), [])


def test_an_update_that_failed_leaves_what_answered_before(tmp_path: Path) -> None:
    failed = [*REPLACED[:3], event("failed check", NEW, 25)]
    rows, said = taken(tmp_path, failed, OLD)
    assert rows == ["old", "new", "last"]
    assert said == ["1 rows came while a model was replaced, and are held to none"]


def test_a_document_that_tells_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / serving.FILE).write_text('{"served": [{"since": "soon"}]}')
    with pytest.raises(DataError, match=r"^events\.json does not tell what was deployed"):
        serving.of_folder(tmp_path, NEW)
