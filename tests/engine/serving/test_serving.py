"""The parts of ``serving`` that need no job: JSONPath, records, payloads, order."""

from __future__ import annotations

import gzip
import threading
from pathlib import Path
from typing import Any

import pytest
from sagemaker_local.serving.in_order import in_order
from sagemaker_local.serving.json_text import JsonText
from sagemaker_local.serving.jsonpath import JsonPathError, parse
from sagemaker_local.serving.options import Options, options_of
from sagemaker_local.serving.payloads import Payload, RecordError, Source, blocks, payloads
from sagemaker_local.serving.records import CSV, JSON, JSON_LINES, join, lines, split
from sagemaker_local.serving.records import parse as parsed

ROW = ["a", "b", "c", "d", "e", "f"]
PERSON = {
    "id": 7,
    "features": [1, 2, 3],
    "name": {"first": "Ada", "last": "L", "more": {"x": 1}},
    "with space": 8,
    "jobs": [{"at": "x", "pay": 1}, {"at": "y", "pay": 2}],
}


@pytest.mark.parametrize(
    ("path", "document", "selected"),
    [
        ("$", ROW, ROW),
        ("$[1]", ROW, "b"),
        ("$[-1]", ROW, "f"),
        ("$[1,3,5]", ROW, ["b", "d", "f"]),
        ("$[0, -1]", ROW, ["a", "f"]),
        ("$[5,0]", ROW, ["f", "a"]),
        ("$[1:]", ROW, ["b", "c", "d", "e", "f"]),
        ("$[2:5]", ROW, ["c", "d", "e"]),
        ("$[:5]", ROW, ["a", "b", "c", "d", "e"]),
        ("$[:-1]", ROW, ["a", "b", "c", "d", "e"]),
        ("$[-2:]", ROW, ["e", "f"]),
        ("$[:]", ROW, ROW),
        ("$[4:99]", ROW, ["e", "f"]),
        ("$[*]", ROW, ROW),
        ("$.*", ROW, ROW),
        ("$", PERSON, PERSON),
        ("$.id", PERSON, 7),
        ("$['id']", PERSON, 7),
        ("$.['id']", PERSON, 7),
        ("$['with space']", PERSON, 8),
        ("$.features", PERSON, [1, 2, 3]),
        ("$.features[0]", PERSON, 1),
        ("$.features[1:]", PERSON, [2, 3]),
        ("$['id','features']", PERSON, {"id": 7, "features": [1, 2, 3]}),
        ("$.name.['first','last']", PERSON, {"first": "Ada", "last": "L"}),
        ("$.name.*", PERSON, ["Ada", "L", {"x": 1}]),
        ("$.name.more.x", PERSON, 1),
        ("$.jobs[*].pay", PERSON, [1, 2]),
        ("$.jobs[0,1]['at','pay']", PERSON, PERSON["jobs"]),
        ("$.jobs.*.*", PERSON, ["x", 1, "y", 2]),
        ("$['name','id'].*", {"name": [1], "id": [2, 3]}, [1, 2, 3]),
    ],
)
def test_a_path_selects(path: str, document: Any, selected: Any) -> None:
    assert parse(path).select(document) == selected


@pytest.mark.parametrize(
    ("path", "document", "reason"),
    [
        ("$[6]", ROW, "it has no [6], only 6 values"),
        ("$[-7]", ROW, "it has no [-7], only 6 values"),
        ("$[6:]", ROW, "nothing of its 6 values is in the slice"),
        ("$.no", PERSON, "it has no 'no'"),
        ("$['id','no']", PERSON, "it has no 'no'"),
        ("$.id.x", PERSON, "it has no 'x'"),
        ("$[0]", PERSON, "it is no array"),
        ("$.id[1:]", PERSON, "it is no array"),
        ("$.id.*", PERSON, "it is no array"),
    ],
)
def test_what_a_record_does_not_have_is_an_error(path: str, document: Any, reason: str) -> None:
    with pytest.raises(JsonPathError) as error:
        parse(path).select(document)
    assert str(error.value) == reason


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("", "should start with $"),
        ("id", "should start with $"),
        ("$[0:2,5:]", "stands alone"),  # as the service says: sagemaker-python-sdk issue 1112
        ("$[0,5:]", "stands alone"),
        ("$..id", "cannot read '..id'"),
        ("$[?(@.id)]", "cannot read '[?(@.id)]'"),
        ("$[0:4:2]", "cannot read '[0:4:2]'"),
        ("$.id[", "cannot read '['"),
        ("$[]", "cannot read '[]'"),
        ("$[a]", "cannot read '[a]'"),
        ("$.", "cannot read '.'"),
        ("$id", "cannot read 'id'"),
    ],
)
def test_what_is_no_path_here_is_refused(path: str, reason: str) -> None:
    with pytest.raises(JsonPathError) as error:
        parse(path)
    assert reason in str(error.value)


