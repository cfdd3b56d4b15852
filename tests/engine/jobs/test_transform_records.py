"""Records of a transform job: filtered, joined, and named where one fails."""

from __future__ import annotations

import gzip

import pytest

from engine.definitions import (
    Json,
    definition,
)
from engine.local import Local
from engine.transforms import CSV, ECHO, LINES, SUM, created, failed, score, scored, succeeded

CELLS = "7,1,2\n8,3,4\n"
PEOPLE = '{"id": 7, "features": [1, 2]}\n{"id": 8, "features": [3, 4]}\n'


@pytest.mark.parametrize(
    ("kind", "processing", "text", "written"),
    [
        # The examples of "Associate Prediction Results with Input Records", one after another.
        (
            CSV,
            {"InputFilter": "$", "JoinSource": "None", "OutputFilter": "$"},
            CELLS,
            "100\n150\n",
        ),
        (CSV, {"JoinSource": "Input"}, CELLS, "7,1,2,100\n8,3,4,150\n"),
        (CSV, {"InputFilter": "$[1:]", "JoinSource": "Input"}, CELLS, "7,1,2,30\n8,3,4,70\n"),
        (
            CSV,
            {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
            CELLS,
            "7,30\n8,70\n",
        ),
        (
            LINES,
            {
                "InputFilter": "$.features",
                "JoinSource": "Input",
                "OutputFilter": "$['id','SageMakerOutput']",
            },
            PEOPLE,
            '{"id":7,"SageMakerOutput":{"sum":30}}\n{"id":8,"SageMakerOutput":{"sum":70}}\n',
        ),
        # And what else they allow.
        (CSV, {"InputFilter": "$[1:]"}, CELLS, "30\n70\n"),
        (CSV, {"InputFilter": "$[0]"}, CELLS, "70\n80\n"),
        (CSV, {"OutputFilter": "$[-1]", "JoinSource": "Input"}, CELLS, "100\n150\n"),
        (CSV, {"OutputFilter": "$[:1]"}, CELLS, "100\n150\n"),
        (
            LINES,
            {"JoinSource": "Input"},
            '{"id": 7, "features": [1, 2]}\n[3]\n',
            '{"id":7,"features":[1,2],"SageMakerOutput":{"sum":30}}\n'
            '{"SageMakerInput":[3],"SageMakerOutput":{"sum":30}}\n',
        ),
        (LINES, {"InputFilter": "$.features", "OutputFilter": "$.sum"}, PEOPLE, "30\n70\n"),
        (
            {
                "source": {"ContentType": "application/json", "SplitType": "Line"},
                "target": {"Accept": "application/json", "AssembleWith": "Line"},
            },
            {"InputFilter": "$.features", "JoinSource": "Input", "OutputFilter": "$.id"},
            PEOPLE,
            "7\n8\n",
        ),
    ],
)
@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
def test_records_are_filtered_and_joined(
    local: Local, kind: Json, processing: Json, text: str, written: str, strategy: str
) -> None:
    options = {"BatchStrategy": strategy}
    run = scored(local, {"a": text}, **kind, processing=processing, options=options)
    assert succeeded(local, run) == {"a.out": written}


def test_quoted_cells_are_kept_by_filters_and_joins(local: Local) -> None:
    run = scored(
        local,
        {"a.csv": '"x, ""y""",1\r\nz,2\r\n'},
        **CSV,
        processing={"InputFilter": "$[1:]", "JoinSource": "Input"},
    )
    assert succeeded(local, run) == {"a.csv.out": '"x, ""y""",1,10\nz,2,20\n'}


def test_a_name_that_the_service_refuses_runs_with_a_note(local: Local) -> None:
    processing = {"InputFilter": "$['the_features']", "OutputFilter": "$.sum"}
    run = scored(local, {"a": '{"the_features": [1]}\n'}, **LINES, processing=processing)
    assert succeeded(local, run) == {"a.out": "10\n"}
    assert "the managed service has refused '_' in a JSONPath" in local.log(run, "Score")


def test_compressed_files_are_read(local: Local) -> None:
    source = {**CSV["source"], "CompressionType": "Gzip"}
    files = {"a.csv.gz": gzip.compress(b"1\n2\n")}
    run = scored(local, files, source=source, target=CSV["target"])
    assert succeeded(local, run) == {"a.csv.gz.out": "10\n20\n"}


ROWS = [str(number) for number in range(1, 41)]


def rows_with(*wrong: int, header: str = "") -> str:
    """40 lines of CSV, of which some, counted from 1 without the header, are no numbers."""
    rows = ["wrong" if number in wrong else row for number, row in enumerate(ROWS, start=1)]
    return "\n".join([header, *rows] if header else rows) + "\n"


@pytest.mark.parametrize("strategy", ["SingleRecord", "MultiRecord"])
@pytest.mark.parametrize("wrong", [(1,), (2,), (3,), (17,), (40,), (1, 2), (5, 6, 7), (39, 40)])
def test_the_first_record_that_fails_is_named(
    local: Local, wrong: tuple[int, ...], strategy: str
) -> None:
    files = {"a.csv": rows_with(), "sub/b.csv": rows_with(*wrong)}
    run = scored(local, files, **CSV, options={"BatchStrategy": strategy})
    expected = f"sub/b.csv, record {wrong[0]}: ValueError: invalid literal for int() with base 10"
    assert expected in failed(local, run)
    assert expected in run.job("Score")["FailureReason"]
    log = local.log(run, "Score")
    assert "Traceback" in log
    assert 'inference.py", line ' in log


@pytest.mark.parametrize("wrong", [1, 2, 3, 40])
def test_a_line_of_names_before_the_records_is_not_to_blame(local: Local, wrong: int) -> None:
    """A model may take column names before records, and none alone."""
    script = SUM.replace(
        "    return [[int",
        "    lines = text.splitlines()[text.startswith('number'):]\n"
        "    assert lines, 'no record'\n"
        "    return [[int",
    ).replace("in text.splitlines()]", "in lines]", 1)
    run = scored(local, {"a.csv": rows_with(wrong, header="number")}, script, **CSV)
    assert f"a.csv, record {wrong + 1}: ValueError: invalid literal" in failed(local, run)


@pytest.mark.slow
def test_of_payloads_under_way_together_the_first_failure_is_named(local: Local) -> None:
    options = {"MaxConcurrentTransforms": 4, "BatchStrategy": "SingleRecord"}
    run = scored(local, {"a.csv": rows_with(2, 3, 4)}, **CSV, options=options)
    assert "a.csv, record 2: ValueError" in failed(local, run)


def test_a_payload_that_fails_once_only_names_all_its_records(local: Local) -> None:
    script = (
        SUM
        + "calls = []\nadd = predict_fn\n"
        + (
            "def predict_fn(rows, factor):\n"
            "    calls.append(rows)\n"
            "    if len(calls) == 1: raise OSError('busy')\n"
            "    return add(rows, factor)\n"
        )
    )
    run = scored(local, {"a.csv": rows_with()}, script, **CSV)
    expected = "a.csv, records 1 to 40: OSError: busy (but not when they were sent again)"
    assert expected in failed(local, run)


@pytest.mark.parametrize(
    ("kind", "processing", "text", "reason"),
    [
        (CSV, {"InputFilter": "$[1]"}, "1,2\n3\n", "record 2: the InputFilter $[1] does not fit"),
        (CSV, {"InputFilter": "$[0]"}, '1\n"2\n', "record 2: the InputFilter $[0] does not fit it"),
        (LINES, {"InputFilter": "$.x"}, '{"x": [1]}\nno\n', "record 2: the InputFilter $.x"),
        (
            CSV,
            {"JoinSource": "Input", "OutputFilter": "$[2]"},
            "1,2\n3\n",
            "record 2: the OutputFilter $[2] does not fit it: it has no [2], only 2 values",
        ),
        (LINES, {"OutputFilter": "$.no"}, "[1]\n", "record 1: the OutputFilter $.no does not fit"),
        (CSV, {"JoinSource": "Input"}, '1\n"2"\n', "record 2: ValueError"),
    ],
)
def test_a_record_that_does_not_fit_is_named(
    local: Local, kind: Json, processing: Json, text: str, reason: str
) -> None:
    run = scored(local, {"a.csv": text}, **kind, processing=processing)
    assert f"a.csv, {reason}" in failed(local, run)


def test_bytes_that_are_no_text_are_a_records_fault(local: Local) -> None:
    run = scored(local, {"a.csv": b"1\n\xff\n"}, **CSV)
    # As in the image, whose server gives a script text with a mark in place of such bytes.
    assert "a.csv, record 2: ValueError" in failed(local, run)


@pytest.mark.parametrize(
    ("kind", "answer", "reason"),
    [
        (CSV, "'1,2\\n'", "records 1 to 3: the model gave 1 predictions for 3 records"),
        (CSV, "'1\\n2\\n3\\n4\\n'", "records 1 to 3: the model gave 4 predictions for 3 records"),
        (CSV, "'1\\n\"2\\n3\\n'", "record 2: its prediction b'\"2' is not text/csv"),
        (LINES, "'1\\n2\\nthree\\n'", "record 3: its prediction b'three' is not application/json"),
    ],
)
def test_predictions_that_do_not_fit_their_records_fail(
    local: Local, kind: Json, answer: str, reason: str
) -> None:
    script = ECHO.replace("return body", f"return {answer}")
    run = scored(local, {"a": "1\n2\n3\n"}, script, **kind, processing={"JoinSource": "Input"})
    assert f"a, {reason}" in failed(local, run)


def test_a_record_that_cannot_be_joined_is_named(local: Local) -> None:
    script = ECHO.replace("return body", "return '1\\n2\\n'")
    run = scored(local, {"a": "1\nno\n"}, script, **LINES, processing={"JoinSource": "Input"})
    expected = "a, record 2: the record b'no\\n' is not application/jsonlines"
    assert expected in failed(local, run)


def test_a_filtered_answer_that_fits_no_records_names_them_all(local: Local) -> None:
    script = ECHO.replace("return body", "return '1\\n\"2\\n'")
    run = scored(local, {"a": "1\n2\n3\n"}, script, **CSV, processing={"OutputFilter": "$[0]"})
    assert "a, records 1 to 3: its prediction b'\"2' is not text/csv" in failed(local, run)


def test_no_output_is_left_when_a_later_file_fails(local: Local) -> None:
    """Nor are earlier outputs touched."""
    earlier = local.put("earlier", "scores/a.csv.out")
    for name, text in {"a.csv": "1\n", "b.csv": "2\nx\n"}.items():
        local.put(text, f"data/{name}")
    before = local.objects()
    step = score(created(local), **CSV)
    run = local.run(definition(step))
    assert "b.csv, record 2" in run.reason("Score")
    assert local.objects() == before
    assert local.read(earlier) == "earlier"
    assert not list((local.root / "s3").glob(".writing-*"))
