"""Bad input of monitoring: one clear sentence or a clean end, nothing lost, no half results."""

import gzip
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import Trained
from monitored import HOUR, ONE, capture, lines, main, read, records

from monitoring import captured

Change = Callable[[Path], object]
CLASSES = [("binary_classification", "linear")]
JUST_ONE = pytest.mark.parametrize("trained", ONE, indirect=True, ids="-".join)
WITH_CLASSES = pytest.mark.parametrize("trained", CLASSES, indirect=True, ids="-".join)
ROWS = 12


@pytest.fixture(scope="module")
def asked(trained: Trained) -> list[str]:
    """Lines of captured requests."""
    return lines(trained, records(trained)[:ROWS])


def edited(line: str, change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(line)
    change(document)
    return json.dumps(document) + "\n"


def answer(text: str, kind: str = "application/json") -> Callable[[dict[str, Any]], object]:
    side = {"data": text, "observedContentType": kind, "encoding": "JSON"}
    return lambda document: document["captureData"].update(endpointOutput=side)


def asks(text: Any) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["captureData"]["endpointInput"].update(data=text)


def about(**changes: Any) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["eventMetadata"].update(changes)


BAD_LINES: dict[str, tuple[Any, str]] = {
    "half-written": (lambda line: line[: len(line) // 2] + "\n", "may be half-written"),
    "not UTF-8": (lambda line: line.replace("e", "\udcff", 1), "no line of JSON"),
    "a list": (lambda _: "[1]\n", "no captured request"),
    "too long": (lambda line: edited(line, asks("1" * 40_000)), "longer than 30,000 bytes"),
    "without input": (
        lambda line: edited(line, lambda found: found["captureData"].pop("endpointInput")),
        "input was not captured; have the endpoint capture",
    ),
    "input is null": (lambda line: edited(line, asks(None)), "is 'None', no text"),
    "another model": (lambda line: edited(line, asks('{"cost": 1}')), "lacks the model's fields"),
    "an error page": (
        lambda line: edited(line, answer("<html>", "text/html")),
        "'<html>' is no number",
    ),
    "NaN": (lambda line: edited(line, answer('{"prediction": NaN}')), "'nan' is no number"),
    "a huge number": (
        lambda line: edited(line, answer('{"prediction": 1%s}' % ("0" * 400))),
        "no captured request",
    ),
    "two answers": (
        lambda line: edited(line, answer('{"prediction": 1}\n' * 2, "application/jsonlines")),
        "1 records and 2 answers",
    ),
    "no time": (lambda line: edited(line, about(inferenceTime="soon")), "'soon' is no time"),
    "a number for a time": (lambda line: edited(line, about(inferenceTime=5)), "5 is no time"),
}


@JUST_ONE
@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_said_and_the_others_are_taken(
    trained: Trained,
    asked: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setattr(captured, "LONGEST", 30_000)
    change, said = BAD_LINES[name]
    (tmp_path / "in" / HOUR).mkdir(parents=True)
    texts = [*asked[:5], change(asked[5]), *asked[6:]]
    path = tmp_path / "in" / HOUR / "00-00-000-a.jsonl"
    path.write_bytes("".join(texts).encode("utf-8", "surrogateescape"))
    main("consolidate", trained, tmp_path / "out", capture=tmp_path / "in")
    found = read(tmp_path / "out" / "window.json")
    assert found["rows"] == ROWS - 1
    (note,) = found["notes"]
    assert note.startswith("1 captured line could not be read, such as 00-00-000-a.jsonl:6: ")
    assert said in note
    # Alone, it moves nothing.
    path.write_bytes(change(asked[5]).encode("utf-8", "surrogateescape"))
    with pytest.raises(SystemExit, match="monitor: no request could be read: 1 captured line"):
        main("consolidate", trained, tmp_path / "alone", capture=tmp_path / "in")
    assert not (tmp_path / "alone").exists()


STRANGE_LINES: dict[str, Any] = {
    "a number for an id": about(eventId=5),
    "half of a character": about(eventId="\ud800"),
    "a time without a zone": about(inferenceTime="2026-11-25T10:00:00"),
    "a side that nobody knows": lambda found: found["captureData"].update(more=1),
    "no answer": lambda found: found["captureData"].pop("endpointOutput"),
    "nested values": lambda found: asks(
        json.dumps({**json.loads(found["captureData"]["endpointInput"]["data"]), "fuel": {"a": 1}})
    )(found),
}


@JUST_ONE
@pytest.mark.parametrize("name", STRANGE_LINES)
def test_a_strange_line_is_a_row(
    trained: Trained, baseline: Path, asked: list[str], tmp_path: Path, name: str
) -> None:
    (tmp_path / "in" / HOUR).mkdir(parents=True)
    texts = [edited(asked[0], STRANGE_LINES[name]), *asked[1:]]
    (tmp_path / "in" / HOUR / "00-00-000-a.jsonl").write_text("".join(texts))
    main("consolidate", trained, tmp_path / "window", capture=tmp_path / "in")
    assert read(tmp_path / "window" / "window.json")["rows"] == ROWS
    told = {"window": tmp_path / "window", "baseline": baseline}
    main("drift", trained, tmp_path / "drift", **told)


@JUST_ONE
def test_files_may_be_empty_or_packed_or_cut(
    trained: Trained, asked: list[str], tmp_path: Path
) -> None:
    hour = tmp_path / "in" / HOUR
    hour.mkdir(parents=True)
    (hour / "00-00-000-a.jsonl").write_text("")
    (hour / "00-00-000-b.jsonl").write_text("\n\n")
    packed = gzip.compress("".join(asked).encode())
    (hour / "00-00-000-c.jsonl").write_bytes(packed)
    main("consolidate", trained, tmp_path / "out", capture=tmp_path / "in")
    assert read(tmp_path / "out" / "window.json")["rows"] == ROWS
    (hour / "00-00-000-d.jsonl").write_bytes(packed[: len(packed) // 2])
    main("consolidate", trained, tmp_path / "cut", capture=tmp_path / "in")
    found = read(tmp_path / "cut" / "window.json")
    assert ROWS <= found["rows"] < 2 * ROWS
    assert "00-00-000-d.jsonl: gzip" in found["notes"][0]


@JUST_ONE
def test_a_file_that_is_being_written_waits_for_the_next_window(
    trained: Trained, asked: list[str], tmp_path: Path
) -> None:
    """Nothing is lost, and nothing taken twice: its requests come once it is whole."""
    path = tmp_path / "in" / HOUR / "00-00-000-a.jsonl"
    path.parent.mkdir(parents=True)
    text = "".join(asked)
    told = {"capture": tmp_path / "in"}
    taken, state = [], tmp_path / "none"
    for name, there, end in (
        ("a", text[:-40], "2026-11-25T11:00Z"),
        ("b", text, "2026-11-25T12:30Z"),
        ("c", text, "2026-11-25T13:00Z"),
    ):
        path.write_text(there)
        main("consolidate", trained, tmp_path / name, **told, bookmark=state, end=end)
        taken.append(read(tmp_path / name / "window.json"))
        state = tmp_path / name
    assert [each["rows"] for each in taken] == [0, ROWS, 0]
    assert taken[0]["notes"] == ["1 captured file ends within a line; it waits for the next window"]
    # What is still half a line long after its hour will never be whole.
    path.write_text(text[:-40])
    main("consolidate", trained, tmp_path / "d", **told, bookmark=tmp_path / "a")
    assert read(tmp_path / "d" / "window.json")["rows"] == ROWS - 1


@WITH_CLASSES
@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        ('{"prediction": "blue", "probabilities": {}}', "application/json", "'blue' is none of"),
        ('{"prediction": "1", "probabilities": [1]}', "application/json", "probabilities"),
        (
            '{"prediction": "1", "probabilities": {"1": "high"}}',
            "application/json",
            "probabilities",
        ),
        ("2,0.5,0.5", "text/csv", "'2' is none of"),
        ("1,0.4,much", "text/csv", "probabilities"),
    ],
)
def test_an_answer_of_another_model_is_said(
    trained: Trained, asked: list[str], tmp_path: Path, text: str, kind: str, said: str
) -> None:
    path = tmp_path / "in" / HOUR / "00-00-000-a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join([edited(asked[0], answer(text, kind)), *asked[1:]]))
    main("consolidate", trained, tmp_path / "out", capture=tmp_path / "in")
    found = read(tmp_path / "out" / "window.json")
    assert found["rows"] == ROWS - 1
    assert said in found["notes"][0]


@WITH_CLASSES
def test_answers_in_csv_and_without_probabilities_are_compared(
    trained: Trained, baseline: Path, asked: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "in" / HOUR / "00-00-000-a.jsonl"
    path.parent.mkdir(parents=True)
    given = [answer("1,0.25,0.75", "text/csv"), answer('{"prediction": "0"}')]
    texts = [edited(line, given[place % 2]) for place, line in enumerate(asked)]
    path.write_text("".join(texts))
    main("consolidate", trained, tmp_path / "window", capture=tmp_path / "in")
    (tmp_path / "labels").mkdir()
    table = "".join(f"e{place},{1 - place % 2}\n" for place in range(ROWS))
    (tmp_path / "labels" / "a.csv").write_text("id,label\n" + table)
    told = {"window": tmp_path / "window", "baseline": baseline}
    main("drift", trained, tmp_path / "drift", **told)
    main("quality", trained, tmp_path / "quality", **told, ground_truth=tmp_path / "labels")
    found = read(tmp_path / "quality" / "quality.json")
    assert found["metrics"]["accuracy"]["value"] == 1.0
    assert 0 < found["estimated_accuracy"] <= 1
    assert any("log_loss, roc_auc cannot be told of" in each for each in found["notes"])
    assert "log_loss" not in found["metrics"]


@JUST_ONE
@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "bookmark.json is no JSON"),
        ("[]", "holds list"),
        ("{}", "bookmark.json is no bookmark"),
        (json.dumps({"until": "2126-01-01T00:00:00+00:00"}), "the last window ended at 2126"),
    ],
)
def test_a_bookmark_that_is_none_moves_nothing(
    trained: Trained, tmp_path: Path, document: str, said: str
) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "bookmark.json").write_text(document)
    given = {"capture": tmp_path, "bookmark": tmp_path / "state"}
    with pytest.raises(SystemExit, match=f"^monitor: .*{said}"):
        main("consolidate", trained, tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


@JUST_ONE
def test_a_clock_in_the_future_loses_nothing(
    trained: Trained, asked: list[str], tmp_path: Path
) -> None:
    """A window until then would take what is not captured yet for read."""
    with pytest.raises(SystemExit, match=r"`window` ends at .* which is in the future"):
        main("consolidate", trained, tmp_path / "out", capture=tmp_path, end="2126-01-01")
    later = f"{datetime.now(UTC) + timedelta(hours=1):%Y/%m/%d/%H}"
    path = tmp_path / "in" / later / "00-00-000-a.jsonl"
    path.parent.mkdir(parents=True)
    time = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    path.write_text("".join(edited(line, about(inferenceTime=time)) for line in asked))
    main("consolidate", trained, tmp_path / "a", capture=tmp_path / "in")
    assert read(tmp_path / "a" / "window.json")["rows"] == 0
    past = {"start": "2026-11-25", "end": "2126-01-01"}
    main("consolidate", trained, tmp_path / "b", capture=tmp_path / "in", **past)
    assert read(tmp_path / "b" / "window.json")["rows"] == ROWS


@pytest.fixture(scope="module")
def window(trained: Trained, asked: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A window of a few rows, two of which have one id."""
    folder = tmp_path_factory.mktemp("window")
    path = folder / "in" / HOUR / "00-00-000-a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join([*asked, edited(asked[0], about(eventId="e1"))]))
    main("consolidate", trained, folder / "out", capture=folder / "in")
    return folder / "out"


LABELS: dict[str, tuple[str, bytes | str, dict[str, Any]]] = {
    "unknown ids": (
        "a.csv",
        "id,label\ne0,5\nother,5\n",
        {"labelled": 1, "said": "1 labels belong"},
    ),
    "twice the same": ("a.csv", "id,label\ne0,5\ne0,5\n", {"labelled": 1}),
    "ids that repeat": ("a.csv", "id,label\ne1,5\n", {"labelled": 2, "said": "1 rows have the id"}),
    "empty labels": ("a.csv", "id,label\ne0,\ne2,NaN\ne3,4\n", {"labelled": 1, "said": "2 labels"}),
    "negative": ("a.csv", "id,label\ne0,-5\n", {"labelled": 1}),
    "a mark of bytes": ("a.csv", "\ufeffid,label\r\ne0,5\r\n", {"labelled": 1}),
    "semicolons": ("a.csv", "id;label\ne0;5\n", {"labelled": 1}),
    "nothing": ("a.csv", "", {"labelled": 0}),
    "a head": ("a.csv", "id,label\n\n", {"labelled": 0}),
    "number as id": (
        *("a.jsonl", '{"groundTruthData": {"data": 5}, "eventMetadata": {"eventId": 0}}\n'),
        {"labelled": 0, "said": "1 labels belong to no answered row"},
    ),
}


@JUST_ONE
@pytest.mark.parametrize("name", LABELS)
def test_labels_that_can_be_read(
    trained: Trained, baseline: Path, window: Path, tmp_path: Path, name: str
) -> None:
    file, text, expected = LABELS[name]
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / file).write_bytes(str(text).encode())
    (tmp_path / "labels" / "README.txt").write_text("Labels are put here.")
    told = {"window": window, "baseline": baseline, "ground_truth": tmp_path / "labels"}
    main("quality", trained, tmp_path / "out", **told)
    found = read(tmp_path / "out" / "quality.json")
    assert found["labelled"] == expected["labelled"]
    said = expected.get("said", "")
    assert any(each.startswith(said) for each in found["notes"]) or not said
    assert "NaN" not in (tmp_path / "out" / "quality.json").read_text()


@JUST_ONE
def test_labels_of_earlier_windows_are_not_called_strange_again(
    trained: Trained, baseline: Path, window: Path, tmp_path: Path
) -> None:
    late = Path(shutil.copytree(window, tmp_path / "late"))
    about = read(late / "window.json") | {"start": "2026-11-25T09:30:00+00:00"}
    (late / "window.json").write_text(json.dumps(about))
    line = '{"groundTruthData": {"data": "5"}, "eventMetadata": {"eventId": "%s"}}\n'
    for hour, name in (("08", "before"), ("09", "x"), ("10", "e0")):
        folder = tmp_path / "labels" / "2026" / "11" / "25" / hour
        folder.mkdir(parents=True)
        (folder / "a.jsonl").write_text(line % name)
    told = {"window": late, "baseline": baseline, "ground_truth": tmp_path / "labels"}
    main("quality", trained, tmp_path / "out", **told)
    notes = read(tmp_path / "out" / "quality.json")["notes"]
    assert "1 labels belong to no answered row of this window" in notes


BAD_LABELS: dict[str, tuple[str, bytes, str]] = {
    "commas for newlines": (
        "a.jsonl",
        b'{"groundTruthData": {}},{"groundTruthData": {}}',
        "a.jsonl:1 is not one line of JSON; separate lines by a newline, not a comma",
    ),
    "half a line": ("a.jsonl", b'{"groundTr', "a.jsonl:1 is not one line of JSON"),
    "another document": ("a.jsonl", b"[1]\n", "a.jsonl:1 is no ground truth: give groundTruth"),
    "a list for a label": (
        "a.jsonl",
        b'{"groundTruthData": {"data": [1]}, "eventMetadata": {"eventId": "e0"}}',
        "a.jsonl:1 is no ground truth",
    ),
    "two labels": ("a.csv", b"id,label\ne0,5\ne0,6\n", "a.csv:3 says '6' of 'e0', which had '5'"),
    "other columns": ("a.csv", b"car,price,day\n", "columns car, price, day; give id,label"),
    "a row too short": ("a.csv", b"id,label\ne0\n", "a.csv:2 has 1 cells; give an id and a label"),
    "no number": ("a.csv", b"id,label\ne0,dear\n", "label of 'e0' is 'dear', which is no number"),
    "infinite": ("a.csv", b"id,label\ne0,inf\n", "label of 'e0' is 'inf', which is no number"),
    "another encoding": ("a.csv", "id,label\né,5\n".encode("latin-1"), "a.csv is not in UTF-8"),
    "a huge cell": ("a.csv", b"id,label\ne0," + b"5" * 200_000, "55555', which is no number"),
}


@JUST_ONE
@pytest.mark.parametrize("name", BAD_LABELS)
def test_labels_that_are_none_are_one_sentence(
    trained: Trained, baseline: Path, window: Path, tmp_path: Path, name: str
) -> None:
    file, content, said = BAD_LABELS[name]
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / file).write_bytes(content)
    told = {"window": window, "baseline": baseline, "ground_truth": tmp_path / "labels"}
    with pytest.raises(SystemExit) as stopped:
        main("quality", trained, tmp_path / "out", **told)
    assert said in str(stopped.value) and "\n" not in str(stopped.value)
    assert not (tmp_path / "out").exists()


@WITH_CLASSES
def test_a_class_that_the_model_does_not_know_is_a_wrong_answer(
    trained: Trained, baseline: Path, window: Path, tmp_path: Path
) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "a.csv").write_text("id,label\ne2,maybe\ne3,0\ne4,1\n")
    told = {"window": window, "baseline": baseline, "ground_truth": tmp_path / "labels"}
    main("quality", trained, tmp_path / "out", **told)
    found = read(tmp_path / "out" / "quality.json")
    assert found["labelled"] == 3 and found["metrics"]["accuracy"]["value"] <= 2 / 3
    said = "1 labels are of classes that the model does not know, and count as wrong answers: maybe"
    assert said in found["notes"]


def dropped(name: str) -> Change:
    def change(folder: Path) -> None:
        (folder / name).unlink()

    return change


def changed(name: str, change: Callable[[dict[str, Any]], object]) -> Change:
    def edit(folder: Path) -> None:
        document = read(folder / name)
        change(document)
        (folder / name).write_text(json.dumps(document))

    return edit


def cut(name: str) -> Change:
    return lambda folder: (folder / name).write_text((folder / name).read_text()[:-20])


def renamed(document: dict[str, Any]) -> None:
    document["features"][0]["name"] = "cost"


def as_text(document: dict[str, Any]) -> None:
    feature = next(each for each in document["features"] if each["name"] == "mileage_km")
    feature["points"] = {"counts": {"a": 1}, "missing": 0}


BASELINES: dict[str, tuple[str, Change, str]] = {
    "no statistics": ("drift", dropped("data/statistics.json"), "has no data/statistics.json"),
    "half statistics": ("drift", cut("data/statistics.json"), "statistics.json is no JSON"),
    "other columns": (
        "drift",
        changed("data/statistics.json", renamed),
        "is of another model, by cost",
    ),
    "other roles": (
        "drift",
        changed("data/statistics.json", as_text),
        "of another model, by mileage_km",
    ),
    "an unknown bound": (
        "drift",
        changed("data/constraints.json", lambda each: each["features"][0].update(compleetness=1)),
        "has a bound 'compleetness', which nobody would look at; did you mean 'completeness'",
    ),
    "features are none": (
        "drift",
        changed("data/constraints.json", lambda each: each.update(features=3)),
        "features in constraints.json is no list of objects",
    ),
    "domains are none": (
        "drift",
        changed(
            "data/constraints.json",
            lambda each: each["features"][0].update(string_constraints={"domains": 3}),
        ),
        "domains of feature .* is 3; give a list",
    ),
    "half constraints": ("quality", cut("quality/constraints.json"), "constraints.json is no JSON"),
    "another problem": (
        "quality",
        changed(
            "quality/statistics.json",
            lambda each: each.update(other_metrics=each.pop("regression_metrics")),
        ),
        "is of another problem than the model's regression",
    ),
    "an unknown metric": (
        "quality",
        changed(
            "quality/constraints.json",
            lambda each: each["regression_constraints"].update(
                rsme={"threshold": 1, "comparison_operator": "GreaterThanThreshold"}
            ),
        ),
        "has a bound on 'rsme', which is not measured; did you mean 'rmse'",
    ),
    "metrics are none": (
        "quality",
        changed("quality/constraints.json", lambda each: each.update(regression_constraints=[1])),
        "regression_constraints in constraints.json is no object of metrics",
    ),
    "a room that is none": (
        "quality",
        changed(
            "quality/constraints.json",
            lambda each: each["regression_constraints"]["rmse"].update(additional_properties=[1]),
        ),
        "additional_properties of rmse in constraints.json hold",
    ),
}


@JUST_ONE
@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_that_does_not_fit_is_one_sentence(
    trained: Trained, baseline: Path, window: Path, tmp_path: Path, name: str
) -> None:
    task, change, said = BASELINES[name]
    change(Path(shutil.copytree(baseline, tmp_path / "baseline")))
    told = {"window": window, "baseline": tmp_path / "baseline"}
    with pytest.raises(SystemExit, match=f"^monitor: .*{said}"):
        main(task, trained, tmp_path / "out", **told)
    assert not (tmp_path / "out").exists()


@JUST_ONE
@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("history.json", "{", "history.json is no JSON"),
        ("history.json", '{"windows": 3}', "history.json is no history .*delete it to begin anew"),
        ("events.json", '{"events": [{}]}', "events.json is no list of events"),
        ("bookmark.json", json.dumps({"until": "x"}), "bookmark.json is no bookmark"),
        (
            *("bookmark.json", json.dumps({"until": "2026-11-25T00:00:00+00:00", "of": "bikes"})),
            "bookmark.json is of bikes, not of cars; give cars's state",
        ),
    ],
)
def test_a_state_that_is_damaged_or_another_s_is_not_written_over(
    trained: Trained, baseline: Path, window: Path, tmp_path: Path, file: str, text: str, said: str
) -> None:
    told: dict[str, Any] = {"window": window, "baseline": baseline}
    for task in ("drift", "quality"):
        main(task, trained, tmp_path / task, **told)
        told[task] = tmp_path / task
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / file).write_text(text)
    told |= {"state": tmp_path / "state", "name": "cars"}
    with pytest.raises(SystemExit, match=f"^monitor: .*{said}"):
        main("report", trained, tmp_path / "out", **told)
    assert not (tmp_path / "out").exists()


@JUST_ONE
def test_captured_files_elsewhere_and_a_window_without_any(
    trained: Trained, baseline: Path, asked: list[str], tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    main("consolidate", trained, tmp_path / "empty", capture=tmp_path / "none")
    assert read(tmp_path / "empty" / "window.json")["rows"] == 0
    told: dict[str, Any] = {"window": tmp_path / "empty", "baseline": baseline}
    for task in ("drift", "quality"):
        main(task, trained, tmp_path / task, **told)
        told[task] = tmp_path / task
    main("report", trained, tmp_path / "report", **told)
    assert "calm" in (tmp_path / "report/report/report.html").read_text(encoding="utf-8")
    capture(trained, tmp_path / "capture", [])
    (tmp_path / "capture" / "notes.jsonl").write_text("".join(asked))
    with pytest.raises(SystemExit, match=r"notes.jsonl is not below a folder yyyy/mm/dd/hh"):
        main("consolidate", trained, tmp_path / "out", capture=tmp_path / "capture")
