"""Batch transform jobs, run from small definitions with models whose scripts are written here."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sagemaker_local.processes.runner import SpawnRunner
from sagemaker_local.storage import archive

from engine.definitions import (
    IMAGE,
    ROLE,
    Json,
    definition,
    get,
    model,
    output_of,
    package_request,
    parameter,
    processing,
    transform,
)
from engine.local import Local, Run, until
from engine.programs import seen_by

TESTS = Path(__file__).resolve().parents[2]
OUTPUT = "s3://sagemaker-local/scores"
SERVED = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
CSV: Json = {
    "source": {"ContentType": "text/csv", "SplitType": "Line"},
    "target": {"Accept": "text/csv", "AssembleWith": "Line"},
}
LINES: Json = {
    "source": {"ContentType": "application/jsonlines", "SplitType": "Line"},
    "target": {"Accept": "application/jsonlines", "AssembleWith": "Line"},
}
JSON: Json = {
    "source": {"ContentType": "application/json"},
    "target": {"Accept": "application/json"},
}

# Adds up the numbers of a record, times a factor; prints how many records came together.
SUM = """
import json
from pathlib import Path

def model_fn(model_dir):
    return int(Path(model_dir, "factor.txt").read_text())

def input_fn(body, content_type):
    text = body if isinstance(body, str) else body.decode()
    print("records:", len(text.splitlines()), "type:", type(body).__name__)
    if content_type == "text/csv":
        return [[int(cell) for cell in line.split(",")] for line in text.splitlines()]
    return [json.loads(line) for line in text.splitlines()]

def predict_fn(rows, factor):
    return [factor * sum(row["features"] if isinstance(row, dict) else row) for row in rows]

def output_fn(sums, accept):
    if accept == "text/csv":
        return "".join(f"{each}\\n" for each in sums)
    return "".join(json.dumps({"sum": each}) + "\\n" for each in sums)
"""
# Answers with the body itself.
ECHO = """
def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    return body
"""


def artifacts(local: Local, script: str = SUM, **modules: str) -> str:
    """The URI of a ``model.tar.gz`` with a factor of 10 and ``code/inference.py``."""
    folder = local.root / "models" / str(len(list(local.root.glob("models/*"))))
    (folder / "code").mkdir(parents=True)
    (folder / "factor.txt").write_text("10")
    for name, text in {"inference": script, **modules}.items():
        (folder / "code" / f"{name}.py").write_text(text, encoding="utf-8")
    uri = local.bucket.uri(f"code/{folder.name}/model.tar.gz")
    archive.pack(folder, local.bucket.path(uri))
    return uri


def container(local: Local, script: str = SUM, /, **members: Any) -> Json:
    return {
        "Image": IMAGE,
        "ModelDataUrl": artifacts(local, script),
        "Environment": dict(SERVED),
        **members,
    }


def created(local: Local, name: str = "sum", script: str = SUM, **members: Any) -> str:
    """A model's name."""
    local.client.create_model(
        ModelName=name,
        ExecutionRoleArn=ROLE,
        PrimaryContainer=container(local, script, **members),
    )
    return name


def score(model_name: Any, **options: Any) -> Json:
    """A Transform step over everything below ``data``."""
    return transform("Score", model_name, "s3://sagemaker-local/data", OUTPUT, **options)


def scored(
    local: Local, files: Mapping[str, str | bytes], script: str = SUM, /, **options: Any
) -> Run:
    """An execution of one Transform step over files with these keys below ``data``."""
    for key, text in files.items():
        local.put(text, f"data/{key}")
    data = options.pop("data", "s3://sagemaker-local/data")
    name = created(local, script=script)
    return local.run(definition(transform("Score", name, data, OUTPUT, **options)))


def outputs(local: Local) -> dict[str, str]:
    """The texts below the output prefix."""
    keys = local.bucket.keys(OUTPUT)
    return {key.removeprefix("scores/"): local.read(local.bucket.uri(key)) for key in keys}


def succeeded(local: Local, run: Run) -> dict[str, str]:
    assert run.status == "Succeeded", run.steps
    return outputs(local)


def failed(local: Local, run: Run) -> str:
    """Why the step failed; nothing of it is in the bucket."""
    assert run.status == "Failed"
    assert outputs(local) == {}
    reason = run.reason("Score")
    assert reason.startswith("ClientError: ")
    return reason


def test_every_record_gets_its_prediction(either: Local) -> None:
    run = scored(either, {"test.csv": "1,2\n3,4\n"}, **CSV)
    assert succeeded(either, run) == {"test.csv.out": "30\n70\n"}


