"""Captured requests, as endpoints write them, and what is no such line."""

import base64
import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from monitoring import captured, ground_truth
from monitoring.captured_line import Capture
from tabular.values import DataError

COLUMNS = ["price", "fuel"]


def side(text: str, kind: str = "application/json", encoding: str = "JSON") -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
    return {"observedContentType": kind, "mode": "INPUT", "data": data, "encoding": encoding}


def line(request: dict[str, Any], answer: dict[str, Any], **about: str) -> str:
    metadata = {"eventId": "e-1", "inferenceTime": "2026-11-25T10:00:00Z", **about}
    data = {"endpointInput": request, "endpointOutput": answer}
    return json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}) + "\n"


def read(folder: Path, *lines: str) -> tuple[list[Capture], captured.Unreadable]:
    (folder / "a.jsonl").write_text("".join(lines), encoding="utf-8")
    unreadable = captured.Unreadable()
    found = captured.read(folder / "a.jsonl", COLUMNS, [], unreadable)
    return list(chain.from_iterable(found)), unreadable


ANSWER = side('{"predictions": [{"prediction": 3.5}]}')
RECORD = side('{"price": 1, "fuel": "gas"}')


@pytest.mark.parametrize(
    "request_side",
    [
        RECORD,
        side("1,gas\n", "text/csv", "CSV"),
        side('{"price": 1, "fuel": "gas"}', "application/octet-stream", "BASE64"),
    ],
)
@pytest.mark.parametrize(
    "answer",
    [ANSWER, side("3.5\n", "text/csv", "CSV"), side('{"prediction": 3.5}', "text/html", "BASE64")],
)
def test_every_encoding_gives_rows(tmp_path: Path, request_side: Any, answer: Any) -> None:
    (found,), unreadable = read(tmp_path, line(request_side, answer))
    assert unreadable.count == 0
    assert [str(value) for value in found.rows[0]] == ["1", "gas"]
    assert [each["prediction"] for each in found.answers] == [3.5]
    assert found.row_ids() == ["e-1"]


def test_rows_of_one_request_have_ids_of_their_own(tmp_path: Path) -> None:
    two = side('[{"price": 1, "fuel": "gas"}, {"price": 2, "fuel": "gas"}]')
    answers = side('{"predictions": [{"prediction": 1}, {"prediction": 2}]}')
    (found,), _ = read(tmp_path, line(two, answers, inferenceId="mine"))
    assert found.row_ids() == ["mine/0", "mine/1"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (line(RECORD, ANSWER)[:60], "half-written"),
        (line(side('{"cost": 1}'), ANSWER), "lacks the model's fields fuel, price"),
        (line(RECORD, side("<html>", "text/html", "BASE64")), "'<html>' is no number"),
        (line({**RECORD, "encoding": "BASE64", "data": "%%"}, ANSWER), "BASE64"),
        ('{"captureData": {}}', "endpointInput|eventMetadata"),
        ("[1]", "a.jsonl:2"),
        (line(RECORD, side('{"predictions": []}')).replace("[]", "[1]"), "no prediction"),
    ],
)
def test_a_bad_line_is_counted_and_the_others_are_read(tmp_path: Path, bad: str, said: str) -> None:
    found, unreadable = read(tmp_path, line(RECORD, ANSWER), bad.rstrip("\n") + "\n")
    assert len(found) == 1
    assert unreadable.count == 1
    assert re.search(said, unreadable.sentence())


def test_ground_truth_is_lines_or_a_table(tmp_path: Path) -> None:
    labels = {"a": "1", "b/0": "2", "b/1": "3"}
    lines = tmp_path / "truth.jsonl"
    lines.write_text("".join(ground_truth.lines(labels)), encoding="utf-8")
    table = tmp_path / "truth.csv"
    table.write_text("id,label\na,1\nb/0,2\nb/1,3\n", encoding="utf-8")
    assert ground_truth.read([lines]) == ground_truth.read([table]) == labels
    assert ground_truth.read([lines, table]) == labels


def test_one_line_labels_the_rows_of_a_request(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text("".join(ground_truth.lines({"b": "2,3"})), encoding="utf-8")
    assert ground_truth.read([path]) == {"b/0": "2", "b/1": "3"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{},{}\n", "newline, not a comma"),
        ('{"a": 1}\n', "groundTruthData.data"),
        ("".join(ground_truth.lines({"a": "1"})) + "".join(ground_truth.lines({"a": "2"})), "'a'"),
    ],
)
def test_bad_ground_truth_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        ground_truth.read([path])


@pytest.mark.parametrize("text", ["a,b,c\n1,2,3\n", "id,label\na\n"])
def test_a_table_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="label"):
        ground_truth.read([path])