def test_paths_for_csv_are_positions() -> None:
    assert all(parse(path).by_index for path in ("$", "$[0]", "$[1:]", "$[0,-1]", "$[*]"))
    assert not any(parse(path).by_index for path in ("$.id", "$['a','b']", "$[0][1]"))


def test_characters_that_the_service_has_refused_are_known() -> None:
    assert parse("$['account_id','SageMakerOutput']").refused_by_the_service == "_"
    assert parse("$['id','SageMakerOutput']").refused_by_the_service == ""


@pytest.mark.parametrize(
    ("line", "cells", "written"),
    [
        (b"1,2,3\n", ["1", "2", "3"], b"1,2,3\n"),
        (b"1,2\r\n", ["1", "2"], b"1,2\n"),
        (b'"a, b","say ""x""",\n', ["a, b", 'say "x"', ""], b'"a, b","say ""x""",\n'),
        ("ü,1".encode(), ["ü", "1"], "ü,1\n".encode()),
    ],
)
def test_lines_of_csv_are_read_and_written(line: bytes, cells: list[str], written: bytes) -> None:
    assert parsed(line, CSV) == cells
    assert lines([cells], CSV) == [written]


def test_a_quote_that_is_left_open_is_an_error() -> None:
    with pytest.raises(ValueError, match="not a line of CSV"):
        parsed(b'1,"two\n', CSV)


def test_one_value_is_a_line_of_csv_too() -> None:
    assert lines(["a, b"], CSV) == [b'"a, b"\n']


def test_json_is_written_on_one_line_as_it_was() -> None:
    text = '{"ü": [1, 2.5, null, true, "x\\n"], "big": 12345678901234567890}'
    record = parsed(text.encode(), JSON)
    expected = '{"ü":[1,2.5,null,true,"x\\n"],"big":12345678901234567890}\n'
    assert lines([record], JSON_LINES) == [expected.encode()]


def test_predictions_join_their_records_as_the_guide_shows() -> None:
    assert join(["1", "2", "3"], ["1"], CSV) == ["1", "2", "3", "1"]
    assert join({"key": 1}, {"label": 1}, JSON) == {"key": 1, "SageMakerOutput": {"label": 1}}
    assert join([1], 2, JSON_LINES) == {"SageMakerInput": [1], "SageMakerOutput": 2}
    assert join({"SageMakerOutput": 0}, 1, JSON) == {"SageMakerOutput": 1}


def test_an_answer_is_split_by_its_type() -> None:
    assert split(b"1\n2\r\n\n3", CSV, 3) == [b"1", b"2\r", b"3"]
    assert split(b'{"a":\n1}\n', JSON, 1) == [b'{"a":\n1}\n']
    assert split(b'{"a": 1}\n{"a": 2}\n', JSON, 2) == [b'{"a": 1}', b'{"a": 2}']
    assert split(b"", CSV, 0) == []


def asked(**request: Any) -> Options:
    source = {"SplitType": "Line", **request.pop("source", {})}
    return options_of({"TransformInput": source, "TransformOutput": {}, **request})


def read(file: Path, options: Options) -> list[Payload]:
    source = Source(file.name, file, file)
    return [each for block in blocks(source, options) for each in payloads(block, options)]