def test_a_job_is_described_as_the_service_does(local: Local) -> None:
    options = {"MaxConcurrentTransforms": 2, "MaxPayloadInMB": 1, "Environment": {"A": "b"}}
    run = scored(local, {"test.csv": "1,2\n"}, **CSV, options=options)
    job = run.job("Score")
    assert (job["TransformJobStatus"], job["ModelName"]) == ("Completed", "sum")
    assert job["CreationTime"] <= job["TransformStartTime"] <= job["TransformEndTime"]
    assert {name: job[name] for name in options} == options
    assert job["TransformOutput"] == {"S3OutputPath": OUTPUT, **CSV["target"]}
    assert run.steps["Score"]["Metadata"] == {"TransformJob": {"Arn": job["TransformJobArn"]}}
    execution = run.arn.rsplit("/", 1)[-1]
    assert job["TransformJobName"].startswith(f"pipelines-{execution}-Score-")
    (summary,) = local.client.list_transform_jobs(StatusEquals="Completed")["TransformJobSummaries"]
    assert summary["TransformJobArn"] == job["TransformJobArn"]
    other = local.client.list_transform_jobs(NameContains="not-in-a-name")
    assert other["TransformJobSummaries"] == []
    with pytest.raises(ClientError, match="Could not find the job 'none'"):
        local.client.describe_transform_job(TransformJobName="none")


def test_every_file_below_the_input_has_its_output(local: Local) -> None:
    files = {"b.csv": "1\n2\n", "a/deep/a.csv": "3", "a/empty.csv": "", "z": "\n4\n\n5\n"}
    run = scored(local, files, **CSV)
    assert succeeded(local, run) == {
        "b.csv.out": "10\n20\n",
        "a/deep/a.csv.out": "30\n",
        "a/empty.csv.out": "",
        "z.out": "40\n50\n",
    }
    log = local.log(run, "Score")
    assert "a/deep/a.csv: 1 records\n" in log
    assert "a/empty.csv: 0 records\n" in log


def test_the_input_may_be_one_object(local: Local) -> None:
    files = {"a.csv": "1\n", "b.csv": "2\n"}
    run = scored(local, files, **CSV, data="s3://sagemaker-local/data/b.csv")
    assert succeeded(local, run) == {"b.csv.out": "20\n"}


def test_without_a_split_type_a_file_is_one_request(local: Local) -> None:
    """``key`` and ``label``: the developer guide's own example of a JSON document."""
    script = ECHO.replace("return body", "return '{\"label\":\\n 1}'")
    files = {"a.json": '{\n "key": 1\n}\n', "b.json": "[2]", "empty.json": ""}
    run = scored(local, files, script, **JSON, processing={"JoinSource": "Input"})
    assert succeeded(local, run) == {
        "a.json.out": '{"key":1,"SageMakerOutput":{"label":1}}',
        "b.json.out": '{"SageMakerInput":[2],"SageMakerOutput":{"label":1}}',
        "empty.json.out": "",
    }


@pytest.mark.parametrize(
    ("strategy", "together"), [("SingleRecord", [1, 1, 1]), ("MultiRecord", [3]), (None, [3])]
)
def test_the_batch_strategy_says_how_many_records_come_together(
    local: Local, strategy: str | None, together: list[int]
) -> None:
    options = {"BatchStrategy": strategy} if strategy else {}
    run = scored(local, {"a.csv": "1\n2\n3\n"}, **CSV, options=options)
    assert succeeded(local, run) == {"a.csv.out": "10\n20\n30\n"}
    log = local.log(run, "Score")
    assert [int(count) for count in re.findall(r"records: (\d+)", log)] == together


def test_text_is_decoded_as_the_toolkit_does(local: Local) -> None:
    """CSV and JSON come as text, anything else, JSON Lines too, as bytes."""
    run = scored(local, {"a.csv": "1\n"}, **CSV)
    assert "type: str" in local.log(run, "Score")
    local.client.delete_model(ModelName="sum")
    run = scored(local, {"a.csv": "[1]\n"}, **LINES)
    assert "type: bytes" in local.log(run, "Score")


