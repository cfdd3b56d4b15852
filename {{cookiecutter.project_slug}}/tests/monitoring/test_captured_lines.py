"""The quick way to read captured lines gives what the plain one does, or nothing."""

import base64
import json
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_captured import ANSWER, COLUMNS, RECORD, line, side

from monitoring import captured, usual_lines
from monitoring.captured_line import Capture, Wanted

CLASSES = ["no", "yes"]
LINES = "application/jsonlines"
SURE = '{"predictions": [{"prediction": "yes", "probabilities": {"no": 0.25, "yes": 0.75}}]}'


def as_text(request: str, answer: str, kind: str = "text/csv") -> str:
    return line(side(request, kind), side(answer, kind))


def as_json(request: str, answer: str = '{"prediction": 3.5}') -> str:
    return as_text(request, answer, "application/json")


USUAL = {
    "JSON": line(RECORD, ANSWER),
    "JSON of one answer": as_json('{"price": 1.5, "fuel": "gas"}'),
    "JSON with more": as_json('{"price": null, "fuel": "gas", "more": [1]}'),
    "JSON in BASE64": line({**side(RECORD["data"], encoding="BASE64")}, ANSWER),
    "CSV": as_text("1,gas\n", "3.5\n"),
    "CSV with gaps": as_text(", gas ", "3.5"),
    "CSV with its charset": as_text("1,gas\n", "3.5\n", "text/csv; charset=utf-8"),
    "unicode": as_json('{"price": 1, "fuel": "äöü ☃ \\u2028 \\n \\" 𝒳"}'),
    "unicode in CSV": as_text("1,äöü ☃ \u2028 𝒳\n", "3.5\n"),
    "many digits": as_json('{"price": 0.0012345678901234567890, "fuel": 1e22}'),
    "no answer": line(RECORD, ANSWER).replace("endpointOutput", "other"),
    "an id of its own": line(RECORD, ANSWER, inferenceId="mine"),
}
UNUSUAL = {
    "quotes": as_text('1,"gas, or ""oil"""\n', "3.5\n"),
    "newlines": as_text('1,"gas\nand oil"\n', "3.5\n"),
    "carriage returns": as_text("1,gas\r\n", "3.5\r\n"),
    "a mark of bytes": as_text("\ufeff1,gas\n", "3.5\n"),
    "a header": as_text("price,fuel\n1,gas\n", "3.5\n"),
    "a header alone": as_text("price,fuel\n", "3.5\n"),
    "too few cells": as_text("1\n", "3.5\n"),
    "two rows": as_text("1,gas\n2,oil\n", "3.5\n4.5\n"),
    "JSON Lines": as_text(
        '{"price": 1, "fuel": "a"}\n{"price": 2, "fuel": "b"}', '{"prediction": 1}\n' * 2, LINES
    ),
    "instances": as_json('{"instances": [{"price": 1, "fuel": "gas"}]}'),
    "a list": as_json(
        '[{"price": 1, "fuel": "gas"}, [2, "oil"]]',
        '{"predictions": [{"prediction": 1}, {"prediction": 2}]}',
    ),
    "a missing field": as_json('{"price": 1}'),
    "an integer of many digits": as_json('{"price": 123456789012345678901234, "fuel": "gas"}'),
    "escaped digits of it": line(RECORD, ANSWER).replace("1,", "\\u0031" * 25 + ","),
    "NaN": as_json('{"price": NaN, "fuel": "gas"}'),
    "half of a character": as_json('{"price": 1, "fuel": "\\ud800"}'),
    "no number": as_json(RECORD["data"], '{"prediction": "dear"}'),
    "an infinite one": as_json(RECORD["data"], '{"prediction": 1e400}'),
    "no CSV number": as_text("1,gas", "inf"),
    "a truth": as_json(RECORD["data"], '{"prediction": true}'),
    "another type": as_text(RECORD["data"], "3.5", "text/html"),
    "no BASE64": line({**RECORD, "encoding": "BASE64", "data": "%%"}, ANSWER),
    "metadata that are none": line(RECORD, ANSWER).replace('"eventMetadata": {', '"x": {'),
    "a list of metadata": json.dumps({**json.loads(line(RECORD, ANSWER)), "eventMetadata": []}),
    "half a line": line(RECORD, ANSWER)[:60],
    "nothing": "   ",
}
OF_CLASSES = {
    "a label": as_json(RECORD["data"], SURE),
    "a label in CSV": as_text("1,gas", "yes,0.25,0.75\n"),
    "another label": as_json(RECORD["data"], '{"prediction": "perhaps"}'),
    "no shares": as_json(RECORD["data"], '{"prediction": "no", "probabilities": {"no": "x"}}'),
}


def told(path: Path, classes: list[str]) -> tuple[list[tuple[Any, ...]], list[str]]:
    """All that a file gives, with each value's type, and what is said of the rest."""
    unreadable = captured.Unreadable()
    found = chain.from_iterable(captured.read(path, COLUMNS, classes, unreadable))
    rows = [(x.row_ids(), x.time, repr(list(x.rows)), repr(list(x.answers))) for x in found]
    return rows, [str(unreadable.count), *unreadable.reasons]


def quickly(text: str, classes: list[str]) -> Capture | None:
    [found] = usual_lines.read([text.encode()], Wanted(COLUMNS, classes))
    return found


def check_same(folder: Path, lines: list[str], classes: list[str]) -> None:
    path = folder / "a.jsonl"
    path.write_bytes(b"".join(f"{each.strip(chr(10))}\n".encode() for each in lines))
    soon = told(path, classes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(usual_lines, "loads_of", lambda _: None)
        assert told(path, classes) == soon


@pytest.mark.parametrize("name", USUAL)
def test_a_usual_line_is_read_quickly(tmp_path: Path, name: str) -> None:
    assert quickly(USUAL[name], []), "the plain way takes three times as long"
    check_same(tmp_path, [USUAL[name]], [])


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_line_is_read_plainly(tmp_path: Path, name: str) -> None:
    assert not quickly(UNUSUAL[name], [])
    check_same(tmp_path, [UNUSUAL[name]], [])


def test_all_lines_of_a_file_are_as_if_read_plainly(tmp_path: Path) -> None:
    lines = [*USUAL.values(), *UNUSUAL.values(), *OF_CLASSES.values()]
    for classes in ([], CLASSES):
        check_same(tmp_path, lines * 9, classes)  # more than are looked at together
    assert quickly(OF_CLASSES["a label"], CLASSES) and quickly(
        OF_CLASSES["a label in CSV"], CLASSES
    )


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just([1])
CELLS = st.text("0123456789.,;\"'\n\r\t -e\x00é\ufeff", max_size=12)
KINDS = st.sampled_from(["application/json", "text/csv", LINES, "text/html", "text/csv; a=b"])
BODIES = (
    st.dictionaries(st.sampled_from([*COLUMNS, "prediction", "predictions"]), VALUES).map(
        json.dumps
    )
    | st.tuples(VALUES, VALUES).map(lambda two: json.dumps(dict(zip(COLUMNS, two, strict=True))))
    | CELLS
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(asked=BODIES, answered=BODIES, kinds=st.tuples(KINDS, KINDS), packed=st.booleans())
def test_any_line_is_as_if_read_plainly(
    tmp_path: Path, asked: str, answered: str, kinds: tuple[str, str], packed: bool
) -> None:
    request, answer = side(asked, kinds[0]), side(answered, kinds[1])
    if packed:
        data = base64.b64encode(asked.encode("utf-8", "replace")).decode()
        request |= {"encoding": "BASE64", "data": data}
    check_same(tmp_path, [line(request, answer)], [])