def test_settings_have_the_services_defaults() -> None:
    found = options_of({"TransformInput": {}, "TransformOutput": {}})
    assert (found.content_type, found.accept) == ("application/json", "application/json")
    assert not (found.by_line or found.single or found.gzipped or found.join or found.end_lines)
    assert (found.limit, found.concurrent) == (6 << 20, 1)
    assert found.input_filter.selects_all and found.output_filter.selects_all
    assert asked(MaxConcurrentTransforms=0).concurrent == 1


@pytest.mark.slow
def test_a_payload_is_filled_up_to_the_size_that_is_asked_for(tmp_path: Path) -> None:
    rows = [f"{number:09}\n".encode() for number in range(250_000)]  # 2.4 MB
    file = tmp_path / "a.csv"
    file.write_bytes(b"".join(rows))
    found = read(file, asked(MaxPayloadInMB=1))
    assert b"".join(payload.body() for payload in found) == file.read_bytes()
    assert [len(payload.sent) for payload in found] == [104_857, 104_857, 40_286]
    assert [payload.numbers[0] for payload in found] == [1, 104_858, 209_715]
    (whole,) = read(file, asked(MaxPayloadInMB=0))
    assert whole.body() == file.read_bytes()


@pytest.mark.slow
def test_payloads_are_as_large_at_100_thousand_rows_as_at_more(tmp_path: Path) -> None:
    largest = []
    for rows in (100_000, 400_000):
        file = tmp_path / f"{rows}.csv"
        file.write_bytes(b"12,345\n" * rows)
        largest.append(max(len(payload.body()) for payload in read(file, asked())))
    assert largest[0] == largest[1]


def test_single_records_blank_lines_and_numbers(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"1\n\n  \n2\r\n3")
    found = read(file, asked(BatchStrategy="SingleRecord"))
    assert [payload.body() for payload in found] == [b"1\n", b"2\r\n", b"3"]
    assert [payload.numbers for payload in found] == [[1], [4], [5]]
    assert [payload.numbers for payload in read(file, asked())] == [[1, 4, 5]]