def test_the_payload_is_bounded(local: Local) -> None:
    script = SUM.replace('print("records:"', 'print("size:", len(text), "records:"')
    rows = 300_000
    text = "".join(f"{number:06}\n" for number in range(rows))  # 2 MB
    run = scored(local, {"a.csv": text}, script, **CSV, options={"MaxPayloadInMB": 1})
    expected = "".join(f"{10 * number}\n" for number in range(rows))
    assert succeeded(local, run) == {"a.csv.out": expected}
    sizes = [int(size) for size in re.findall(r"size: (\d+)", local.log(run, "Score"))]
    assert sum(sizes) == len(text)
    assert all((1 << 20) - 7 < size <= 1 << 20 for size in sizes[:-1])
    progress = re.findall(r"a.csv: (\d+) records so far", local.log(run, "Score"))
    assert [int(records) // 100_000 for records in progress] == [1, 2, 3]


@pytest.mark.parametrize(
    ("size", "options", "source", "reason"),
    [
        (6 << 20, {}, {}, ""),
        ((6 << 20) + 1, {}, {}, "a: it has more than 6 MB; raise MaxPayloadInMB, or split the"),
        ((6 << 20) + 1, {"MaxPayloadInMB": 7}, {}, ""),
        ((6 << 20) + 1, {"MaxPayloadInMB": 0}, {}, ""),
        ((6 << 20) + 1, {}, {"SplitType": "Line"}, "a, record 1: it has more than 6 MB; raise"),
        ((1 << 20) + 1, {"MaxPayloadInMB": 1}, {"SplitType": "Line"}, "a, record 1: it has more"),
    ],
)
def test_a_record_that_exceeds_the_payload_fails(
    local: Local, size: int, options: Json, source: Json, reason: str
) -> None:
    run = scored(local, {"a": b"x" * size}, ECHO, source=source, options=options)
    if reason:
        assert reason in failed(local, run)
    else:
        assert len(succeeded(local, run)["a.out"]) == size


@pytest.mark.parametrize(
    ("assembly", "answer", "written"),
    [("None", "x", "xxx"), ("Line", "x", "x\nx\nx\n"), ("Line", "x\\n", "x\nx\nx\n")],
)
def test_answers_are_assembled(local: Local, assembly: str, answer: str, written: str) -> None:
    script = ECHO.replace("return body", f'return "{answer}"')
    run = scored(
        local,
        {"a.csv": "1\n2\n3\n"},
        script,
        source=CSV["source"],
        target={"AssembleWith": assembly},
        options={"BatchStrategy": "SingleRecord"},
    )
    assert succeeded(local, run) == {"a.csv.out": written}


def test_payloads_are_under_way_together_and_their_answers_in_order(local: Local) -> None:
    """Three meet, of which the first one's answer is ready last."""
    script = """
import threading
meeting = threading.Barrier(3, timeout=30)
answered = [threading.Event() for _ in range(9)]

def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    number = int(body)
    meeting.wait()
    if number % 3 < 2:
        assert answered[number + 1].wait(30)
    answered[number].set()
    return f"answer {number}"
"""
    rows = [str(number) for number in range(9)]
    files = {"a.csv": "\n".join(rows[:4]), "b.csv": "\n".join(rows[4:])}
    options = {"MaxConcurrentTransforms": 3, "BatchStrategy": "SingleRecord"}
    run = scored(local, files, script, **CSV, options=options)
    assert succeeded(local, run) == {
        "a.csv.out": "".join(f"answer {number}\n" for number in range(4)),
        "b.csv.out": "".join(f"answer {number}\n" for number in range(4, 9)),
    }


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
    assert "a.csv, record 2: UnicodeDecodeError" in failed(local, run)


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


def test_a_model_made_in_the_pipeline_scores_another_steps_output(local: Local) -> None:
    prepare = processing(
        "Prepare",
        local.code("import sys; open(sys.argv[1] + '/x.csv', 'w').write('4\\n')"),
        outputs=["test"],
        arguments=["/opt/ml/processing/output/test"],
    )
    made = model("Make", artifacts(local))
    made["Arguments"]["PrimaryContainer"]["Environment"] = SERVED
    name, test = get("Steps.Make.ModelName"), output_of("Prepare", "test")
    scores = transform("Score", name, test, OUTPUT, **CSV)
    after = processing(
        "After",
        local.code("import sys; print(open(sys.argv[1] + '/x.csv.out').read())"),
        inputs={"scores": get("Steps.Score.TransformOutput.S3OutputPath")},
        arguments=["/opt/ml/processing/input/scores"],
    )
    run = local.run(definition(after, scores, made, prepare))
    assert run.status == "Succeeded", run.steps
    assert local.log(run, "After").split() == ["40"]


def test_a_model_of_an_earlier_process_scores(tmp_path: Path, source: Path) -> None:
    """Made by one process, used by another that has nothing but the root."""
    root = tmp_path / "root"
    program = """
import sys
from pathlib import Path
from sagemaker_local.processes.runner import SpawnRunner
from engine.local import Local
from engine.jobs.test_transform import created
created(Local(Path(sys.argv[1]), SpawnRunner()), "earlier")
"""
    paths = os.pathsep.join(map(str, (source, TESTS)))
    environment = {**os.environ, "PYTHONPATH": paths}
    subprocess.run([sys.executable, "-c", program, str(root)], env=environment, check=True)
    local = Local(root, SpawnRunner())
    local.put("2\n", "data/a.csv")
    run = local.run(definition(score("earlier", **CSV)))
    assert succeeded(local, run) == {"a.csv.out": "20\n"}


def test_a_registered_model_package_scores(local: Local) -> None:
    request = package_request("group", artifacts(local))
    request["InferenceSpecification"]["Containers"][0]["Environment"] = SERVED
    arn = local.client.create_model_package(**request)["ModelPackageArn"]
    for number, name in enumerate((arn, "group/1")):
        local.client.create_model(
            ModelName=f"m{number}",
            ExecutionRoleArn=ROLE,
            Containers=[{"ModelPackageName": name}],
        )
        local.put("5\n", "data/a.csv")
        step = score(f"m{number}", **CSV)
        assert succeeded(local, local.run(definition(step))) == {"a.csv.out": "50\n"}


def test_another_specification_of_a_package_scores(local: Local) -> None:
    other = SUM.replace("factor * sum", "2 * factor * sum")
    specification = {"Name": "double", "Containers": [container(local, other)]}
    request = package_request("group", artifacts(local))
    request["AdditionalInferenceSpecifications"] = [specification]
    arn = local.client.create_model_package(**request)["ModelPackageArn"]
    named = {"ModelPackageName": arn, "InferenceSpecificationName": "double"}
    local.client.create_model(ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=named)
    local.put("5\n", "data/a.csv")
    step = score("m", **CSV)
    assert succeeded(local, local.run(definition(step))) == {"a.csv.out": "100\n"}


def test_a_model_of_a_package_that_is_not_there_is_refused(local: Local) -> None:
    with pytest.raises(ClientError, match="ModelPackage group/1 does not exist"):
        local.client.create_model(
            ModelName="m",
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"ModelPackageName": "group/1"},
        )
    assert local.client.list_models()["Models"] == []


@pytest.mark.parametrize("compression", ["Gzip", "None"])
def test_a_models_data_source_is_read(local: Local, compression: str) -> None:
    packed = artifacts(local)
    uri = packed
    if compression == "None":
        folder = local.root / "unpacked"
        archive.unpack(local.bucket.existing(packed), folder)
        uri = "s3://sagemaker-local/code/unpacked/"
        local.bucket.upload(folder, uri)
    data = {"S3Uri": uri, "S3DataType": "S3Prefix", "CompressionType": compression}
    local.client.create_model(
        ModelName="m",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataSource": {"S3DataSource": data},
            "Environment": SERVED,
        },
    )
    local.put("5\n", "data/a.csv")
    step = score("m", **CSV)
    assert succeeded(local, local.run(definition(step))) == {"a.csv.out": "50\n"}


def test_the_script_may_be_an_archive_of_its_own(local: Local) -> None:
    folder = local.root / "own"
    folder.mkdir(parents=True)
    (folder / "serve.py").write_text(SUM)
    (folder / "requirements.txt").write_text("numpy")
    uri = local.bucket.uri("code/source/sourcedir.tar.gz")
    archive.pack(folder, local.bucket.path(uri))
    served = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": uri}
    created(local, "m", Environment=served)
    local.put("5\n", "data/a.csv")
    step = score("m", **CSV)
    run = local.run(definition(step))
    assert succeeded(local, run) == {"a.csv.out": "50\n"}
    assert "requirements.txt is not installed" in local.log(run, "Score")