def test_a_whole_file_is_one_record(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(b"{\n}\n")
    (payload,) = read(file, asked(source={"SplitType": "None"}))
    assert payload.body() == b"{\n}\n"
    assert str(payload.error("why")) == "a.json: why"
    file.write_bytes(b"")
    assert read(file, asked(source={"SplitType": "None"})) == []


@pytest.mark.parametrize("split_type", ["Line", "None"])
def test_no_more_is_read_than_shows_that_a_record_is_too_large(
    tmp_path: Path, split_type: str
) -> None:
    file = tmp_path / "a.csv"
    with file.open("wb") as stream:
        stream.write(b"1\n" if split_type == "Line" else b"")
        stream.truncate(1 << 40)  # a terabyte of zeros, which is in no memory
    with pytest.raises(RecordError) as error:
        read(file, asked(source={"SplitType": split_type}, MaxPayloadInMB=2))
    which = "a.csv, record 2" if split_type == "Line" else "a.csv"
    assert str(error.value).startswith(f"{which}: it has more than 2 MB; raise MaxPayloadInMB")


def test_compressed_files_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.gz"
    file.write_bytes(gzip.compress(b"1\n2\n"))
    options = asked(source={"CompressionType": "Gzip"})
    assert [payload.body() for payload in read(file, options)] == [b"1\n2\n"]
    whole = file.read_bytes()
    for broken in (b"1\n2\n", whole[:-9], whole[:12] + b"\xff" + whole[13:]):
        file.write_bytes(broken)
        with pytest.raises(RecordError, match=r"a\.gz: it cannot be uncompressed"):
            read(file, options)


def test_results_come_in_order_and_only_so_many_are_under_way() -> None:
    taken: list[int] = []
    arrived = threading.Barrier(3, timeout=30)
    done = {number: threading.Event() for number in range(9)}

    def items() -> Any:
        for number in range(9):
            taken.append(number)
            yield number

    def slow(number: int) -> int:
        """Three at once, of which the last ends first."""
        arrived.wait()
        if number % 3 < 2:
            assert done[number + 1].wait(30)
        done[number].set()
        return number

    seen = []
    for result in in_order(slow, items(), 3):
        seen.append(result)
        assert len(taken) <= len(seen) + 3
    assert seen == list(range(9))


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_comes_after_the_results_before_it(threads: int) -> None:
    def items() -> Any:
        yield from (1, 2)
        raise ValueError("no third")

    results = in_order(lambda item: item, items(), threads)
    assert [next(results), next(results)] == [1, 2]
    with pytest.raises(ValueError, match="no third"):
        next(results)


@pytest.mark.parametrize("threads", [1, 3])
def test_a_failing_call_ends_it(threads: int) -> None:
    taken: list[int] = []

    def items() -> Any:
        for number in (1, 0, *range(1, 1000)):
            taken.append(number)
            yield number

    results = in_order(lambda item: 1 // item, items(), threads)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert len(taken) <= 1 + threads


@pytest.mark.parametrize(
    "text",
    [
        '{"a":NaN,"b":[Infinity,1]}',
        '{"id":123456789012345678901234567890,"b":null}',
        '{"id":1234567890123456789,"b":1.5}',
    ],
)
def test_what_orjson_would_change_is_read_and_written_as_json_does(text: str) -> None:
    """NaN would become null, and an integer of more than 64 bits a float."""
    json_text = JsonText()
    assert json_text.line(json_text.loads(text.encode())) == f"{text}\n".encode()


def test_a_value_that_the_filter_read_is_kept_for_the_join(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b'{"a": 1, "b": 2}\n{"a": 3}\n')
    processing = {"InputFilter": "$.a", "JoinSource": "Input"}
    source = {"ContentType": JSON_LINES}
    (payload,) = read(file, asked(source=source, DataProcessing=processing))
    assert payload.body() == b"1\n3\n"
    assert payload.values == [{"a": 1, "b": 2}, {"a": 3}]
    (payload,) = read(file, asked(source=source))
    assert payload.values == []
    assert payload.read(slice(1, None), JSON_LINES) == [{"a": 3}]


def test_what_a_filter_makes_longer_is_sent_in_more_payloads(tmp_path: Path) -> None:
    """As filters write an exponent; a payload has no more bytes than are asked for."""
    file = tmp_path / "a"
    file.write_bytes(b'{"a":[%s]}\n' % b",".join([b"1e15"] * 100) * 4_000)
    source = {"ContentType": JSON_LINES}
    options = asked(source=source, MaxPayloadInMB=1, DataProcessing={"InputFilter": "$.a"})
    found = read(file, options)
    sizes = [len(payload.body()) for payload in found]
    assert file.stat().st_size < 3 << 20 < 6 << 20 < sum(sizes)
    assert (1 << 20) - 2_000 < sizes[0] <= max(sizes) <= 1 << 20
    assert [n for payload in found for n in payload.numbers] == list(range(1, 4_001))
    assert found[1].read(slice(1), JSON_LINES) == [{"a": [1e15] * 100}]


@pytest.mark.parametrize(
    "texts",
    [
        [b'{"a": 1}\n', b'{"a": NaN}', b"3"],
        [b'{"id": 12345678901234567890123}', b"1"],
        [b"[" * 500 + b"]" * 500, b'"\\ud800"', b"{}\r\n"],
    ],
)
def test_texts_that_are_read_together_are_read_as_each_is(texts: list[bytes]) -> None:
    each = [JsonText().loads(text) for text in texts]
    assert repr(JsonText().loads_each(texts)) == repr(each)


@pytest.mark.parametrize(
    "texts",
    [
        [b'{"a": [{}', b"{}]}, {}"],
        [b"[1", b"2], 3"],
        [b"1, 2", b""],
        [b"1,2"],
        [b" "],
        [b"", b"1"],
        [b'"a', b'b"', b"1, 2"],
        [b"1]", b"[2"],
    ],
)
def test_texts_that_are_no_values_alone_are_none_together(texts: list[bytes]) -> None:
    with pytest.raises(ValueError):
        JsonText().loads_each(texts)