def test_the_variables_are_the_models_then_the_jobs(local: Local) -> None:
    script = """
import json, os
def model_fn(model_dir):
    assert model_dir == os.environ["SM_MODEL_DIR"]
    assert os.listdir(model_dir) and os.path.dirname(model_dir) == os.getcwd()
def transform_fn(model, body, content_type, accept):
    return json.dumps(dict(os.environ))
"""
    model_variables = {**SERVED, "MODE": "model", "OWN": "model", "PLACE": "/opt/ml/model/x"}
    created(local, "m", script, Environment=model_variables)
    local.put("5\n", "data/a.csv")
    options = {"Environment": {"MODE": "job"}, "BatchStrategy": "SingleRecord"}
    step = score("m", options=options)
    found = json.loads(succeeded(local, local.run(definition(step)))["a.csv.out"])
    assert (found["MODE"], found["OWN"]) == ("job", "model")
    assert Path(found["PLACE"]).is_relative_to(local.root / "jobs")
    assert found["SAGEMAKER_BATCH_STRATEGY"] == "SINGLE_RECORD"


def test_the_script_finds_its_own_modules_and_none_of_the_engines(either: Local) -> None:
    script = """
import importlib.util, sys
import options, payloads, program, records, serving
names = ("job", "names", "session", "jsonpath", "answers", "in_order", "batch_transform")
found = [name for name in names if importlib.util.find_spec(name)]
assert not found, found

def model_fn(model_dir):
    return [options.OWN, payloads.OWN, program.OWN, records.OWN, serving.OWN]
def transform_fn(model, body, content_type, accept):
    return str(all(model))
"""
    own = dict.fromkeys(("options", "payloads", "program", "records", "serving"), "OWN = True")
    either.client.create_model(
        ModelName="m",
        ExecutionRoleArn=ROLE,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": artifacts(either, script, **own),
            "Environment": SERVED,
        },
    )
    either.put("5\n", "data/a.csv")
    step = score("m")
    assert succeeded(either, either.run(definition(step))) == {"a.csv.out": "True"}


@pytest.mark.parametrize(
    ("returned", "written"),
    [("b'x'", "x"), ("bytearray(b'x')", "x"), ("('x', accept)", "x"), ("'ü'", "ü")],
)
def test_answers_may_be_text_bytes_or_come_with_their_type(
    local: Local, returned: str, written: str
) -> None:
    run = scored(local, {"a": "1"}, ECHO.replace("return body", f"return {returned}"))
    assert succeeded(local, run) == {"a.out": written}


def test_functions_that_ask_for_a_context_get_none(local: Local) -> None:
    script = """
def model_fn(model_dir, context): return context
def input_fn(body, content_type, context): return body, context
def predict_fn(data, model, context=1): return [*data, model, context]
def output_fn(prediction, accept): return str(prediction)
"""
    run = scored(local, {"a": "1"}, script, **JSON)
    assert succeeded(local, run) == {"a.out": "['1', None, None, 1]"}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("def predict_fn(rows, model): return rows", "inference.py has no model_fn; the one that"),
        (SUM.replace("def predict_fn", "def predict"), "inference.py has no predict_fn; the one"),
        (SUM.replace("def output_fn", "def output"), "inference.py has no output_fn; the one that"),
        (SUM + "def transform_fn(a, b, c, d): pass", "has transform_fn and input_fn, predict_fn"),
        ("import no_such_module", "inference.py: import failed: ModuleNotFoundError: No module"),
        (ECHO.replace("return None", "open('none')"), "model_fn failed: FileNotFoundError"),
        (ECHO.replace("return body", "return [1]"), "inference.py: it answers with list; output_"),
        (ECHO.replace("return body", "raise SystemExit"), "ended before it had answered for a"),
        (ECHO.replace("return body", "raise SystemExit(3)"), "exited with code 3"),
        (ECHO.replace("return body", "import os; os._exit(0)"), "ended before it had answered"),
    ],
)
def test_a_script_that_does_not_serve_says_why(local: Local, script: str, reason: str) -> None:
    assert reason in failed(local, scored(local, {"a": "1"}, script))


@pytest.mark.parametrize("end", ["raise SystemExit", "import os; os._exit(0)"])
@pytest.mark.parametrize("concurrent", [1, 2])
def test_a_script_that_ends_in_the_middle_of_a_file_leaves_no_part_of_it(
    local: Local, end: str, concurrent: int
) -> None:
    script = ECHO.replace("return body", f"if body == '3\\n': {end}\n    return body")
    options = {"BatchStrategy": "SingleRecord", "MaxConcurrentTransforms": concurrent}
    run = scored(local, {"a": "1\n2\n3\n4\n"}, script, **CSV, options=options)
    assert "the model's script ended before it had answered for a" in failed(local, run)


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"Environment": {}}, "the model has no script, and a built-in algorithm's container"),
        ({"Environment": {**SERVED, "SAGEMAKER_PROGRAM": "x"}}, "script x.py is not in /opt/ml"),
        ({"ModelDataUrl": "s3://sagemaker-local/code/text"}, "text cannot be unpacked"),
    ],
)
def test_a_model_that_does_not_serve_says_why(local: Local, members: Json, reason: str) -> None:
    local.put("no archive", "code/text")
    created(local, "m", **members)
    local.put("1\n", "data/a.csv")
    step = score("m", **CSV)
    assert reason in failed(local, local.run(definition(step)))


def test_models_that_are_not_run_say_why(local: Local) -> None:
    local.put("1\n", "data/a.csv")
    two = [container(local, ContainerHostname="a"), container(local, ContainerHostname="b")]
    models: dict[str, Json] = {
        "pair": {"Containers": two},
        "bare": {"PrimaryContainer": {"Image": IMAGE}},
    }
    for name, members in models.items():
        local.client.create_model(ModelName=name, ExecutionRoleArn=ROLE, **members)
    expected = {
        "pair": "the model 'pair' has 2 containers; an inference pipeline is not run locally",
        "bare": "the model 'bare' has no artifacts: its container has no ModelDataUrl",
        "none": "there is no model 'none'; create it, in a Model step or before",
    }
    for name, reason in expected.items():
        step = score(name, **CSV)
        assert reason in failed(local, local.run(definition(step)))


def test_an_input_that_is_not_there_says_so(local: Local) -> None:
    run = scored(local, {}, **CSV)
    assert "There is nothing at s3://sagemaker-local/data" in failed(local, run)


def test_what_parameters_make_wrong_fails_when_it_runs(local: Local) -> None:
    """Combinations are checked again when expressions have their values."""
    target = {"Accept": get("Parameters.Accept"), "AssembleWith": "Line"}
    local.put("1\n", "data/a.csv")
    step = score(
        created(local),
        source=CSV["source"],
        target=target,
        processing={"JoinSource": "Input"},
    )
    text = definition(step, parameters=[parameter("Accept", "String", "text/csv")])
    run = local.run(text, {"Accept": "application/json"})
    reason = "Accept application/json and ContentType text/csv should be the same"
    assert reason in failed(local, run)
    assert succeeded(local, local.run(text)) == {"a.csv.out": "1,10\n"}


def test_stop_ends_it(local: Local) -> None:
    """While the model is at work: it told its process by a file."""
    told = local.root / "pid"
    script = ECHO.replace(
        "return body",
        f"import os, time; open({str(told)!r} + '.new', 'w').write(str(os.getpid()))\n"
        f"    os.rename({str(told)!r} + '.new', {str(told)!r}); time.sleep(600)",
    )
    local.put("1\n", "data/a.csv")
    name = created(local, script=script)
    run = local.start(definition(score(name)))
    until(told.is_file)
    run.stop()
    assert run.wait().status == "Stopped"
    assert run.statuses == {"Score": "Stopped"}
    assert run.job("Score")["TransformJobStatus"] == "Stopped"
    assert outputs(local) == {}
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


# Tells at its end the peak of its memory, which a fork or exec does not inherit, in kB.
PEAK = """
import atexit, re
@atexit.register
def tell():
    print("peak:", re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="Linux tells the peak")
def test_memory_does_not_grow_with_the_input(local: Local) -> None:
    name = created(local, script=SUM + PEAK)
    peaks = []
    for rows in (100_000, 2_000_000):
        uri = local.put(b"12,345\n" * rows, f"data/{rows}.csv")
        run = local.run(definition(transform("Score", name, uri, OUTPUT, **CSV)))
        assert run.status == "Succeeded", run.steps
        peaks.append(int(re.findall(r"peak: (\d+)", local.log(run, "Score"))[0]))
        assert local.bucket.path(f"{OUTPUT}/{rows}.csv.out").stat().st_size == rows * len("3570\n")
    assert peaks[1] <= 1.2 * peaks[0], peaks


def test_the_sdks_transformer_makes_a_step_that_runs(tmp_path: Path, source: Path) -> None:
    """In a process that has no AWS variables and can reach this machine only."""
    seen = seen_by("sdk_transform.py", tmp_path, source)
    assert not (tmp_path / "offline.txt").exists()
    assert set(seen["statuses"].values()) == {"Succeeded"}
    assert {name.split("-")[0] for name in seen["statuses"]} == {"Create", "Score"}
    assert re.fullmatch(r"s3://sagemaker-local/sdk-transform/\w{12}/Score", seen["output"])
    assert seen["scores"] == "a,30\nb,70\n"
